//! What etcd says of images and assets, in memory: a pure fold over keys and values.
//!
//! A value that does not parse costs that value only: what it said before stays, it is named, and nothing is removed from the
//! disk on its account.

use std::collections::BTreeMap;

use neco_etcd::{Event, Snapshot};
use sabakan_model::{Asset, DeletedImages, ImageIndex, decode_stored};
use serde::{Deserialize, Serialize};

use crate::images::record::Record;

/// The three stretches of keys that are followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    /// `images/`: indices and used-up names.
    Images,
    /// `assets` and `assets/`: the last number given, and each asset.
    Assets,
    /// `neco/files/`: ours.
    Ours,
}

impl Part {
    pub(crate) const ALL: [Self; 3] = [Self::Images, Self::Assets, Self::Ours];

    pub(crate) fn prefix(self) -> &'static str {
        match self {
            Self::Images => "images/",
            Self::Assets => "assets",
            Self::Ours => "neco/files/",
        }
    }
}

/// Images of one operating system.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct OsImages {
    pub(crate) index: ImageIndex,
    pub(crate) deleted: DeletedImages,
    /// The hashes of images, by ID.
    pub(crate) records: BTreeMap<String, Record>,
}

/// All that is known.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct State {
    pub(crate) images: BTreeMap<String, OsImages>,
    pub(crate) assets: BTreeMap<String, Asset>,
    /// The last number that was given to an asset.
    pub(crate) last_asset_id: Option<i64>,
    /// Keys whose values do not parse, with the reason.
    pub(crate) unreadable: BTreeMap<String, String>,
    /// The revision of etcd up to which each part was read in this process; absent while only the copy on the disk is
    /// known.
    pub(crate) revisions: BTreeMap<Part, i64>,
    /// The values as they are, for the copy on the disk.
    raw: BTreeMap<String, String>,
}

/// What the key means.
enum Key<'a> {
    Index(&'a str),
    Deleted(&'a str),
    LastAsset,
    Asset(&'a str),
    Record(&'a str, &'a str),
    Other,
}

fn meaning(key: &str) -> Key<'_> {
    if key == "assets" {
        return Key::LastAsset;
    }
    let parts: Vec<&str> = key.split('/').collect();
    match parts.as_slice() {
        ["images", os] => Key::Index(os),
        ["images", os, "deleted"] => Key::Deleted(os),
        ["assets", name] => Key::Asset(name),
        ["neco", "files", "images", os, id] => Key::Record(os, id),
        _ => Key::Other,
    }
}

impl State {
    /// The revision up to which `part` is known; 0 before etcd was read.
    pub(crate) fn revision(&self, part: Part) -> i64 {
        self.revisions.get(&part).copied().unwrap_or(0)
    }

    /// Whether etcd was read for `part`, so that what is absent there is truly gone.
    pub(crate) fn is_live(&self, part: Part) -> bool {
        self.revisions.contains_key(&part)
    }

    /// Replaces all of a part.
    pub(crate) fn replace(&mut self, part: Part, snapshot: &Snapshot) {
        let now: BTreeMap<&str, &[u8]> = snapshot
            .kvs
            .iter()
            .map(|kv| (kv.key.as_str(), kv.value.as_slice()))
            .collect();
        let prefix = part.prefix();
        let gone: Vec<String> = self
            .known_keys(prefix)
            .into_iter()
            .filter(|key| !now.contains_key(key.as_str()))
            .collect();
        for key in gone {
            self.remove(&key);
        }
        for (key, value) in now {
            self.put(key, value);
        }
        self.revisions.insert(part, snapshot.revision);
    }

    /// Applies changes of a part.
    pub(crate) fn apply(&mut self, part: Part, revision: i64, events: &[Event]) {
        for event in events {
            match event {
                Event::Put(kv) => self.put(&kv.key, &kv.value),
                Event::Delete { key, .. } => self.remove(key),
            }
        }
        self.revisions.insert(part, revision);
    }

    fn known_keys(&self, prefix: &str) -> Vec<String> {
        let both = self.raw.keys().chain(self.unreadable.keys());
        both.filter(|key| key.starts_with(prefix)).cloned().collect()
    }

    pub(crate) fn put(&mut self, key: &str, value: &[u8]) {
        match self.try_put(key, value) {
            Ok(()) => {
                self.unreadable.remove(key);
                self.raw
                    .insert(key.to_owned(), String::from_utf8_lossy(value).into_owned());
            }
            Err(reason) => {
                tracing::error!(key, reason, "a value in etcd cannot be read; what it said before stays");
                self.unreadable.insert(key.to_owned(), reason);
            }
        }
    }

    fn try_put(&mut self, key: &str, value: &[u8]) -> Result<(), String> {
        match meaning(key) {
            Key::Index(os) => self.os(os).index = decode(value)?,
            Key::Deleted(os) => self.os(os).deleted = decode(value)?,
            Key::LastAsset => self.last_asset_id = Some(parse_id(value)?),
            Key::Asset(name) => {
                let asset: Asset = decode(value)?;
                self.assets.insert(name.to_owned(), asset);
            }
            Key::Record(os, id) => {
                let record = Record::decode(value)?;
                self.os(os).records.insert(id.to_owned(), record);
            }
            Key::Other => {}
        }
        Ok(())
    }

    fn remove(&mut self, key: &str) {
        self.raw.remove(key);
        self.unreadable.remove(key);
        match meaning(key) {
            Key::Index(os) => self.os(os).index = ImageIndex::default(),
            Key::Deleted(os) => self.os(os).deleted = DeletedImages::default(),
            Key::LastAsset => self.last_asset_id = None,
            Key::Asset(name) => drop(self.assets.remove(name)),
            Key::Record(os, id) => drop(self.os(os).records.remove(id)),
            Key::Other => {}
        }
    }

    fn os(&mut self, os: &str) -> &mut OsImages {
        self.images.entry(os.to_owned()).or_default()
    }

    /// Whether etcd holds this key.
    pub(crate) fn has_key(&self, key: &str) -> bool {
        self.raw.contains_key(key)
    }

    /// For the copy on the disk.
    pub(crate) fn to_copy(&self) -> Copy {
        Copy {
            version: 1,
            values: self.raw.clone(),
        }
    }

    /// From the copy on the disk.
    pub(crate) fn from_copy(copy: &Copy) -> Self {
        let mut state = Self::default();
        for (key, value) in &copy.values {
            state.put(key, value.as_bytes());
        }
        state
    }
}

/// The copy of the last known state on the disk.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Copy {
    version: u32,
    values: BTreeMap<String, String>,
}

