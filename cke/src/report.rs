//! The last plan as the leader stores it for `ckecli explain` and `ckecli watch`: what is done, and what waits for what since when.
//!
//! It is bounded, for it is written each round: operations by name, targets and steps, without what they carry.

#[cfg(test)]
mod tests;

use cke_plan::{Plan, Subject, Wait, WaitReason, WaitsSince};
use cke_storage::{Storage, StorageError};
use gojson::GoTime;
use jiff::Timestamp;
use neco_etcd::Guard;
use parking_lot::Mutex;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Waits and operations beyond this are only counted.
const MOST: usize = 200;

/// Waits whose beginnings are kept, and how large they may be as JSON: etcd takes 1.5 MiB at once.
const MOST_KEPT: usize = 10_000;
const MOST_BYTES: usize = 512 << 10;

/// Waits of the last round.
#[derive(Debug, Default)]
pub(crate) struct Waits {
    /// What the log has told of: each is told once, and that it is over.
    told: Mutex<BTreeSet<String>>,
    /// Since when they hold, once this leader knows what the last one knew.
    since: Mutex<Option<WaitsSince>>,
}

impl Waits {
    /// Tells what is new.
    pub(crate) fn tell(&self, plan: &Plan) {
        let now: BTreeSet<String> = plan.waits.iter().map(ToString::to_string).collect();
        let mut told = self.told.lock();
        for words in now.difference(&told) {
            tracing::warn!(phase = %plan.phase, wait = words, "waits");
        }
        for words in told.difference(&now) {
            tracing::info!(phase = %plan.phase, wait = words, "waits no more");
        }
        *told = now;
    }

    /// Since when each wait of this plan holds, carried on from the last round or the last leader. It is stored where it has changed.
    pub(crate) async fn since(
        &self,
        storage: &Storage,
        leader: &Guard,
        plan: &Plan,
        now: Timestamp,
    ) -> Result<WaitsSince, StorageError> {
        let known = self.since.lock().clone();
        let before = match &known {
            Some(known) => known.clone(),
            None => last_leaders(storage).await?,
        };
        let since = before.carry(plan, GoTime::utc(whole_seconds(now)));
        if known.as_ref() != Some(&since) {
            storage.put_waits(leader, &bounded(&since)).await?;
        }
        *self.since.lock() = Some(since.clone());
        Ok(since)
    }
}

async fn last_leaders(storage: &Storage) -> Result<WaitsSince, StorageError> {
    match storage.waits().await {
        Ok(stored) => Ok(stored.unwrap_or_default()),
        Err(error) if error.is_unavailable() => Err(error),
        Err(error) => {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "since when things wait is not known any more"
            );
            Ok(WaitsSince::default())
        }
    }
}

/// As people read it, and what is seen in one round is one entry.
fn whole_seconds(now: Timestamp) -> Timestamp {
    Timestamp::from_second(now.as_second()).unwrap_or(now)
}

/// As much of it as may be stored.
fn bounded(since: &WaitsSince) -> WaitsSince {
    let mut most = MOST_KEPT;
    loop {
        let kept = since.longest(most);
        let size = serde_json::to_vec(&kept).map_or(0, |bytes| bytes.len());
        if size <= MOST_BYTES {
            return kept;
        }
        most /= 2;
    }
}

/// What is stored while the cluster cannot be looked at: why, and what to do.
pub(crate) fn not_ready(error: &dyn std::error::Error, now: Timestamp) -> Value {
    let causes = std::iter::successors(Some(error), |error| error.source());
    let because = causes.map(ToString::to_string).collect::<Vec<_>>().join(": ");
    let wait = Wait {
        subject: Subject::Cluster,
        reason: WaitReason::NotReady { because },
    };
    json!({
        "phase": "not-ready",
        "decided_at": GoTime::utc(now).to_string(),
        "operations": [],
        "more_operations": 0,
        "waits": [stored(&wait, None)],
        "more_waits": 0,
    })
}

fn stored(wait: &Wait, since: Option<GoTime>) -> Value {
    json!({ "subject": wait.subject, "reason": wait.reason, "words": wait.to_string(), "since": since })
}

/// What is stored.
pub(crate) fn of(plan: &Plan, since: &WaitsSince, now: Timestamp) -> Value {
    let operations = plan.operations.iter().take(MOST).map(|operation| {
        let steps: Vec<&str> = operation.steps.iter().map(|step| step.name.as_str()).collect();
        json!({ "name": operation.name, "targets": operation.targets, "steps": steps })
    });
    let waits = plan.waits.iter().take(MOST);
    let waits = waits.map(|wait| stored(wait, since.of(wait)));
    json!({
        "phase": plan.phase,
        "decided_at": GoTime::utc(now).to_string(),
        "operations": operations.collect::<Vec<_>>(),
        "more_operations": plan.operations.len().saturating_sub(MOST),
        "waits": waits.collect::<Vec<_>>(),
        "more_waits": plan.waits.len().saturating_sub(MOST),
    })
}
