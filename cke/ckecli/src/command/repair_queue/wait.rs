//! `ckecli repair-queue wait`

use crate::connect::Connection;
use crate::output;
use anyhow::bail;
use cke_storage::Storage;
use clap::Args;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// Wait until the queue is empty.
#[derive(Debug, Args)]
pub(crate) struct Wait {
    /// Seconds to wait; 0 looks once
    #[arg(long, default_value_t = 30, value_name = "SECONDS")]
    timeout_seconds: u32,
    /// Seconds between looks
    #[arg(long, default_value_t = 1, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..))]
    interval_seconds: u32,
}

impl Wait {
    pub(super) async fn run(self, connection: &Connection) -> anyhow::Result<()> {
        let storage = connection.storage().await?;
        let timeout = Duration::from_secs(self.timeout_seconds.into());
        let interval = Duration::from_secs(self.interval_seconds.into());
        let deadline = Instant::now() + timeout;
        while !is_empty(&storage).await? {
            if timeout.is_zero() {
                bail!("repair queue is not empty");
            }
            let next = Instant::now() + interval;
            sleep_until(next.min(deadline)).await;
            if next > deadline {
                bail!("timed out waiting for repair queue to become empty after {timeout:?}");
            }
        }
        Ok(output::line("repair queue is empty")?)
    }
}

/// Also entries that cannot be read are entries.
async fn is_empty(storage: &Storage) -> anyhow::Result<bool> {
    let listing = storage.repairs().list().await?;
    let count = listing.entries.len() + listing.unreadable.len();
    if count > 0 {
        output::line(&format!("repair queue entries: {count}"))?;
    }
    Ok(count == 0)
}
