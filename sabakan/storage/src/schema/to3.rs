//! From version 2 to 3: a template and its metadata become one value, and file contents become data URLs.

use super::{Version, commit};
use crate::{StorageError, keys};
use neco_etcd::{Etcd, Kv};
use sabakan_model::ignition::Metadata;
use sabakan_model::json::{RawJson, to_go_string};
use sabakan_model::{IgnitionTemplate, decode_stored, to_go_json};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write;

const TEMPLATES: &str = "ignitions/templates/";
const META: &str = "ignitions/meta/";

/// Does all of it, a template a transaction. `false`: another server was at it, look at the version again.
pub(super) async fn convert(etcd: &Etcd, version: &Version) -> Result<bool, StorageError> {
    const OP: &str = "reading templates to convert";
    let templates = etcd.read_prefix(TEMPLATES).await.map_err(StorageError::etcd(OP))?;
    let meta = etcd.read_prefix(META).await.map_err(StorageError::etcd(OP))?;
    let mut meta: BTreeMap<_, _> = meta
        .kvs
        .iter()
        .map(|kv| (kv.key[META.len()..].to_owned(), kv))
        .collect();
    for kv in &templates.kvs {
        let name = &kv.key[TEMPLATES.len()..];
        let meta_kv = meta.remove(name);
        let value = to_go_json(&merged(kv, meta_kv)?).map_err(StorageError::encode)?;
        let mut txn = version.guarded().if_mod_revision(&kv.key, kv.mod_revision);
        txn = txn.put(format!("{}{name}", keys::IGNITIONS), value).delete(&kv.key);
        if let Some(meta_kv) = meta_kv {
            txn = txn
                .if_mod_revision(&meta_kv.key, meta_kv.mod_revision)
                .delete(&meta_kv.key);
        }
        if !commit(etcd, txn).await? {
            return Ok(false);
        }
    }
    let mut txn = version.guarded();
    if !meta.is_empty() {
        tracing::warn!(names = ?meta.keys().collect::<Vec<_>>(), "metadata without a template is dropped");
        txn = txn.delete_prefix(META);
    }
    commit(etcd, txn.put(keys::VERSION, "3")).await
}

fn merged(template: &Kv, meta: Option<&Kv>) -> Result<IgnitionTemplate, StorageError> {
    let unreadable = |kv: &Kv, e: &dyn std::fmt::Display| StorageError::unreadable(&kv.key, e.to_string());
    let mut config: Value = serde_json::from_slice(&template.value).map_err(|e| unreadable(template, &e))?;
    for file in config
        .pointer_mut("/storage/files")
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
    {
        escape_source(file);
    }
    let text = to_go_string(&config).map_err(StorageError::encode)?;
    let meta: Option<Metadata> = match meta {
        Some(kv) => decode_stored(&kv.value).map_err(|e| unreadable(kv, &e))?,
        None => None,
    };
    let template = RawJson::new(text).map_err(|e| unreadable(template, &e))?;
    Ok(IgnitionTemplate {
        version: "2.2".to_owned(),
        template,
        meta,
        ..Default::default()
    })
}

/// Makes the plain text in `contents.source` of a file a data URL.
fn escape_source(file: &mut Value) {
    let Some(file) = file.as_object_mut() else { return };
    let contents = file
        .entry("contents")
        .or_insert_with(|| Value::Object(serde_json::Map::new()));
    if let Some(contents) = contents.as_object_mut() {
        let source = contents.get("source").and_then(Value::as_str).unwrap_or_default();
        contents.insert("source".to_owned(), Value::String(data_url(source)));
    }
}

/// `text` as a data URL: all but RFC 2396's unreserved characters in percent escapes.
fn data_url(text: &str) -> String {
    let mut url = String::from("data:,");
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&byte) {
            url.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(url, "%{byte:02X}");
        }
    }
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contents_become_data_urls() {
        assert_eq!(
            data_url("{{ .Spec.Serial }}\n"),
            "data:,%7B%7B%20.Spec.Serial%20%7D%7D%0A"
        );
        assert_eq!(data_url("寿"), "data:,%E5%AF%BF");
    }
}
