//! One watch stream on one member, for as long as it lives.

use std::sync::Arc;
use std::time::Duration;

use etcd_client::{EventType, WatchOptions, WatchRequestSender, WatchResponse, WatchResponseStream};
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep_until, timeout};

use super::{Event, WatchItem};
use crate::channel::Turn;
use crate::client::Etcd;
use crate::cluster::Header;
use crate::convert;
use crate::failure::Failure;

/// Why a stream ended.
#[derive(Debug)]
pub(super) enum Ended {
    /// The member or the way to it: make another.
    Broken(Failure),
    /// The member's turn is over.
    PassedOn,
    /// The wanted history is gone.
    HistoryGone,
    /// etcd cancelled it and says why.
    Cancelled(String),
}

/// A stream with what is needed to notice that it is dead.
pub(super) struct Stream {
    etcd: Etcd,
    sender: WatchRequestSender,
    responses: WatchResponseStream,
    turns: watch::Receiver<Turn>,
    progress: Arc<Notify>,
    pulse: Pulse,
}

/// When the member is asked for a sign of life, and by when it must have given one.
struct Pulse {
    ask_at: Instant,
    dead_at: Option<Instant>,
    /// The consumer waits to hear how far the watch has come: asked for until it is told.
    wanted: bool,
}

/// While a sign of life is awaited it is asked for this often in the time that the member has: etcd drops the question
/// without a word while the watch is still catching up.
const QUESTIONS: u32 = 20;

impl Stream {
    /// Opens a stream for what comes after `after` under `prefix`.
    pub(super) async fn open(etcd: &Etcd, prefix: &str, after: i64, progress: Arc<Notify>) -> Result<Stream, Ended> {
        let shared = etcd.shared();
        let mut turns = shared.channel.turns();
        turns.mark_unchanged();
        let start = etcd.absolute(prefix);
        let options = WatchOptions::new()
            .with_range(convert::prefix_end(&start))
            .with_start_revision(after.saturating_add(1));
        let mut client = shared.client.watch_client().max_decoding_message_size(1 << 30);
        let opened = timeout(shared.timeout, client.watch(convert::first_key(start), Some(options)));
        let (sender, responses) = match opened.await {
            Ok(Ok(stream)) => stream.split(),
            Ok(Err(error)) => return Err(Ended::Broken(Failure::of(error))),
            Err(_) => return Err(Ended::Broken(Failure::NoAnswer)),
        };
        let pulse = Pulse {
            ask_at: Instant::now(),
            dead_at: None,
            wanted: false,
        };
        let etcd = etcd.clone();
        Ok(Stream {
            etcd,
            sender,
            responses,
            turns,
            progress,
            pulse,
        })
    }

    /// The next item that a consumer wants to see.
    pub(super) async fn next(&mut self, replacements: &mut watch::Receiver<u64>) -> Result<WatchItem, Ended> {
        loop {
            tokio::select! {
                response = self.responses.message() => {
                    let response = match response {
                        Ok(Some(response)) => response,
                        Ok(None) => return Err(broken("the stream ended")),
                        Err(error) => return Err(Ended::Broken(Failure::of(error))),
                    };
                    self.alive(&response);
                    if let Some(item) = self.item(&response)? {
                        return Ok(item);
                    }
                }
                _ = self.turns.changed() => return Err(Ended::PassedOn),
                _ = replacements.changed() => return Err(Ended::HistoryGone),
                () = self.progress.notified() => {
                    self.pulse.wanted = true;
                    self.ask().await?;
                }
                () = sleep_until(self.pulse.ask_at) => self.ask().await?,
            }
        }
    }

    fn interval(&self) -> Duration {
        self.etcd.shared().timeout
    }

    /// Any response is a sign of life; only one without events tells how far the watch has come.
    fn alive(&mut self, response: &WatchResponse) {
        if response.events().is_empty() && !response.created() {
            self.pulse.wanted = false;
        }
        let pause = if self.pulse.wanted {
            self.interval() / QUESTIONS
        } else {
            self.interval()
        };
        self.pulse.ask_at = Instant::now() + pause;
        self.pulse.dead_at = None;
    }

    /// Asks the member how far it has come: a sign of life, and progress for the consumer.
    async fn ask(&mut self) -> Result<(), Ended> {
        let now = Instant::now();
        let dead_at = *self.pulse.dead_at.get_or_insert(now + self.interval());
        if now >= dead_at {
            return Err(Ended::Broken(Failure::NoAnswer));
        }
        self.pulse.ask_at = now + self.interval() / QUESTIONS;
        self.sender
            .request_progress()
            .await
            .map_err(|e| Ended::Broken(Failure::of(e)))
    }

    fn item(&self, response: &WatchResponse) -> Result<Option<WatchItem>, Ended> {
        // A compacted start revision is answered by `created`, then `canceled` with an empty reason, and stays open.
        if response.canceled() {
            return Err(match response.compact_revision() {
                0 => Ended::Cancelled(response.cancel_reason().to_owned()),
                _ => Ended::HistoryGone,
            });
        }
        if response.created() {
            return Ok(None);
        }
        let events: Vec<Event> = response.events().iter().filter_map(|e| self.event(e)).collect();
        // With events, the header's revision may be ahead of what this batch holds.
        let revision = match response.events().last().and_then(|e| e.kv()) {
            Some(kv) => kv.mod_revision(),
            None => Header::of(response.header()).revision,
        };
        Ok(Some(WatchItem::Events { revision, events }))
    }

    fn event(&self, event: &etcd_client::Event) -> Option<Event> {
        let kv = convert::kv(self.etcd.prefix(), event.kv()?)?;
        Some(match event.event_type() {
            EventType::Put => Event::Put(kv),
            EventType::Delete => Event::Delete {
                key: kv.key,
                revision: kv.mod_revision,
            },
        })
    }
}

fn broken(why: &'static str) -> Ended {
    Ended::Broken(Failure::Unknown(why.into()))
}
