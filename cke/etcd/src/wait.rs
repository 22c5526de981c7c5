//! Waiting until the cluster serves.

use std::time::{Duration, Instant};

use etcd_client::Client;

use crate::{ClusterEtcd, Error};

/// As long as the original waits: ten tries, two seconds apart.
const PATIENCE: Duration = Duration::from_secs(20);
/// A cluster that comes up elects its leader in one to two seconds; asking costs next to nothing.
const PAUSE: Duration = Duration::from_millis(100);

impl ClusterEtcd {
    /// Waits until a write would succeed; with `redundant`, until a member could be lost as well.
    ///
    /// # Errors
    /// [`Error::Waited`] after 20 s, with the last reason.
    pub async fn wait_until_serving(&self, redundant: bool) -> Result<(), Error> {
        self.wait_for_at_most(PATIENCE, redundant).await
    }

    /// The same with another limit.
    ///
    /// # Errors
    /// [`Error::Waited`].
    pub async fn wait_for_at_most(&self, patience: Duration, redundant: bool) -> Result<(), Error> {
        let what = if redundant {
            "etcd to be redundant"
        } else {
            "etcd to serve"
        };
        until(what, patience, PAUSE, || async {
            self.revision().await.map_err(|e| say(&e))?;
            if redundant { self.is_redundant().await } else { Ok(()) }
        })
        .await
    }

    /// Whether more than the majority of the end points answer.
    async fn is_redundant(&self) -> Result<(), String> {
        let count = self.endpoints().len();
        let ask = |client: Client| async move { client.maintenance_client().status().await };
        let ask = &ask;
        let looks = self
            .endpoints()
            .iter()
            .map(|e| async move { matches!(self.ask_one(e, ask).await, Ok(Ok(_))) });
        let healthy = futures::future::join_all(looks)
            .await
            .into_iter()
            .filter(|h| *h)
            .count();
        if healthy > count.div_ceil(2) {
            return Ok(());
        }
        Err(format!("{healthy} of {count} members answer, none could be lost"))
    }
}

/// An error with its cause, for a reason that is kept as text.
pub(crate) fn say(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text = format!("{text}: {next}");
        cause = next.source();
    }
    text
}

/// Probes until it holds; the first time at once.
pub(crate) async fn until<F, Fut>(
    what: &'static str,
    patience: Duration,
    pause: Duration,
    mut probe: F,
) -> Result<(), Error>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<(), String>>,
{
    let started = Instant::now();
    loop {
        let Err(reason) = probe().await else {
            return Ok(());
        };
        let after = started.elapsed();
        if after >= patience {
            return Err(Error::Waited { what, after, reason });
        }
        tokio::time::sleep(pause).await;
    }
}