fn decode<T: serde::de::DeserializeOwned>(value: &[u8]) -> Result<T, String> {
    decode_stored(value).map_err(|error| error.to_string())
}

pub(crate) fn parse_id(value: &[u8]) -> Result<i64, String> {
    let text = std::str::from_utf8(value).map_err(|error| error.to_string())?;
    text.parse().map_err(|_| format!("{text:?} is not a number"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    const INDEX: &str = r#"[{"id":"1.0","date":"2026-11-22T16:38:21Z","size":3,"urls":null,"exists":false}]"#;

    #[test]
    fn a_value_that_does_not_parse_costs_that_value_only() {
        let mut state = State::default();
        state.put("images/coreos", INDEX.as_bytes());
        state.put("assets", b"7");
        state.put("images/coreos", b"{broken");
        state.put("assets/x", b"null null");
        assert_eq!(state.images["coreos"].index.0[0].id, "1.0", "what it said before stays");
        assert_eq!(state.last_asset_id, Some(7));
        assert_eq!(
            state.unreadable.keys().collect::<Vec<_>>(),
            ["assets/x", "images/coreos"]
        );
        state.put("images/coreos", b"[]");
        assert!(!state.unreadable.contains_key("images/coreos") && state.images["coreos"].index.0.is_empty());
    }

    #[test]
    fn the_copy_on_the_disk_gives_the_same_state() {
        let mut state = State::default();
        state.put("images/coreos", INDEX.as_bytes());
        state.put("images/coreos/deleted", br#"["0.9"]"#);
        state.put("assets", b"7");
        let text = serde_json::to_vec(&state.to_copy()).unwrap();
        assert_eq!(State::from_copy(&serde_json::from_slice(&text).unwrap()), state);
    }

    #[test]
    fn a_resync_removes_what_is_gone() {
        let mut state = State::default();
        state.put("images/coreos", INDEX.as_bytes());
        state.put("assets", b"7");
        state.put("images/other", b"broken");
        state.replace(
            Part::Images,
            &Snapshot {
                revision: 5,
                kvs: Vec::new(),
            },
        );
        assert!(state.images["coreos"].index.0.is_empty() && state.unreadable.is_empty());
        assert_eq!(
            (
                state.last_asset_id,
                state.revision(Part::Images),
                state.is_live(Part::Assets)
            ),
            (Some(7), 5, false)
        );
    }
}
