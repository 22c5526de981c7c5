//! Subscriptions, an addition: what changes in the inventory, as it changes.

use super::query::search;
use super::types::{MachineObject, MachineParams};
use crate::web::App;
use async_graphql::{Context, ID};
use futures::{Stream, StreamExt as _, stream};
use sabakan_model::Query;
use sabakan_storage::MachineEntry;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use tokio::sync::watch;

/// The root of subscriptions.
#[derive(Debug, Clone, Copy)]
pub struct Subscription;

#[async_graphql::Subscription]
impl Subscription {
    /// Each machine that matches, first as it is and then whenever it has changed. Changes that follow each other faster
    /// than the client reads are told as one.
    async fn machine_changed(
        &self,
        ctx: &Context<'_>,
        serial: Option<ID>,
        #[graphql(default)] having: Option<MachineParams>,
        #[graphql(default)] not_having: Option<MachineParams>,
    ) -> async_graphql::Result<impl Stream<Item = MachineObject> + use<>> {
        let app = super::app(ctx)?;
        let mut query = search(having, not_having);
        query.having.serials.extend(serial.map(|serial| serial.0));
        Ok(changes(app, query))
    }
}

/// What one subscriber has seen and is still to be told.
struct Follower {
    app: Arc<App>,
    query: Query,
    revisions: watch::Receiver<i64>,
    /// Revision told, by serial.
    told: HashMap<String, i64>,
    next: VecDeque<Arc<MachineEntry>>,
}

fn changes(app: Arc<App>, query: Query) -> impl Stream<Item = MachineObject> {
    let mut revisions = app.storage.revisions();
    revisions.mark_changed();
    let follower = Follower {
        app,
        query,
        revisions,
        told: HashMap::new(),
        next: VecDeque::new(),
    };
    stream::unfold(follower, |mut follower| async move {
        let machine = follower.next().await?;
        Some((machine, follower))
    })
    .boxed()
}

impl Follower {
    async fn next(&mut self) -> Option<MachineObject> {
        loop {
            if let Some(entry) = self.next.pop_front() {
                return Some(MachineObject {
                    entry,
                    now: self.app.now(),
                });
            }
            self.revisions.changed().await.ok()?;
            self.look();
        }
    }

    /// Looks at the world again: the event only woke us, and does not say what changed.
    fn look(&mut self) {
        let found = self.app.storage.search(&self.query);
        let mut seen = HashMap::with_capacity(found.len());
        for entry in found {
            let known = self.told.get(entry.serial()) == Some(&entry.revision);
            seen.insert(entry.serial().to_owned(), entry.revision);
            if !known {
                self.next.push_back(entry);
            }
        }
        self.told = seen;
    }
}
