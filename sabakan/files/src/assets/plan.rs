//! Changes of assets in etcd, decided over what was read; pure.

use neco_etcd::{Kv, Txn};
use sabakan_model::{Asset, decode_stored, to_go_json};

use crate::{error::FilesError, state::parse_id};

/// The key of the last number given.
pub(super) const LAST: &str = "assets";

pub(super) fn key(name: &str) -> String {
    format!("assets/{name}")
}

/// Takes the next number. It is never given twice, whatever becomes of the upload.
pub(super) fn next_id(last: Option<&Kv>) -> Result<(i64, Txn), FilesError> {
    let (id, revision) = match last {
        Some(kv) => (
            parse_id(&kv.value).map_err(|reason| FilesError::unreadable(LAST, reason))?,
            kv.mod_revision,
        ),
        None => (0, 0),
    };
    let next = id
        .checked_add(1)
        .ok_or_else(|| FilesError::unreadable(LAST, "no number is left"))?;
    Ok((
        next,
        Txn::new().if_mod_revision(LAST, revision).put(LAST, next.to_string()),
    ))
}

/// Stores an asset over what was read; true when the name is new.
pub(super) fn put(asset: &Asset, before: Option<&Kv>) -> Result<(bool, Txn), FilesError> {
    let key = key(&asset.name);
    let value = to_go_json(asset).map_err(FilesError::internal)?;
    let revision = before.map_or(0, |kv| kv.mod_revision);
    Ok((
        before.is_none(),
        Txn::new().if_mod_revision(&key, revision).put(key, value),
    ))
}

/// Removes an asset that exists.
pub(super) fn delete(name: &str) -> Txn {
    Txn::new().if_exists(key(name)).delete(key(name))
}

/// Notes that `url` has the content `id` of the asset too; `None`: nothing to change.
pub(super) fn register(kv: &Kv, id: i64, url: &str) -> Result<Option<Txn>, FilesError> {
    let mut asset: Asset = decode_stored(&kv.value).map_err(|error| FilesError::unreadable(&kv.key, error))?;
    if asset.id.0 != id || !asset.add_url(url) {
        return Ok(None);
    }
    if let Some(urls) = &mut asset.urls {
        urls.sort();
    }
    let value = to_go_json(&asset).map_err(FilesError::internal)?;
    Ok(Some(
        Txn::new().if_mod_revision(&kv.key, kv.mod_revision).put(&kv.key, value),
    ))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

    use super::*;
    use neco_etcd::Op;

    fn kv(key: &str, value: &str) -> Kv {
        Kv {
            key: key.into(),
            value: value.into(),
            create_revision: 3,
            mod_revision: 9,
            version: 2,
            lease: 0,
        }
    }

    #[test]
    fn numbers_are_given_once() {
        let (id, txn) = next_id(None).unwrap();
        assert_eq!(
            (id, txn),
            (1, Txn::new().if_mod_revision("assets", 0).put("assets", "1"))
        );
        let (id, txn) = next_id(Some(&kv("assets", "41"))).unwrap();
        assert_eq!(
            (id, txn),
            (42, Txn::new().if_mod_revision("assets", 9).put("assets", "42"))
        );
        assert!(next_id(Some(&kv("assets", "x"))).is_err());
    }

    #[test]
    fn the_value_is_the_originals_to_the_byte_and_keeps_what_it_does_not_know() {
        let stored = r#"{"name":"a","id":"1","content-type":"text/plain","date":"2026-11-22T16:38:21.37378088Z","size":1,"sha256":"00","urls":["http://b/a"],"exists":false,"options":{"version":"1.0.0"},"new":[1]}"#;
        let txn = register(&kv("assets/a", stored), 1, "http://a/a").unwrap().unwrap();
        let [Op::Put { value, .. }] = txn.then.as_slice() else {
            panic!("{txn:?}")
        };
        let wanted = stored.replace(r#"["http://b/a"]"#, r#"["http://a/a","http://b/a"]"#);
        assert_eq!(String::from_utf8_lossy(value), wanted);
        assert_eq!(
            register(&kv("assets/a", stored), 2, "http://a/a").unwrap(),
            None,
            "replaced meanwhile"
        );
        assert_eq!(
            register(&kv("assets/a", stored), 1, "http://b/a").unwrap(),
            None,
            "known already"
        );
    }
}
