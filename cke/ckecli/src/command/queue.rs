//! What the commands of both queues share.

use crate::connect::Connection;
use crate::exit::warn;
use crate::output;
use cke_storage::{Listing, Modified, Queue, QueueEntry, Switch};

pub(super) async fn enable(connection: &Connection, switch: Switch, on: bool) -> anyhow::Result<()> {
    Ok(connection.storage().await?.enable(switch, on).await?)
}

pub(super) async fn is_enabled(connection: &Connection, switch: Switch) -> anyhow::Result<()> {
    let enabled = connection.storage().await?.is_enabled(switch).await?;
    Ok(output::line(&enabled.to_string())?)
}

/// Writes entries as JSON; an empty queue is `null`.
pub(super) fn json<T: QueueEntry>(entries: &[T]) -> anyhow::Result<()> {
    output::json_4(&(!entries.is_empty()).then_some(entries))
}

/// The entries that can be read; the others are named.
pub(super) fn readable<T>(listing: Listing<T>) -> Vec<T> {
    for unreadable in &listing.unreadable {
        warn(&format!("{} cannot be read: {}", unreadable.key, unreadable.reason));
    }
    listing.entries
}

/// Changes all entries that `change` wants to change, and gives them. One that is gone meanwhile is passed over.
pub(super) async fn change_all<T: QueueEntry>(
    queue: &Queue<'_, T>,
    change: impl Fn(&mut T) -> bool,
) -> anyhow::Result<Vec<T>> {
    let mut changed = Vec::new();
    for mut entry in readable(queue.list().await?) {
        let index = entry.index().0;
        if !change(&mut entry) {
            continue;
        }
        if let Modified::Written(entry) = queue.modify(index, &change).await? {
            changed.push(entry);
        }
    }
    Ok(changed)
}

/// A time for people.
pub(super) fn time(time: gojson::GoTime) -> String {
    if time.is_zero() {
        "-".to_owned()
    } else {
        time.strftime("%Y-%m-%dT%H:%M:%SZ")
    }
}
