//! What wakes the loop: the interval, a change of what operators declare, and a change of Kubernetes.
//!
//! An event never says what to do: the loop reads the world again.

use cke_storage::Storage;
use neco_etcd::{Event, Watch, WatchItem};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, Interval, MissedTickBehavior};

/// Keys, below CKE's prefix, whose change wakes the loop. What the leader writes itself is not among them.
const WAKING: [&str; 5] = ["cluster", "constraints", "vault", "neco/frozen", "neco/budget"];
const WAKING_BELOW: [&str; 4] = ["resource/", "sabakan/", "reboots/", "repairs/"];
/// Written by the leader each round.
const OWN: [&str; 2] = ["reboots/running", "cluster-revision"];

/// The next reason to look at the cluster.
#[derive(Debug)]
pub(crate) struct Wake {
    interval: Interval,
    watch: Watch,
}

impl Wake {
    /// Starts to watch from now on.
    pub(crate) async fn start(storage: &Storage, interval: Duration) -> Result<Self, neco_etcd::Error> {
        let etcd = storage.etcd();
        let (_, revision) = etcd.get_with_revision("cluster").await?;
        let mut interval = tokio::time::interval_at(Instant::now() + interval, interval);
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Ok(Self {
            interval,
            watch: etcd.watch("", revision),
        })
    }

    /// Waits for it. `kubernetes` changes with Node objects.
    pub(crate) async fn next(&mut self, kubernetes: Option<watch::Receiver<u64>>) {
        tokio::select! {
            _ = self.interval.tick() => {}
            () = declared(&mut self.watch) => {}
            () = changed(kubernetes) => {}
        }
    }
}

async fn declared(watch: &mut Watch) {
    loop {
        match watch.next().await {
            Ok(WatchItem::Events { events, .. }) if events.iter().any(wakes) => return,
            Ok(WatchItem::Events { .. }) => {}
            Ok(WatchItem::Resync(_)) => return,
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "changes in etcd are not seen; the interval stays"
                );
                std::future::pending::<()>().await;
            }
        }
    }
}

fn wakes(event: &Event) -> bool {
    let key = match event {
        Event::Put(kv) => kv.key.as_str(),
        Event::Delete { key, .. } => key.as_str(),
    };
    !OWN.contains(&key) && (WAKING.contains(&key) || WAKING_BELOW.iter().any(|prefix| key.starts_with(prefix)))
}

async fn changed(kubernetes: Option<watch::Receiver<u64>>) {
    match kubernetes {
        Some(mut changes) => {
            changes.mark_unchanged();
            if changes.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
        None => std::future::pending().await,
    }
}
