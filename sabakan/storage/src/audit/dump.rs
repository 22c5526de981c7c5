//! Reading the audit log, page by page at one revision.

use super::day_name;
use crate::{Storage, StorageError, keys};
use jiff::civil::Date;
use neco_etcd::{Error as EtcdError, Kv};
use sabakan_model::{AuditEntry, decode_stored, json::StringInt, to_go_json};

/// Entries read at once. They are small, but a registration lists all its serials.
const PAGE: i64 = 500;

/// A walk through the audit log, oldest entry first.
#[derive(Debug, Clone)]
pub struct AuditPage {
    storage: Storage,
    from: String,
    until: String,
    /// The revision that all pages are read at; 0 before the first.
    revision: i64,
    done: bool,
}

impl Storage {
    /// Begins a walk over the entries from the day `since` to the day before `until`, in UTC.
    #[must_use]
    pub fn audit_log(&self, since: Option<Date>, until: Option<Date>) -> AuditPage {
        let day = |date: Date| keys::audit_day(&day_name(date));
        AuditPage {
            storage: self.clone(),
            from: since.map_or_else(|| keys::AUDIT.to_owned(), day),
            // '0' follows '/': the end of everything below the prefix.
            until: until.map_or_else(|| "audit0".to_owned(), day),
            revision: 0,
            done: false,
        }
    }
}

impl AuditPage {
    /// The next entries, each a line of JSON with its newline; `None` at the end.
    ///
    /// # Errors
    /// When etcd is away.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, StorageError> {
        if self.done || self.from >= self.until {
            return Ok(None);
        }
        let etcd = self.storage.etcd();
        let page = match etcd.read_range(&self.from, &self.until, PAGE, self.revision).await {
            // A slow reader outlived its revision. Entries are only added at the end and removed at the beginning, so the
            // walk goes on at a newer one without losing any.
            Err(EtcdError::Compacted { .. }) => etcd.read_range(&self.from, &self.until, PAGE, 0).await,
            other => other,
        };
        let page = page.map_err(StorageError::etcd("reading the audit log"))?;
        self.revision = page.revision;
        self.done = !page.more;
        let Some(last) = page.kvs.last() else { return Ok(None) };
        // The smallest key after the last one.
        self.from = format!("{}\0", last.key);
        let mut lines = Vec::new();
        for kv in &page.kvs {
            lines.extend_from_slice(&shown(kv));
            lines.push(b'\n');
        }
        Ok(Some(lines))
    }
}

/// An entry as it is shown: `rev` is the revision of its change.
///
/// Entries of ours, known by their `request_id`, stand at the revision of their change. Those of the original were written
/// after it, and hold it.
fn shown(kv: &Kv) -> Vec<u8> {
    let Ok(mut entry) = decode_stored::<AuditEntry>(&kv.value) else {
        return kv.value.clone();
    };
    if !kv.value.ends_with(b"\"}") || !has_request_id(&kv.value) || entry.rev.0 == kv.mod_revision {
        return kv.value.clone();
    }
    entry.rev = StringInt(kv.mod_revision);
    to_go_json(&entry).unwrap_or_else(|_| kv.value.clone())
}

fn has_request_id(value: &[u8]) -> bool {
    serde_json::from_slice::<std::collections::BTreeMap<&str, &serde_json::value::RawValue>>(value)
        .is_ok_and(|members| members.contains_key("request_id"))
}
