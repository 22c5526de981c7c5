//! What may stand on the command line.

use crate::command;
use clap::{Args, Parser, Subcommand};
pub(crate) use neco_terminal::arguments::{DryRun, Ignored};
use neco_terminal::completion;
use std::path::PathBuf;

/// Command-line interface to control CKE.
///
/// It does not talk to CKE's server but to its etcd, which the server watches.
#[derive(Debug, Parser)]
#[command(
    name = "ckecli",
    version = concat!("version ", env!("CARGO_PKG_VERSION")),
    args_override_self = true,
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = "Exit codes: 0 success, 1 failure, 4 no status is available (`ckecli status`). \
                  `ckecli ssh` and `ckecli scp` end with the code of ssh and scp."
)]
pub(crate) struct Cli {
    /// Configuration file: how to reach CKE's etcd
    #[arg(
        long,
        global = true,
        env = "CKECLI_CONFIG",
        default_value = "/etc/cke/config.yml",
        value_name = "FILE"
    )]
    pub(crate) config: PathBuf,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The sub-commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Control automatic repairs of sabakan's non-healthy machines
    #[command(subcommand, arg_required_else_help = true)]
    AutoRepair(command::auto_repair::AutoRepair),
    Budget(command::freeze::BudgetCommand),
    /// Certificates of authorities
    #[command(subcommand, arg_required_else_help = true)]
    Ca(command::ca::Ca),
    /// The declared cluster
    #[command(subcommand, arg_required_else_help = true)]
    Cluster(command::cluster::ClusterCommand),
    #[command(long_about = completion::help("ckecli"))]
    Completion(completion::Completion),
    /// Constraints that clusters must satisfy
    #[command(subcommand, arg_required_else_help = true)]
    Constraints(command::constraints::ConstraintsCommand),
    Doctor(command::doctor::Doctor),
    /// Control the etcd that CKE manages
    #[command(subcommand, arg_required_else_help = true)]
    Etcd(command::etcd::EtcdCommand),
    Explain(command::explain::Explain),
    Freeze(command::freeze::FreezeCommand),
    History(command::history::History),
    /// List the container images that CKE uses
    Images(Ignored),
    /// Control the Kubernetes that CKE manages
    #[command(subcommand, arg_required_else_help = true)]
    Kubernetes(command::kubernetes::Kubernetes),
    /// Show the host name of the leader
    Leader(Ignored),
    Man(completion::Man),
    Plan(command::plan::PlanCommand),
    /// Control the queue of reboots
    #[command(subcommand, arg_required_else_help = true, alias = "rq")]
    RebootQueue(command::reboot_queue::RebootQueue),
    /// Control the queue of repairs
    #[command(subcommand, arg_required_else_help = true)]
    RepairQueue(command::repair_queue::RepairQueue),
    /// Resources of users, which CKE applies to Kubernetes
    #[command(subcommand, arg_required_else_help = true)]
    Resource(command::resource::Resource),
    /// Control the integration with sabakan
    #[command(subcommand, arg_required_else_help = true)]
    Sabakan(command::sabakan::Sabakan),
    Scp(command::ssh::Scp),
    Ssh(command::ssh::Ssh),
    /// Show what the server is at; ends with 4 where no server leads
    Status(Ignored),
    SupportBundle(command::support_bundle::SupportBundle),
    Thaw(command::freeze::Thaw),
    /// Vault, where keys and certificates come from
    #[command(subcommand, arg_required_else_help = true)]
    Vault(command::vault::VaultCommand),
    Watch(command::watch::Watch),
}

/// How large a value etcd takes.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct RequestLimit {
    /// What CKE's etcd takes in one request, in bytes (its own --max-request-bytes)
    #[arg(long, value_name = "BYTES", default_value_t = cke_model::cluster::DEFAULT_REQUEST_LIMIT)]
    pub(crate) max_request_bytes: usize,
}

/// A truth value in one of the ways that Go takes.
pub(crate) fn go_bool(text: &str) -> Result<bool, String> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err(format!("{text:?} is neither true nor false")),
    }
}
