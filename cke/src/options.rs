//! How `cke` is started: flags for the loop, a file for etcd and for what a site changes.

use anyhow::Context as _;
use cke_model::images::Images;
use clap::{Args, Parser};
use neco_daemon::log::LogArgs;
use neco_etcd::{Config as EtcdConfig, parse_go_duration};
use neco_ssh::Policy;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What every key in etcd begins with.
pub const PREFIX: &str = "/cke/";

/// Builds Kubernetes clusters on nodes and keeps them.
#[derive(Parser, Debug)]
#[command(name = "cke", version, args_override_self = true)]
pub struct Cli {
    /// Flags of the loop.
    #[command(flatten)]
    pub flags: Flags,
    /// Flags of logging.
    #[command(flatten)]
    pub log: LogArgs,
}

/// Flags; durations are Go's (`1m30s`).
#[derive(Args, Debug, Clone)]
pub struct Flags {
    /// Path of the configuration file: where etcd is
    #[arg(long, value_name = "FILE", default_value = "/etc/cke/config.yml")]
    pub config: PathBuf,
    /// Listen address of health, version and metrics
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "0.0.0.0:10180")]
    pub http: SocketAddr,
    /// How often the cluster is checked where nothing happens
    #[arg(long, value_name = "DURATION", default_value = "1m", value_parser = parse_go_duration)]
    pub interval: Duration,
    /// How often expired certificates are removed from Vault
    #[arg(long, value_name = "DURATION", default_value = "1h", value_parser = parse_go_duration)]
    pub certs_gc_interval: Duration,
    /// After how long a leader that is not heard of is replaced
    #[arg(long, value_name = "DURATION", default_value = "60s", value_parser = parse_go_duration)]
    pub session_ttl: Duration,
    /// How many components may be updated at once
    #[arg(long, value_name = "NUMBER", default_value = "10")]
    pub max_concurrent_updates: NonZeroUsize,
    /// How many of the nodes may leave the cluster at once because sabakan has their machines no more, in percent
    #[arg(long, value_name = "PERCENT", default_value = "10", value_parser = clap::value_parser!(u8).range(0..=100))]
    pub max_gone_percent: u8,
    /// Only generate clusters from sabakan's machines, every five seconds, and change nothing on nodes
    #[arg(long, num_args = 0..=1, require_equals = true, default_value = "false", default_missing_value = "true", value_name = "BOOL")]
    pub debug_sabakan: bool,
}

/// The configuration file: the keys of etcd as the original has them, and ours beside.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct File {
    #[serde(flatten)]
    etcd: EtcdConfig,
    images: Images,
    #[serde(rename = "ssh-host-keys")]
    ssh_host_keys: Policy,
}

/// Names that [`File`] knows. Others are ignored as in the original, with a warning.
const KNOWN: [&str; 13] = [
    "endpoints",
    "prefix",
    "timeout",
    "username",
    "password",
    "tls-ca",
    "tls-ca-file",
    "tls-cert",
    "tls-cert-file",
    "tls-key",
    "tls-key-file",
    "images",
    "ssh-host-keys",
];

/// Everything that a run depends on, checked.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where etcd is.
    pub etcd: EtcdConfig,
    /// Listen address.
    pub http: SocketAddr,
    /// How often the cluster is checked.
    pub interval: Duration,
    /// How often expired certificates are removed.
    pub certs_gc_interval: Duration,
    /// Time to live of the leader's lease.
    pub session_ttl: Duration,
    /// Components updated at once.
    pub max_concurrent_updates: usize,
    /// The most of the nodes that may leave at once, in percent.
    pub max_gone_percent: u8,
    /// Whether only the generator runs.
    pub debug_sabakan: bool,
    /// Container images.
    pub images: Images,
    /// Which SSH host keys are taken: `after-boot`, `strict` or `any`.
    pub ssh_host_keys: Policy,
}

impl Settings {
    /// Reads the file that the flags name.
    ///
    /// # Errors
    /// With the place, when it cannot be read or is not as it should be.
    pub fn load(flags: Flags) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(&flags.config)
            .with_context(|| format!("cannot read {}; --config names another", flags.config.display()))?;
        Self::parse(flags, &text)
    }

    fn parse(flags: Flags, text: &str) -> anyhow::Result<Self> {
        let file = parse_file(&flags.config, text)?;
        let etcd = file.etcd.with_default_prefix(PREFIX);
        etcd.timeout().with_context(|| flags.config.display().to_string())?;
        Ok(Self {
            etcd,
            http: flags.http,
            interval: flags.interval,
            certs_gc_interval: flags.certs_gc_interval,
            session_ttl: flags.session_ttl,
            max_concurrent_updates: flags.max_concurrent_updates.get(),
            max_gone_percent: flags.max_gone_percent,
            debug_sabakan: flags.debug_sabakan,
            images: file.images,
            ssh_host_keys: file.ssh_host_keys,
        })
    }
}

fn parse_file(path: &Path, text: &str) -> anyhow::Result<File> {
    if text
        .lines()
        .all(|line| line.trim().is_empty() || line.trim_start().starts_with('#'))
    {
        return Ok(File::default());
    }
    let place = || path.display().to_string();
    let names: BTreeMap<String, serde_json::Value> = serde_saphyr::from_str(text).with_context(place)?;
    for name in names.keys().filter(|name| !KNOWN.contains(&name.as_str())) {
        tracing::warn!(
            file = place(),
            key = name,
            "unknown key in the configuration is ignored"
        );
    }
    serde_saphyr::from_str(text).with_context(place)
}

#[cfg(test)]
mod tests;
