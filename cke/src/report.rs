//! The last plan as the leader stores it for `ckecli explain` and `ckecli watch`: what is done, and what waits for what.
//!
//! It is bounded, for it is written each round: operations by name, targets and steps, without what they carry.

use cke_plan::{Plan, Subject, Wait, WaitReason};
use gojson::GoTime;
use jiff::Timestamp;
use parking_lot::Mutex;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Waits and operations beyond this are only counted.
const MOST: usize = 200;

/// Waits that the log has told of: each is told once, and that it is over.
#[derive(Debug, Default)]
pub(crate) struct Waits(Mutex<BTreeSet<String>>);

impl Waits {
    /// Tells what is new.
    pub(crate) fn tell(&self, plan: &Plan) {
        let now: BTreeSet<String> = plan.waits.iter().map(ToString::to_string).collect();
        let mut told = self.0.lock();
        for words in now.difference(&told) {
            tracing::warn!(phase = %plan.phase, wait = words, "waits");
        }
        for words in told.difference(&now) {
            tracing::info!(phase = %plan.phase, wait = words, "waits no more");
        }
        *told = now;
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
        "waits": [stored(&wait)],
        "more_waits": 0,
    })
}

fn stored(wait: &Wait) -> Value {
    json!({ "subject": wait.subject, "reason": wait.reason, "words": wait.to_string() })
}

/// What is stored.
pub(crate) fn of(plan: &Plan, now: Timestamp) -> Value {
    let operations = plan.operations.iter().take(MOST).map(|operation| {
        let steps: Vec<&str> = operation.steps.iter().map(|step| step.name.as_str()).collect();
        json!({ "name": operation.name, "targets": operation.targets, "steps": steps })
    });
    let waits = plan.waits.iter().take(MOST).map(stored);
    json!({
        "phase": plan.phase,
        "decided_at": GoTime::utc(now).to_string(),
        "operations": operations.collect::<Vec<_>>(),
        "more_operations": plan.operations.len().saturating_sub(MOST),
        "waits": waits.collect::<Vec<_>>(),
        "more_waits": plan.waits.len().saturating_sub(MOST),
    })
}
