//! The command line. Go's style (`-dhcp-bind X`) is taken too: `neco_daemon` rewrites it before clap sees it.

use super::{BootTokens, FileConfig, PolicyMode};
use clap::Args;
use neco_etcd::EtcdArgs;
use std::path::PathBuf;

/// Flags of sabakan. Each is optional: what is not given keeps its default.
#[derive(Args, Debug, Clone, Default)]
pub struct Flags {
    /// Path of the configuration file; with it, all flags but those of logging have no effect
    #[arg(long, value_name = "FILE")]
    pub config_file: Option<PathBuf>,
    /// Listen address of the HTTP API [default: 0.0.0.0:10080]
    #[arg(long, value_name = "HOST:PORT")]
    http: Option<String>,
    /// Listen address of the HTTPS port: disk keys, and boot files for HTTPS boot [default: 0.0.0.0:10443]
    #[arg(long, value_name = "HOST:PORT")]
    https: Option<String>,
    /// Listen address of the metrics [default: 0.0.0.0:10081]
    #[arg(long, value_name = "HOST:PORT")]
    metrics: Option<String>,
    /// Listen address of the DHCP server [default: 0.0.0.0:10067]
    #[arg(long, value_name = "ADDRESS:PORT")]
    dhcp_bind: Option<String>,
    /// Path of ipxe.efi, the boot loader that UEFI HTTP boot loads [default: /usr/lib/ipxe/ipxe.efi]
    #[arg(long, value_name = "FILE")]
    ipxe_efi_path: Option<String>,
    /// Directory of images and assets; an absolute path [default: /var/lib/sabakan]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<String>,
    /// URL of this server, as machines and the other servers reach it; required
    #[arg(long, value_name = "URL")]
    advertise_url: Option<String>,
    /// URL of this server's HTTPS port; required
    #[arg(long, value_name = "URL")]
    advertise_url_https: Option<String>,
    /// Comma-separated addresses and networks that may do all; localhost always may [default: 127.0.0.1,::1]
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    allow_ips: Option<Vec<String>>,
    /// Comma-separated addresses and networks that may read the inventory and run GraphQL queries
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    read_ips: Option<Vec<String>>,
    /// Comma-separated addresses and networks of the other boot servers, where the inventory does not have them
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    peer_ips: Option<Vec<String>>,
    /// Send UEFI firmware to the HTTPS port for ipxe.efi; it must trust the CA of server-cert [default: false]
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    https_boot: Option<bool>,
    /// A boot of which nothing was seen for so long before its end counts as stuck [default: 10m]
    #[arg(long, value_name = "DURATION")]
    boot_stuck_after: Option<String>,
    /// The longest wait before an image or an asset is pulled from another server: servers wait at random, to find each other's copies [default: 30s]
    #[arg(long, value_name = "DURATION")]
    pull_jitter: Option<String>,
    /// Serve the GraphQL playground at /playground
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    enable_playground: Option<bool>,
    /// What to do with requests that the policy refuses and the original let in; `auto` reports on an etcd that the original wrote and enforces on a new one [default: auto]
    #[arg(long, value_enum)]
    policy: Option<PolicyMode>,
    /// Let any host read assets [default: false]
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    open_assets: Option<bool>,
    /// CA certificates of operators: who has one of their certificates may do all on the HTTPS port
    #[arg(long, value_name = "FILE")]
    operator_ca: Option<String>,
    /// CA certificates of boot servers
    #[arg(long, value_name = "FILE")]
    peer_ca: Option<String>,
    /// CA certificates of machines; the common name is the serial
    #[arg(long, value_name = "FILE")]
    machine_ca: Option<String>,
    /// An address of allow-ips is not enough to operate, but for localhost [default: false]
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    require_operator_identity: Option<bool>,
    /// A boot server's address is not enough to read assets as a peer [default: false]
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    require_peer_identity: Option<bool>,
    /// A machine's address is not enough to get its disk keys [default: false]
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    require_machine_identity: Option<bool>,
    /// Tokens that travel from the iPXE script to Ignition and disk keys [default: issue]
    #[arg(long, value_enum)]
    boot_token: Option<BootTokens>,
    /// Path of the TLS certificate [default: /etc/sabakan/server.crt]
    #[arg(long, value_name = "FILE")]
    server_cert: Option<String>,
    /// Path of the TLS key [default: /etc/sabakan/server.key]
    #[arg(long, value_name = "FILE")]
    server_key: Option<String>,
    /// Where etcd is.
    #[command(flatten)]
    etcd: EtcdArgs,
}

impl Flags {
    /// The configuration that these flags give.
    #[must_use]
    pub fn into_config(self) -> FileConfig {
        let mut config = FileConfig::default();
        set(&mut config.http, self.http);
        set(&mut config.https, self.https);
        set(&mut config.metrics, self.metrics);
        set(&mut config.dhcp_bind, self.dhcp_bind);
        set(&mut config.ipxe_efi_path, self.ipxe_efi_path);
        set(&mut config.data_dir, self.data_dir);
        set(&mut config.advertise_url, self.advertise_url);
        set(&mut config.advertise_url_https, self.advertise_url_https);
        set(&mut config.allow_ips, self.allow_ips);
        set(&mut config.read_ips, self.read_ips);
        set(&mut config.peer_ips, self.peer_ips);
        set(&mut config.https_boot, self.https_boot);
        set(&mut config.boot_stuck_after, self.boot_stuck_after);
        set(&mut config.pull_jitter, self.pull_jitter);
        set(&mut config.enable_playground, self.enable_playground);
        set(&mut config.policy, self.policy);
        set(&mut config.open_assets, self.open_assets);
        set(&mut config.operator_ca, self.operator_ca);
        set(&mut config.peer_ca, self.peer_ca);
        set(&mut config.machine_ca, self.machine_ca);
        set(&mut config.require_operator_identity, self.require_operator_identity);
        set(&mut config.require_peer_identity, self.require_peer_identity);
        set(&mut config.require_machine_identity, self.require_machine_identity);
        set(&mut config.boot_token, self.boot_token);
        set(&mut config.server_cert, self.server_cert);
        set(&mut config.server_key, self.server_key);
        config.etcd = self.etcd.apply(config.etcd);
        config
    }
}

fn set<T>(field: &mut T, given: Option<T>) {
    if let Some(value) = given {
        *field = value;
    }
}
