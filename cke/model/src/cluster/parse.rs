//! Clusters as operators write them.

use super::Cluster;
use crate::names::{CRI_ENDPOINT, volume};
use crate::yaml::{self, YamlError};
use gojson::Strict;
use serde_json::{Map, Value};

impl Cluster {
    /// Reads a declaration in YAML or JSON. Keys that mean nothing are left out and warned of by their places; what is not
    /// said has its documented default. It is not validated.
    ///
    /// # Errors
    /// With the place of what is not YAML or has the wrong type.
    pub fn parse(text: &str) -> Result<(Self, Vec<String>), YamlError> {
        let mut warnings = Vec::new();
        let mut tree = yaml::parse(text, &mut warnings)?;
        if tree.is_null() {
            tree = Value::Object(Map::new());
        }
        set_default(&mut tree, &["options", "etcd", "volume_name"], volume::ETCD);
        set_default(&mut tree, &["options", "kubelet", "cri_endpoint"], CRI_ENDPOINT);
        let mut cluster: Self = yaml::typed(&tree, &mut warnings)?;
        cluster.forget_unknown();
        Ok((cluster, warnings))
    }
}

/// Sets a member that is missing or null; what is no object is left for the reader to refuse.
fn set_default(tree: &mut Value, path: &[&str], value: &str) {
    let (Some((name, rest)), Value::Object(members)) = (path.split_first(), tree) else {
        return;
    };
    let existing = members.keys().find(|key| key.eq_ignore_ascii_case(name)).cloned();
    let member = members
        .entry(existing.unwrap_or_else(|| (*name).to_owned()))
        .or_insert(Value::Null);
    if member.is_null() {
        *member = if rest.is_empty() {
            Value::from(value)
        } else {
            Value::Object(Map::new())
        };
    }
    if !rest.is_empty() {
        set_default(member, rest, value);
    }
}
