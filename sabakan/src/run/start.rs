//! Coming up while etcd may be away: everything at start that asks etcd is tried again until it answers or we are told to
//! stop, with a word in the log each time.

use neco_etcd::{Config, Error, Etcd};
use sabakan_storage::{Storage, StorageError, StorageOptions};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Between two tries.
const PAUSE: Duration = Duration::from_secs(1);

pub(super) async fn connect(config: &Config, stop: &CancellationToken) -> anyhow::Result<Etcd> {
    retry(stop, Error::is_unavailable, || Etcd::connect(config)).await
}

pub(super) async fn open(etcd: &Etcd, options: StorageOptions, stop: &CancellationToken) -> anyhow::Result<Storage> {
    retry(stop, StorageError::is_unavailable, || {
        Storage::open(etcd.clone(), options.clone())
    })
    .await
}

async fn retry<T, E, F>(stop: &CancellationToken, passes: fn(&E) -> bool, attempt: impl Fn() -> F) -> anyhow::Result<T>
where
    E: std::error::Error + Send + Sync + 'static,
    F: Future<Output = Result<T, E>>,
{
    loop {
        match attempt().await {
            Err(error) if passes(&error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "etcd does not answer; trying again"
                );
            }
            done => return Ok(done?),
        }
        tokio::select! {
            () = stop.cancelled() => anyhow::bail!("stopped before etcd answered"),
            () = tokio::time::sleep(PAUSE) => {}
        }
    }
}
