//! Keys and values as etcd gives them, with keys relative to the client's prefix.

/// One key with its value and its place in etcd's history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kv {
    /// The key, without the client's prefix.
    pub key: String,
    /// The value.
    pub value: Vec<u8>,
    /// The revision that created the key.
    pub create_revision: i64,
    /// The revision that wrote it last: what a compare-and-swap guards on.
    pub mod_revision: i64,
    /// How often it was written since its creation, from 1.
    pub version: i64,
    /// The lease that it dies with; 0 is none.
    pub lease: i64,
}

/// Everything under a prefix at one revision.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Snapshot {
    /// The revision that all of it was read at; a watch goes on after it.
    pub revision: i64,
    /// The keys in ascending order.
    pub kvs: Vec<Kv>,
}

/// A part of a range of keys.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Page {
    /// The revision that it was read at; asking for the next page at it gives one consistent view.
    pub revision: i64,
    /// The keys in ascending order.
    pub kvs: Vec<Kv>,
    /// Whether the range holds more keys after these.
    pub more: bool,
}
