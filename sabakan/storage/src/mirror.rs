//! Follows etcd: loads the world at one revision, then applies every change after it.
//!
//! One watch over the whole prefix feeds it, because only one watch keeps the order between different keys: that order is
//! what lets a reader see a large registration at once, and what makes "has seen revision N" mean everything up to N.

mod load;

use crate::storage::Inner;
use crate::world::{Change, World};
use neco_etcd::{Event, Kv, Snapshot, Watch, WatchItem};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

pub(crate) use load::load;

/// Between two tries when etcd refuses the watch for a reason that an operator must mend.
const PAUSE: Duration = Duration::from_secs(1);

/// What is known about a value that cannot be read.
pub(crate) type Verdict = (String, Option<String>);

/// Follows etcd until it is cancelled.
pub(crate) async fn follow(inner: Arc<Inner>, mut watch: Watch, stop: CancellationToken) {
    loop {
        let item = tokio::select! {
            () = stop.cancelled() => return,
            item = watch.next() => item,
        };
        match item {
            Ok(WatchItem::Events { revision, events }) => apply_events(&inner, revision, &events),
            Ok(WatchItem::Resync(snapshot)) => replace(&inner, snapshot),
            Err(error) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "following etcd fails, what is known gets old"
                );
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = tokio::time::sleep(PAUSE) => {}
                }
            }
        }
    }
}

fn apply_events(inner: &Inner, revision: i64, events: &[Event]) {
    let decoded: Vec<_> = events.iter().map(decode).collect();
    let site_changed = decoded
        .iter()
        .any(|(_, change)| matches!(change, Change::Ipam(_) | Change::Dhcp(_)));
    let mut world = inner.world.write();
    for (verdict, change) in decoded {
        judge(&mut world, verdict);
        world.apply(change);
    }
    if site_changed {
        inner.site.send_replace(world.site());
    }
    inner.metrics.observe(&world);
    drop(world);
    inner.applied.send_replace(revision);
}

fn replace(inner: &Inner, snapshot: Snapshot) {
    tracing::warn!(
        revision = snapshot.revision,
        keys = snapshot.kvs.len(),
        "history was lost, read everything again"
    );
    let mut world = World::default();
    // Chunks of unfinished registrations come first: they say which machines are hidden.
    let (journal, rest): (Vec<Kv>, Vec<Kv>) = snapshot
        .kvs
        .into_iter()
        .partition(|kv| kv.key.starts_with(crate::keys::REGISTRATIONS));
    for kv in journal.into_iter().chain(rest) {
        absorb(&mut world, &kv);
    }
    let mut place = inner.world.write();
    inner.site.send_replace(world.site());
    inner.metrics.observe(&world);
    let old = std::mem::replace(&mut *place, world);
    drop(place);
    drop(old);
    inner.applied.send_replace(snapshot.revision);
}

/// Takes one key into a world that is not yet shared.
pub(crate) fn absorb(world: &mut World, kv: &Kv) {
    let (verdict, change) = decode_put(kv);
    judge(world, verdict);
    world.apply(change);
}

fn decode(event: &Event) -> (Verdict, Change) {
    match event {
        Event::Put(kv) => decode_put(kv),
        Event::Delete { key, .. } => ((key.clone(), None), Change::deleted(key)),
    }
}

fn decode_put(kv: &Kv) -> (Verdict, Change) {
    match Change::put(kv) {
        Ok(change) => ((kv.key.clone(), None), change),
        Err(reason) => {
            tracing::error!(
                key = kv.key,
                revision = kv.mod_revision,
                reason,
                "a value in etcd cannot be read"
            );
            ((kv.key.clone(), Some(reason)), Change::unreadable(&kv.key))
        }
    }
}

fn judge(world: &mut World, (key, reason): Verdict) {
    match reason {
        Some(reason) => drop(world.unreadable.insert(key, reason)),
        None if world.unreadable.is_empty() => {}
        None => drop(world.unreadable.remove(&key)),
    }
}
