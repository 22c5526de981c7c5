//! What may stand on the command line.

use crate::args::go_bool;
use crate::command;
use clap::{Args, Parser, Subcommand};
pub(crate) use neco_terminal::arguments::{DryRun, Ignored};
use neco_terminal::completion;
use std::path::PathBuf;
use std::time::Duration;

/// Command-line interface to control sabakan.
#[derive(Debug, Parser)]
#[command(
    name = "sabactl",
    version = concat!("version ", env!("CARGO_PKG_VERSION")),
    args_override_self = true,
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = "Exit codes: 0 success, 1 failure, 2 unknown command, 4 refused by the server (HTTP 4xx), \
                  5 server error (HTTP 5xx), 14 not found (404), 19 conflict (409)."
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) connection: Connection,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// How to reach the server.
#[derive(Debug, Args)]
#[command(next_help_heading = "Connection")]
pub(crate) struct Connection {
    /// URL of the sabakan server
    #[arg(
        long,
        global = true,
        env = "SABAKAN_SERVER",
        default_value = "http://localhost:10080",
        value_name = "URL"
    )]
    pub(crate) server: String,
    /// URL of the sabakan server for disk encryption keys
    #[arg(
        long,
        global = true,
        env = "SABAKAN_TLS_SERVER",
        default_value = "https://localhost:10443",
        value_name = "URL"
    )]
    pub(crate) tls_server: String,
    /// Do not verify the server's certificate
    #[arg(
        long, global = true, default_value = "false", default_missing_value = "true", num_args = 0..=1,
        require_equals = true, hide_default_value = true, hide_possible_values = true, value_parser = go_bool,
        value_name = "BOOL"
    )]
    pub(crate) insecure: bool,
    /// PEM file of certificates that prove the server, besides the system's
    #[arg(long, global = true, env = "SABAKAN_CA", value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,
    /// PEM file of the certificate to show to the server
    #[arg(long, global = true, env = "SABAKAN_CERT", value_name = "FILE", requires = "key")]
    pub(crate) cert: Option<PathBuf>,
    /// PEM file of the key of --cert
    #[arg(long, global = true, env = "SABAKAN_KEY", value_name = "FILE", requires = "cert")]
    pub(crate) key: Option<PathBuf>,
    /// Name for the audit log; the name of the UNIX user by default
    #[arg(long, global = true, env = "SABAKAN_USER", value_name = "NAME")]
    pub(crate) user: Option<String>,
    /// Longest silence of the server, like 30s or 5m
    #[arg(long, global = true, default_value = "2m", value_name = "TIME", value_parser = duration)]
    pub(crate) timeout: Duration,
}

fn duration(text: &str) -> Result<Duration, String> {
    let parsed: jiff::SignedDuration = text.parse().map_err(|e| format!("{e}"))?;
    let positive = Duration::try_from(parsed).ok().filter(|d| !d.is_zero());
    positive.ok_or_else(|| "it must be longer than nothing".into())
}

/// The sub-commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Manage assets
    #[command(subcommand, arg_required_else_help = true)]
    Assets(command::assets::Assets),
    BootLog(command::boot_log::BootLog),
    #[command(long_about = completion::help("sabactl"))]
    Completion(completion::Completion),
    /// Manage disk encryption keys
    #[command(subcommand, arg_required_else_help = true)]
    Crypts(command::crypts::Crypts),
    /// Manage the DHCP configuration
    #[command(subcommand, arg_required_else_help = true)]
    Dhcp(command::site::Dhcp),
    /// Manage ignition templates
    #[command(subcommand, arg_required_else_help = true)]
    Ignitions(command::ignitions::Ignitions),
    /// Manage OS images
    #[command(arg_required_else_help = true)]
    Images(command::images::Images),
    /// Manage the IPAM configuration
    #[command(subcommand, arg_required_else_help = true)]
    Ipam(command::site::Ipam),
    /// Manage kernel parameters
    #[command(arg_required_else_help = true)]
    KernelParams(command::kernel_params::KernelParams),
    #[command(alias = "log")]
    Logs(command::logs::Logs),
    /// Manage machines
    #[command(subcommand, arg_required_else_help = true)]
    Machines(command::machines::Machines),
    Man(completion::Man),
    /// Show the versions of sabactl and of the server
    Version,
}
