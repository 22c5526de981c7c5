//! Between the client library's types and ours; here the prefix is put on and taken off.

use etcd_client::KeyValue;

use crate::kv::Kv;

/// A key of etcd as ours; `None` (and a word in the log) for one that we could not name again.
pub(crate) fn kv(prefix: &str, kv: &KeyValue) -> Option<Kv> {
    let Some(key) = relative(prefix, kv.key()) else {
        tracing::warn!(key = %String::from_utf8_lossy(kv.key()), "a key in etcd is not UTF-8: ignored");
        return None;
    };
    Some(Kv {
        key,
        value: kv.value().to_vec(),
        create_revision: kv.create_revision(),
        mod_revision: kv.mod_revision(),
        version: kv.version(),
        lease: kv.lease(),
    })
}

/// All of them that have a name.
pub(crate) fn kvs(prefix: &str, list: &[KeyValue]) -> Vec<Kv> {
    list.iter().filter_map(|item| kv(prefix, item)).collect()
}

/// The key without the prefix.
pub(crate) fn relative(prefix: &str, key: &[u8]) -> Option<String> {
    let rest = key.strip_prefix(prefix.as_bytes())?;
    std::str::from_utf8(rest).ok().map(str::to_owned)
}

/// The first key after all that begin with `prefix`; `"\0"` is etcd's word for "to the end".
pub(crate) fn prefix_end(prefix: &[u8]) -> Vec<u8> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if let Some(next) = last.checked_add(1) {
            end.push(next);
            return end;
        }
    }
    vec![0]
}

/// A range must have a first key: `"\0"` is the lowest.
pub(crate) fn first_key(key: Vec<u8>) -> Vec<u8> {
    if key.is_empty() { vec![0] } else { key }
}
