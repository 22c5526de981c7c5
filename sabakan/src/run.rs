//! The order of start and stop: validate, bind, connect, load, run, drain.

mod listen;
mod serve;
mod start;

use crate::boot::{self, BootRecorder};
use crate::config::{BootTokens, PolicyMode, Settings};
use crate::graphql;
use crate::ignition::Renderer;
use crate::policy::{self, Mode};
use crate::token;
use crate::web::metrics::WebMetrics;
use crate::web::{App, origin_of};
use anyhow::Context as _;
use listen::Bound;
use neco_daemon::http::Places;
use neco_daemon::lifecycle::{self, Lifecycle, ServiceError, Services};
use neco_daemon::metrics::ProcessCollector;
use neco_etcd::Etcd;
use prometheus::Registry;
use sabakan_dhcp::Server as Dhcp;
use sabakan_files::{Files, PeerTls};
use sabakan_model::BootEvent;
use sabakan_model::boot_log::Limits;
use sabakan_storage::{Storage, StorageOptions};
use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// Names the file of `sabakan-cryptsetup`; without it, the file beside this program.
const CRYPTSETUP_ENV: &str = "SABAKAN_CRYPTSETUP";

/// How long what is under way may go on after the stop; a kernel on a slow line needs some.
const PATIENCE: Duration = Duration::from_secs(30);

/// Runs the server until its end.
///
/// # Errors
/// What keeps it from starting, or a part that ended before it was asked to.
pub async fn run(settings: Settings, lifecycle: Lifecycle) -> anyhow::Result<()> {
    let bound = Bound::bind(&settings).await?;
    let stop = lifecycle.drain();
    let etcd = start::connect(&settings.etcd, &stop).await?;
    let mode = mode(&settings, &etcd)
        .await
        .context("reading the policy's mode from etcd")?;
    let storage = start::open(&etcd, StorageOptions::default(), &stop).await?;
    let parts = Parts::open(&settings, &bound, etcd, storage)?;
    let app = app(settings, mode, &parts).await?;
    let mut services = Services::new(&lifecycle);
    parts.spawn(app.settings.boot_limits, &mut services, &lifecycle)?;
    bound.spawn(&app, &mut services, &lifecycle)?;
    tracing::info!(machines = app.storage.machine_count(), "serving");
    let _watchdog = lifecycle::ready(|| true);
    match services.run(PATIENCE).await {
        // Who was still being sent something was cut off; the stop itself was asked for.
        Err(late @ ServiceError::NotDrained(..)) => tracing::warn!(error = &late as &dyn std::error::Error, "cut off"),
        ended => ended?,
    }
    Ok(())
}

/// A part that cannot fail, as a service.
async fn endless(part: impl Future<Output = ()>) -> Result<(), Infallible> {
    part.await;
    Ok(())
}

/// What runs beside the web side.
struct Parts {
    storage: Storage,
    files: Files,
    dhcp: Dhcp,
    registry: Registry,
    events: mpsc::Sender<BootEvent>,
    queue: mpsc::Receiver<BootEvent>,
}

impl Parts {
    fn open(settings: &Settings, bound: &Bound, etcd: Etcd, storage: Storage) -> anyhow::Result<Self> {
        let registry = Registry::new();
        registry.register(Box::new(ProcessCollector::new()?))?;
        storage.register_metrics(&registry)?;
        let (events, queue) = mpsc::channel(boot::QUEUE);
        let options = files_options(settings);
        let files =
            Files::open(options, etcd.clone(), storage.clone(), &registry).context("opening the data directory")?;
        let options = dhcp_options(settings, bound);
        let dhcp = Dhcp::bind(options, etcd, storage.site(), events.clone(), &registry)?;
        Ok(Self {
            storage,
            files,
            dhcp,
            registry,
            events,
            queue,
        })
    }

