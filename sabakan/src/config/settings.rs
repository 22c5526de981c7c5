//! The configuration after it was checked: typed values that the rest of the program takes as they are.

use super::{FileConfig, Listen};
use crate::policy::{Mode, Networks, Rules};
use neco_daemon::http::Limits;
use neco_etcd::Config as EtcdConfig;
use neco_etcd::parse_go_duration;
use sabakan_model::boot_log::Limits as BootLimits;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::time::Duration;

/// What is wrong with the configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The YAML does not parse, or has a key that is not known.
    #[error("the configuration file is not right")]
    Yaml(#[source] Box<serde_saphyr::Error>),
    /// A required key is missing.
    #[error("{0} must be specified")]
    Missing(&'static str),
    /// A value that cannot be used.
    #[error("{key}: {reason}")]
    Value {
        /// The key.
        key: &'static str,
        /// What is wrong.
        reason: String,
    },
}

impl ConfigError {
    pub(super) fn value(key: &'static str, reason: impl std::fmt::Display) -> Self {
        Self::Value {
            key,
            reason: reason.to_string(),
        }
    }
}

/// How the mode of the policy is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum PolicyMode {
    /// Report on an etcd that the original wrote, enforce on a new one.
    Auto,
    /// Only report.
    Report,
    /// Refuse.
    Enforce,
}

/// What is done with the tokens of boots.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum BootTokens {
    /// None are issued.
    Off,
    /// They are issued to machines, and not asked for.
    Issue,
    /// They are issued, and asked for.
    Require,
}

/// The checked configuration.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The API.
    pub http: Listen,
    /// The TLS port.
    pub https: Listen,
    /// The metrics.
    pub metrics: Listen,
    /// The DHCP server.
    pub dhcp_bind: Listen,
    /// The boot loader's file.
    pub ipxe_efi_path: PathBuf,
    /// Where images and assets lie.
    pub data_dir: PathBuf,
    /// This server's URL, as configured.
    pub advertise_url: String,
    /// This server's URL on the TLS port, as configured.
    pub advertise_url_https: String,
    /// Who may do all.
    pub allow: Networks,
    /// Who may read the inventory.
    pub read: Networks,
    /// The other boot servers.
    pub peers: Networks,
    /// Whether firmware is sent to the TLS port.
    pub https_boot: bool,
    /// When a boot counts as stuck, and as a new one.
    pub boot_limits: BootLimits,
    /// The longest wait before a change is pulled.
    pub pull_jitter: Duration,
    /// Serve the playground.
    pub playground: bool,
    /// How the policy's mode is chosen.
    pub policy: PolicyMode,
    /// The policy's settings; its mode is set once etcd has been seen.
    pub rules: Rules,
    /// CA files of operators, peers and machines; empty where there is none.
    pub client_cas: ClientCas,
    /// Tokens of boots.
    pub boot_tokens: BootTokens,
    /// How many requests run at a time.
    pub limits: Limits,
    /// Where etcd is.
    pub etcd: EtcdConfig,
    /// The certificate's file.
    pub server_cert: PathBuf,
    /// The key's file.
    pub server_key: PathBuf,
}

/// Files of the CAs whose certificates name callers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClientCas {
    /// Of operators.
    pub operator: Option<PathBuf>,
    /// Of the other boot servers.
    pub peer: Option<PathBuf>,
    /// Of machines.
    pub machine: Option<PathBuf>,
}

