//! The stored form of a range: a JSON object from hardware address to `{"index", "lease"}`.
//!
//! The original reads and writes the same bytes: keys sorted, times in RFC 3339 with as many digits as needed, `null` for
//! a range that was never used. What it never wrote (fields of a later version) is kept as it came.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;

/// One client's entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Index of the address in its range. An index beyond the range is kept and harms nothing.
    pub index: u32,
    /// Until when the address is taken.
    pub until: Timestamp,
    /// The value's JSON, so that an untouched entry is written back to the byte.
    json: Box<str>,
}

impl Entry {
    /// An entry of ours.
    #[must_use]
    pub fn new(index: u32, until: Timestamp) -> Entry {
        Entry {
            index,
            until,
            json: format!(r#"{{"index":{index},"lease":"{until}"}}"#).into(),
        }
    }
}

/// A value that is no map of leases.
#[derive(Debug, thiserror::Error)]
pub enum StoredError {
    /// Not a JSON object of objects.
    #[error("the value is not a map of leases")]
    Json(#[source] serde_json::Error),
    /// The entry of one client has no index or no time.
    #[error("the entry of {client} has no index or no time")]
    Entry {
        /// The hardware address as stored.
        client: String,
        /// What JSON or the time parser said.
        #[source]
        source: serde_json::Error,
    },
}

/// The fields that are read; others ride along in [`Entry::json`].
#[derive(Deserialize)]
struct Fields {
    index: u32,
    lease: Timestamp,
}

/// Reads a stored value.
///
/// # Errors
/// [`StoredError`] names the client whose entry is wrong.
pub fn parse(value: &[u8]) -> Result<BTreeMap<Box<str>, Entry>, StoredError> {
    let raw: Option<BTreeMap<Box<str>, Box<RawValue>>> = serde_json::from_slice(value).map_err(StoredError::Json)?;
    let mut entries = BTreeMap::new();
    for (client, json) in raw.unwrap_or_default() {
        let fields: Fields = serde_json::from_str(json.get()).map_err(|source| StoredError::Entry {
            client: client.to_string(),
            source,
        })?;
        entries.insert(
            client,
            Entry {
                index: fields.index,
                until: fields.lease,
                json: json.get().into(),
            },
        );
    }
    Ok(entries)
}

/// Writes the value. Keys that are hardware addresses need no escapes; any other key goes through JSON's rules.
#[must_use]
pub fn render(entries: &BTreeMap<Box<str>, Entry>) -> String {
    let mut out = String::with_capacity(2 + entries.len() * 88);
    out.push('{');
    for (client, entry) in entries {
        if out.len() > 1 {
            out.push(',');
        }
        if client.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b':') {
            out.push('"');
            out.push_str(client);
            out.push('"');
        } else {
            out.push_str(&serde_json::Value::from(&**client).to_string());
        }
        out.push(':');
        out.push_str(&entry.json);
    }
    out.push('}');
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

    use super::*;

    #[test]
    fn the_originals_value_is_read_and_written_back_to_the_byte() {
        let vectors = std::fs::read_to_string(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../../shared/vectors/sabakan-etcd.json"
        ))
        .unwrap();
        let vectors: serde_json::Value = serde_json::from_str(&vectors).unwrap();
        let pairs = vectors["etcd"].as_array().unwrap();
        let mut seen = 0;
        for pair in pairs {
            if pair["key"].as_str().unwrap().starts_with("/sabakan/lease-usages/") {
                let text = pair["text"].as_str().unwrap();
                let entries = parse(text.as_bytes()).unwrap();
                assert!(!entries.is_empty());
                assert_eq!(render(&entries), text);
                seen += 1;
            }
        }
        assert!(seen > 0);
    }

    #[test]
    fn our_entry_has_the_originals_bytes() {
        let until: Timestamp = "2026-11-22T17:38:21.52286591Z".parse().unwrap();
        let entries = BTreeMap::from([("00:0c:01:02:03:04".into(), Entry::new(3, until))]);
        assert_eq!(
            render(&entries),
            r#"{"00:0c:01:02:03:04":{"index":3,"lease":"2026-11-22T17:38:21.52286591Z"}}"#
        );
    }

    #[test]
    fn null_unknown_fields_and_other_zones_are_understood() {
        assert!(parse(b"null").unwrap().is_empty());
        assert!(parse(b"{}").unwrap().is_empty());
        let text = r#"{"00:0c:01:02:03:04":{"index":1,"lease":"2026-11-23T02:38:21+09:00","later":[1]},"a\"b":{"index":2,"lease":"2026-11-22T17:38:21Z"}}"#;
        let entries = parse(text.as_bytes()).unwrap();
        assert_eq!(
            entries["00:0c:01:02:03:04"].until,
            "2026-11-22T17:38:21Z".parse().unwrap()
        );
        assert_eq!(render(&entries), text);
    }

    #[test]
    fn a_wrong_value_is_named() {
        assert!(matches!(parse(b"[1]"), Err(StoredError::Json(_))));
        let error = parse(br#"{"00:0c:01:02:03:04":{"index":-1,"lease":"2026-11-22T17:38:21Z"}}"#).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the entry of 00:0c:01:02:03:04 has no index or no time"
        );
    }
}