    fn spawn(self, limits: Limits, services: &mut Services, lifecycle: &Lifecycle) -> Result<(), prometheus::Error> {
        let stop = || lifecycle.drain();
        let (storage, files, dhcp) = (
            self.storage.clone().run(stop()),
            self.files.run(stop()),
            self.dhcp.run(stop()),
        );
        let collector = boot::collector(self.queue, self.storage, limits, &self.registry, stop())?;
        services.spawn("storage", endless(storage));
        services.spawn("files", endless(files));
        services.spawn("dhcp", endless(dhcp));
        services.spawn("boot log", endless(collector));
        Ok(())
    }
}

fn files_options(settings: &Settings) -> sabakan_files::Options {
    let mut options = sabakan_files::Options::new(settings.data_dir.clone(), origin_of(&settings.advertise_url));
    options.jitter = settings.pull_jitter;
    options.peer_tls = settings.client_cas.peer.clone().map(|ca| PeerTls {
        // Boot servers are set up alike: the others' port is the one that this server advertises.
        port: port_of(&settings.advertise_url_https),
        ca,
        certificate: settings.server_cert.clone(),
        key: settings.server_key.clone(),
    });
    options
}

fn port_of(https_url: &str) -> u16 {
    let url = https_url.parse::<axum::http::Uri>().ok();
    url.and_then(|url| url.port_u16()).unwrap_or(443)
}

fn dhcp_options(settings: &Settings, bound: &Bound) -> sabakan_dhcp::Options {
    sabakan_dhcp::Options {
        bind: bound.dhcp,
        advertise_url: origin_of(&settings.advertise_url),
        firmware_url: origin_of(if settings.https_boot {
            &settings.advertise_url_https
        } else {
            &settings.advertise_url
        }),
        name: hostname(),
        event_log: None,
        limits: sabakan_dhcp::limits::Limits::default(),
        probes: true,
        timing: sabakan_dhcp::Timing::default(),
    }
}

async fn mode(settings: &Settings, etcd: &Etcd) -> Result<Mode, neco_etcd::Error> {
    // The stored decision is made in any case, so that a later `auto` does not depend on when it is asked.
    let stored = policy::mode::settle(etcd).await?;
    let mode = match settings.policy {
        PolicyMode::Auto => stored,
        PolicyMode::Report => Mode::Report,
        PolicyMode::Enforce => Mode::Enforce,
    };
    if mode == Mode::Report {
        tracing::warn!("the policy only reports what it would refuse; set `policy: enforce` once the log is quiet");
    }
    Ok(mode)
}

async fn app(settings: Settings, mode: Mode, parts: &Parts) -> anyhow::Result<Arc<App>> {
    let signer = match settings.boot_tokens {
        BootTokens::Off => None,
        BootTokens::Issue | BootTokens::Require => Some(token::store::load(parts.storage.etcd()).await?),
    };
    let hostname = hostname();
    let metrics = WebMetrics::new(&parts.registry)?;
    let places = Places::new("sabakan", settings.limits, &parts.registry)?;
    let boot = BootRecorder::new(hostname.clone(), parts.events.clone(), &parts.registry)?;
    let rules = policy::Rules { mode, ..settings.rules };
    Ok(Arc::new_cyclic(|weak| App {
        graphql: graphql::schema(weak.clone()),
        renderer: Renderer::new(&settings.advertise_url, &settings.advertise_url_https),
        files: parts.files.clone(),
        storage: parts.storage.clone(),
        registry: parts.registry.clone(),
        cryptsetup: cryptsetup(),
        settings,
        rules,
        metrics,
        places,
        boot,
        signer,
        hostname,
    }))
}

fn hostname() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    name.trim().to_owned()
}

/// The file of `sabakan-cryptsetup`, where there is one.
fn cryptsetup() -> Option<PathBuf> {
    if let Some(path) = std::env::var_os(CRYPTSETUP_ENV).filter(|path| !path.is_empty()) {
        return Some(path.into());
    }
    let program = std::env::current_exe().ok()?;
    Some(program.parent()?.join("sabakan-cryptsetup"))
}
