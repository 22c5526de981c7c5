//! The task behind a watch: makes streams, one after the other, and hands out what they bring.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, mpsc, watch};

use super::WatchItem;
use super::stream::{Ended, Stream};
use crate::client::Etcd;
use crate::error::Error;

/// Between two tries while etcd is away; doubled up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

pub(super) struct Task {
    etcd: Etcd,
    prefix: String,
    /// Everything up to here was delivered; 0 until a start is known.
    seen: i64,
    history_gone: bool,
    replacements: watch::Receiver<u64>,
    items: mpsc::Sender<Result<WatchItem, Error>>,
    progress: Arc<Notify>,
    /// Rounds since the last item: says how long to pause.
    fruitless: u32,
}

/// Why a round ended.
enum Stop {
    /// The consumer has dropped the watch.
    ConsumerGone,
    /// A request failed before the stream was open.
    Failed(Error),
    /// The stream did.
    Stream(Ended),
}

impl Task {
    pub(super) fn new(
        etcd: Etcd,
        prefix: &str,
        seen: i64,
        items: mpsc::Sender<Result<WatchItem, Error>>,
        progress: Arc<Notify>,
    ) -> Task {
        let replacements = etcd.shared().cluster.replacements();
        Task {
            etcd,
            prefix: prefix.to_owned(),
            seen,
            history_gone: false,
            replacements,
            items,
            progress,
            fruitless: 0,
        }
    }

    pub(super) async fn run(mut self) {
        loop {
            let turn = self.etcd.shared().channel.turn();
            let Err(stop) = self.round().await;
            let told = match stop {
                Stop::ConsumerGone => return,
                Stop::Failed(error) if error.is_unavailable() => {
                    self.log(&error);
                    Ok(())
                }
                Stop::Failed(error) => self.hand_out(Err(error)).await,
                Stop::Stream(ended) => self.after_stream(turn, ended).await,
            };
            if told.is_err() {
                return;
            }
            tokio::time::sleep(self.pause()).await;
        }
    }

    /// One stream from its start to its end.
    async fn round(&mut self) -> Result<std::convert::Infallible, Stop> {
        self.find_start().await?;
        let progress = Arc::clone(&self.progress);
        let mut stream = Stream::open(&self.etcd, &self.prefix, self.seen, progress)
            .await
            .map_err(Stop::Stream)?;
        loop {
            let item = stream.next(&mut self.replacements).await.map_err(Stop::Stream)?;
            let revision = item.revision();
            self.hand_out(Ok(item)).await?;
            self.seen = self.seen.max(revision);
            self.fruitless = 0;
        }
    }

    /// Finds out whether the history after `seen` is still there, and starts anew where it is not.
    async fn find_start(&mut self) -> Result<(), Stop> {
        // Linearizable: it shows every revision that anyone was ever told of, unless history was replaced.
        let now = self.etcd.health().await.map_err(Stop::Failed)?.revision;
        // A closed channel means that the client is gone, and then so are we.
        let replaced = self.replacements.has_changed().unwrap_or(false);
        self.replacements.mark_unchanged();
        if self.history_gone || replaced || now < self.seen {
            let snapshot = self.etcd.read_prefix(&self.prefix).await.map_err(Stop::Failed)?;
            let revision = snapshot.revision;
            tracing::info!(prefix = self.prefix, revision, seen = self.seen, "watch starts anew");
            self.hand_out(Ok(WatchItem::Resync(snapshot))).await?;
            self.seen = revision;
            self.history_gone = false;
        } else if self.seen == 0 {
            self.seen = now;
        }
        Ok(())
    }

    async fn after_stream(&mut self, turn: usize, ended: Ended) -> Result<(), Stop> {
        match ended {
            Ended::HistoryGone => self.history_gone = true,
            Ended::PassedOn => {}
            Ended::Broken(failure) => {
                tracing::debug!(prefix = self.prefix, ?failure, "watch stream broke");
                self.etcd.shared().channel.pass_on(turn);
            }
            Ended::Cancelled(reason) if reason.contains("permission denied") => {
                let op = format!("watch {}{}", self.etcd.prefix(), self.prefix);
                return self.hand_out(Err(Error::PermissionDenied { op })).await;
            }
            Ended::Cancelled(reason) => {
                tracing::debug!(prefix = self.prefix, reason, "etcd cancelled a watch");
                self.etcd.shared().channel.pass_on(turn);
            }
        }
        Ok(())
    }

    async fn hand_out(&self, item: Result<WatchItem, Error>) -> Result<(), Stop> {
        self.items.send(item).await.map_err(|_| Stop::ConsumerGone)
    }

    fn log(&self, error: &Error) {
        // The first failure of an outage is news, the following are not.
        if self.fruitless == 0 {
            let cause = std::error::Error::source(error).map(ToString::to_string);
            tracing::warn!(prefix = self.prefix, %error, cause, "watch waits for etcd");
        }
    }

    /// None after a stream that brought something.
    fn pause(&mut self) -> Duration {
        let rounds = self.fruitless;
        self.fruitless = rounds.saturating_add(1);
        match rounds {
            0 => Duration::ZERO,
            rounds => (FIRST_PAUSE * 2_u32.saturating_pow((rounds - 1).min(8))).min(LONGEST_PAUSE),
        }
    }
}
