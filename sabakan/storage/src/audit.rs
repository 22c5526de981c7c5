//! The audit log: who changed what, stored in the transaction of the change.
//!
//! An entry's key is its day, the revision that its change was expected to get (one above the newest that the writer had
//! read), and a number that nobody else has. The revision is exact unless another write slips in between, so what counts is the
//! entry's own: [`dump`] shows it as `rev`. The number keeps apart what begins at the same revision, and keeps the original, which
//! puts its entries unguarded at a revision alone, from writing over ours. The guard that the key be absent makes the entry the
//! change's idempotency token as well: a transaction of which nobody knows whether it happened can be sent again, it happens once.

mod commit;
mod compact;
mod dump;

pub use dump::AuditPage;

use jiff::Timestamp;
use sabakan_model::{AuditCategory, AuditEntry, GoTime, JsonError, to_go_json};

/// Who asks for a change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Actor {
    /// Name of the user, as far as it is known.
    pub user: String,
    /// Address of the caller.
    pub ip: String,
    /// Name of the server that does it.
    pub host: String,
    /// The id that leads from this entry to the log lines of the request.
    pub request_id: String,
}

/// What a change is, before its time and revision are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditDraft {
    /// The kind of thing.
    pub category: AuditCategory,
    /// Its name.
    pub instance: String,
    /// What is done to it.
    pub action: String,
    /// Details in the form of the action.
    pub detail: String,
}

impl AuditDraft {
    /// A draft of these four.
    pub fn new(
        category: AuditCategory,
        instance: impl Into<String>,
        action: impl Into<String>,
        detail: impl Into<String>,
    ) -> Self {
        Self {
            category,
            instance: instance.into(),
            action: action.into(),
            detail: detail.into(),
        }
    }
}

/// The day of an instant in UTC, as keys have it: `YYYYMMDD`.
fn day_of(now: Timestamp) -> String {
    day_name(jiff::tz::Offset::UTC.to_datetime(now).date())
}

fn day_name(date: jiff::civil::Date) -> String {
    format!("{:04}{:02}{:02}", date.year(), date.month(), date.day())
}

/// An entry as stored: the original's nine members, then the id of the request.
fn render(actor: &Actor, draft: &AuditDraft, now: Timestamp, revision: i64) -> Result<Vec<u8>, JsonError> {
    let entry = AuditEntry {
        ts: GoTime::utc(now),
        rev: sabakan_model::json::StringInt(revision),
        user: actor.user.clone(),
        ip: actor.ip.clone(),
        host: actor.host.clone(),
        category: draft.category.clone(),
        instance: draft.instance.clone(),
        action: draft.action.clone(),
        detail: draft.detail.clone(),
        ..Default::default()
    };
    let mut text = to_go_json(&entry)?;
    text.pop();
    text.extend_from_slice(br#","request_id":"#);
    text.extend_from_slice(&to_go_json(&actor.request_id)?);
    text.push(b'}');
    Ok(text)
}
