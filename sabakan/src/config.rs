//! The configuration: a YAML file or flags, both with the original's names, defaults and meanings.
//!
//! With `--config-file` all flags but those of logging are without effect, as in the original, whose own container image
//! passes both. Unknown keys are refused with their line. [`Settings::validate`] turns either into typed values.

mod flags;
mod listen;
mod sample;
mod settings;
#[cfg(test)]
mod tests;

use neco_daemon::http::Limits;
use neco_etcd::Config as EtcdConfig;
use serde::{Deserialize, Serialize};

pub use flags::Flags;
pub use listen::Listen;
pub use sample::sample;
pub use settings::{BootTokens, ConfigError, PolicyMode, Settings};

/// What every key of sabakan in etcd begins with.
pub const DEFAULT_PREFIX: &str = "/sabakan/";

/// The configuration as the file has it. Keys are the flags' names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct FileConfig {
    /// `host:port` of the API.
    pub http: String,
    /// `host:port` of the TLS port.
    pub https: String,
    /// `host:port` of the metrics.
    pub metrics: String,
    /// `address:port` of the DHCP server.
    pub dhcp_bind: String,
    /// File of the boot loader for UEFI HTTP boot.
    pub ipxe_efi_path: String,
    /// Directory of images and assets; absolute.
    pub data_dir: String,
    /// This server's URL, as machines reach it.
    pub advertise_url: String,
    /// This server's URL on the TLS port.
    pub advertise_url_https: String,
    /// Addresses and networks that may do all.
    pub allow_ips: Vec<String>,
    /// Addresses and networks that may read the inventory.
    pub read_ips: Vec<String>,
    /// Addresses and networks of the other boot servers.
    pub peer_ips: Vec<String>,
    /// Send firmware to the TLS port.
    pub https_boot: bool,
    /// Silence after which an unfinished boot counts as stuck, as a Go duration.
    pub boot_stuck_after: String,
    /// The longest wait before what another server has is pulled, as a Go duration.
    pub pull_jitter: String,
    /// Serve the GraphQL playground.
    pub enable_playground: bool,
    /// `auto`, `report` or `enforce`.
    pub policy: PolicyMode,
    /// Let any host read assets.
    pub open_assets: bool,
    /// File of CA certificates of operators.
    pub operator_ca: String,
    /// File of CA certificates of boot servers.
    pub peer_ca: String,
    /// File of CA certificates of machines.
    pub machine_ca: String,
    /// Addresses of `allow-ips` need an operator's certificate.
    pub require_operator_identity: bool,
    /// Boot servers need a certificate to read assets.
    pub require_peer_identity: bool,
    /// Machines need a certificate for disk keys.
    pub require_machine_identity: bool,
    /// `off`, `issue` or `require`.
    pub boot_token: BootTokens,
    /// How many requests are answered at a time.
    pub limits: Limits,
    /// Where etcd is.
    pub etcd: EtcdConfig,
    /// File of the TLS port's certificate.
    pub server_cert: String,
    /// File of its key.
    pub server_key: String,
}

impl Default for FileConfig {
    fn default() -> Self {
        Self {
            http: "0.0.0.0:10080".into(),
            https: "0.0.0.0:10443".into(),
            metrics: "0.0.0.0:10081".into(),
            dhcp_bind: "0.0.0.0:10067".into(),
            ipxe_efi_path: "/usr/lib/ipxe/ipxe.efi".into(),
            data_dir: "/var/lib/sabakan".into(),
            advertise_url: String::new(),
            advertise_url_https: String::new(),
            allow_ips: vec!["127.0.0.1".into(), "::1".into()],
            read_ips: Vec::new(),
            peer_ips: Vec::new(),
            https_boot: false,
            boot_stuck_after: "10m".into(),
            pull_jitter: "30s".into(),
            enable_playground: false,
            policy: PolicyMode::Auto,
            open_assets: false,
            operator_ca: String::new(),
            peer_ca: String::new(),
            machine_ca: String::new(),
            require_operator_identity: false,
            require_peer_identity: false,
            require_machine_identity: false,
            boot_token: BootTokens::Issue,
            limits: Limits::default(),
            etcd: EtcdConfig::new(DEFAULT_PREFIX),
            server_cert: "/etc/sabakan/server.crt".into(),
            server_key: "/etc/sabakan/server.key".into(),
        }
    }
}

impl FileConfig {
    /// Reads YAML (JSON is YAML). An empty document is the defaults.
    ///
    /// # Errors
    /// With line and column of what is unknown, doubled or of a wrong type.
    pub fn from_yaml(text: &str) -> Result<Self, ConfigError> {
        let significant = |line: &str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
        if !text.lines().any(significant) {
            return Ok(Self::default());
        }
        let mut config: Self = serde_saphyr::from_str(text).map_err(|error| ConfigError::Yaml(Box::new(error)))?;
        config.etcd = config.etcd.with_default_prefix(DEFAULT_PREFIX);
        Ok(config)
    }
}