impl Settings {
    /// Checks a configuration.
    ///
    /// # Errors
    /// [`ConfigError`] names the key and what is wrong with its value.
    pub fn validate(config: FileConfig) -> Result<Self, ConfigError> {
        let data_dir = PathBuf::from(&config.data_dir);
        if !data_dir.is_absolute() {
            return Err(ConfigError::value("data-dir", "must be an absolute path"));
        }
        check_identities(&config)?;
        config
            .etcd
            .timeout()
            .map_err(|error| ConfigError::value("etcd timeout", error))?;
        Ok(Self {
            http: Listen::parse("http", &config.http)?,
            https: Listen::parse("https", &config.https)?,
            metrics: Listen::parse("metrics", &config.metrics)?,
            dhcp_bind: Listen::parse("dhcp-bind", &config.dhcp_bind)?,
            ipxe_efi_path: config.ipxe_efi_path.into(),
            data_dir,
            advertise_url: url("advertise-url", config.advertise_url)?,
            advertise_url_https: url("advertise-url-https", config.advertise_url_https)?,
            allow: networks("allow-ips", &config.allow_ips)?,
            read: networks("read-ips", &config.read_ips)?,
            peers: networks("peer-ips", &config.peer_ips)?,
            https_boot: config.https_boot,
            boot_limits: boot_limits(&config.boot_stuck_after)?,
            pull_jitter: parse_go_duration(&config.pull_jitter)
                .map_err(|error| ConfigError::value("pull-jitter", error))?,
            playground: config.enable_playground,
            policy: config.policy,
            rules: Rules {
                mode: Mode::Enforce,
                require_operator_identity: config.require_operator_identity,
                require_peer_identity: config.require_peer_identity,
                require_machine_identity: config.require_machine_identity,
                require_boot_token: config.boot_token == BootTokens::Require,
                open_assets: config.open_assets,
            },
            client_cas: ClientCas {
                operator: file(config.operator_ca),
                peer: file(config.peer_ca),
                machine: file(config.machine_ca),
            },
            boot_tokens: config.boot_token,
            limits: limits(config.limits)?,
            etcd: config.etcd,
            server_cert: config.server_cert.into(),
            server_key: config.server_key.into(),
        })
    }
}

/// Requiring an identity that no CA can give would lock everybody out.
fn check_identities(config: &FileConfig) -> Result<(), ConfigError> {
    let pairs = [
        (
            "require-operator-identity",
            config.require_operator_identity,
            &config.operator_ca,
            "operator-ca",
        ),
        (
            "require-peer-identity",
            config.require_peer_identity,
            &config.peer_ca,
            "peer-ca",
        ),
        (
            "require-machine-identity",
            config.require_machine_identity,
            &config.machine_ca,
            "machine-ca",
        ),
    ];
    for (key, required, ca, ca_key) in pairs {
        if required && ca.is_empty() {
            return Err(ConfigError::value(key, format_args!("needs {ca_key}")));
        }
    }
    Ok(())
}

fn limits(limits: Limits) -> Result<Limits, ConfigError> {
    if [limits.boot, limits.api, limits.search].contains(&0) {
        return Err(ConfigError::value("limits", "each must be above zero"));
    }
    Ok(limits)
}

fn boot_limits(stuck_after: &str) -> Result<BootLimits, ConfigError> {
    let bad = |reason: &dyn std::fmt::Display| ConfigError::value("boot-stuck-after", reason);
    let quiet = parse_go_duration(stuck_after).map_err(|error| bad(&error))?;
    if quiet.is_zero() {
        return Err(bad(&"must be above zero"));
    }
    Ok(BootLimits {
        quiet: quiet.try_into().map_err(|_too_long| bad(&"is too long"))?,
        ..BootLimits::default()
    })
}

fn file(path: String) -> Option<PathBuf> {
    (!path.is_empty()).then(|| path.into())
}

fn networks(key: &'static str, entries: &[String]) -> Result<Networks, ConfigError> {
    let given: Vec<&String> = entries.iter().filter(|entry| !entry.trim().is_empty()).collect();
    Networks::parse(&given).map_err(|error| ConfigError::value(key, error))
}

/// A URL of this server: scheme and host are needed, since scripts and peers' lists are made from it.
fn url(key: &'static str, text: String) -> Result<String, ConfigError> {
    if text.is_empty() {
        return Err(ConfigError::Missing(key));
    }
    let parsed: http::Uri = text.parse().map_err(|error| ConfigError::value(key, error))?;
    let web = matches!(parsed.scheme_str(), Some("http" | "https"));
    if !web || parsed.host().is_none_or(str::is_empty) {
        return Err(ConfigError::value(
            key,
            format_args!("`{text}` is not an http or https URL with a host"),
        ));
    }
    Ok(text)
}
