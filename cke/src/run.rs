//! The order of start and stop: bind, connect, lead, drain.

use crate::http::Bound;
use crate::integrate;
use crate::lead;
use crate::metrics::Metrics;
use crate::options::Settings;
use anyhow::Context as _;
use cke_storage::Storage;
use neco_daemon::lifecycle::{self, Lifecycle, ServiceError, Services};
use neco_etcd::Etcd;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How long a command on a node may go on after the stop.
const PATIENCE: Duration = Duration::from_secs(30);

/// A loop is one future of many others, which lie on the stack while they are made.
const LEADER_STACK: usize = 16 << 20;

/// The leader's loop has a thread of its own: a decision over thousands of nodes keeps nobody else waiting.
async fn on_own_thread(candidate: lead::Candidate, drain: CancellationToken) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Handle::current();
    let (done, ended) = tokio::sync::oneshot::channel();
    let lead = move || {
        // Nobody listens any more once the drain was given up.
        let _ = done.send(runtime.block_on(candidate.run(drain)));
    };
    std::thread::Builder::new()
        .name("leader".to_owned())
        .stack_size(LEADER_STACK)
        .spawn(lead)?;
    Ok(ended.await.context("the leader's thread ended")??)
}

/// Runs the daemon until its end.
///
/// # Errors
/// What keeps it from starting, or a part that ended before it was asked to.
pub async fn run(settings: Settings, lifecycle: Lifecycle) -> anyhow::Result<()> {
    let bound = Bound::bind(settings.http).await?;
    tracing::info!(address = %bound.address()?, "listening");
    let metrics = Arc::new(Metrics::new()?);
    let drain = lifecycle.drain();
    let etcd = tokio::select! {
        connected = Etcd::connect_when_available(&settings.etcd) => connected.context("connecting to etcd")?,
        () = drain.cancelled() => return Ok(()),
    };
    let mut services = Services::new(&lifecycle);
    let health = etcd.clone();
    services.spawn("http", bound.serve(health, Arc::clone(&metrics), lifecycle.drain()));
    let candidate = lead::Candidate {
        storage: Storage::new(etcd),
        settings,
        metrics,
    };
    if candidate.settings.debug_sabakan {
        services.spawn("generator", integrate::debug(candidate, drain));
    } else {
        services.spawn("leader", on_own_thread(candidate, drain));
    }
    let _watchdog = lifecycle::ready(|| true);
    match services.run(PATIENCE).await {
        Err(late @ ServiceError::NotDrained(..)) => tracing::warn!(error = &late as &dyn std::error::Error, "cut off"),
        ended => ended?,
    }
    Ok(())
}
