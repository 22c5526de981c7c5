//! The DHCP server of sabakan without the rest: for the history checker, for measurements, and for looking at it alone.
//! One argument, a JSON object; see [`Settings`]. It says `ready ADDRESS` on standard output when it serves.
#![allow(clippy::print_stdout, reason = "a command line tool")]

use std::net::SocketAddrV4;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use jiff::SignedDuration;
use neco_etcd::{Config, Etcd};
use sabakan_dhcp::limits::Limits;
use sabakan_dhcp::{Options, Server, Timing};
use sabakan_model::{DhcpConfig, IpamConfig, SiteConfig};
use serde::Deserialize;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

/// The argument.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    bind: SocketAddrV4,
    name: String,
    advertise_url: String,
    etcd: Config,
    ipam: IpamConfig,
    dhcp: DhcpConfig,
    #[serde(default)]
    event_log: Option<PathBuf>,
    #[serde(default)]
    lease_seconds: Option<u32>,
    #[serde(default)]
    least_grace_seconds: Option<i64>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .init();
    let argument = std::env::args()
        .nth(1)
        .context("the settings are missing: one JSON object")?;
    let settings: Settings = serde_json::from_str(&argument).context("the settings")?;
    let etcd = Etcd::lazy(&settings.etcd).await.context("etcd")?;
    let site = SiteConfig {
        ipam: Some(Arc::new(settings.ipam)),
        dhcp: Some(Arc::new(settings.dhcp)),
    };
    let (_site, site) = watch::channel(site);
    let (events, mut received) = mpsc::channel(1000);
    tokio::spawn(async move { while received.recv().await.is_some() {} });
    let timing = Timing {
        lease_seconds: settings.lease_seconds,
        least_grace: settings
            .least_grace_seconds
            .map_or(Timing::default().least_grace, SignedDuration::from_secs),
    };
    let options = Options {
        bind: settings.bind,
        firmware_url: settings.advertise_url.clone(),
        advertise_url: settings.advertise_url,
        name: settings.name,
        event_log: settings.event_log,
        limits: Limits::default(),
        probes: false,
        timing,
    };
    let server = Server::bind(options, etcd, site, events, &prometheus::Registry::new())?;
    println!("ready {}", server.local_addr()?);
    let stop = CancellationToken::new();
    let stopping = stop.clone();
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            stopping.cancel();
        }
    });
    server.run(stop).await;
    Ok(())
}
