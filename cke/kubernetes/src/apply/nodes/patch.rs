//! What to change in a Node object, as a merge patch. Pure.
//!
//! An action says all labels, annotations and taints that a node is to have, as they were decided from an observation. The
//! node may have got others since, from its kubelet or from controllers: so only what CKE declares is set, only what CKE
//! owns is taken away, and everything else stays as it is in the object now.

use crate::convert;
use cke_model::Node as Declared;
use cke_model::kubernetes::Taint;
use cke_model::names::kube::{MASTER, REBOOT};
use cke_model::operation::NodeAttributes;
use k8s_openapi::api::core::v1::Node;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

#[cfg(test)]
mod tests;

/// The patch that adds taints, or gives those of the same key and effect their values; none where all are there.
pub(crate) fn with_taints(node: &Node, wanted: &[Taint]) -> Option<Value> {
    let before = taints(node);
    let mut after = before.clone();
    for taint in wanted {
        match after
            .iter_mut()
            .find(|t| t.key == taint.key && t.effect == taint.effect)
        {
            Some(there) => there.value.clone_from(&taint.value),
            None => after.push(taint.clone()),
        }
    }
    (before != after).then(|| json!({"spec": {"taints": after}}))
}

/// The patch that gives the node its attributes; none where it has them.
pub(crate) fn with_attributes(node: &Node, wanted: &NodeAttributes, declared: Option<&Declared>) -> Option<Value> {
    let owner = Owner { declared };
    let metadata = &node.metadata;
    let labels = owner.texts(metadata.labels.as_ref(), &wanted.labels, |n| n.labels.as_ref());
    let annotations = owner.texts(metadata.annotations.as_ref(), &wanted.annotations, |n| {
        n.annotations.as_ref()
    });
    let before = taints(node);
    let after = owner.taints(&before, &wanted.taints);
    if labels.is_empty() && annotations.is_empty() && before == after {
        return None;
    }
    let mut patch = json!({"metadata": {"labels": labels, "annotations": annotations}});
    if before != after {
        patch["spec"] = json!({"taints": after});
    }
    Some(patch)
}

fn taints(node: &Node) -> Vec<Taint> {
    let taints = node.spec.as_ref().and_then(|spec| spec.taints.clone());
    taints.into_iter().flatten().map(convert::taint).collect()
}

/// Knows what belongs to CKE. A node that the cluster does not declare belongs to it wholly.
struct Owner<'a> {
    declared: Option<&'a Declared>,
}

impl Owner<'_> {
    /// Labels and annotations to set, and null for those to take away.
    fn texts(
        &self,
        current: Option<&BTreeMap<String, String>>,
        wanted: &BTreeMap<String, String>,
        of: impl Fn(&Declared) -> Option<&BTreeMap<String, String>>,
    ) -> Map<String, Value> {
        let is_declared = |key: &String| self.declared.is_none_or(|n| of(n).is_some_and(|m| m.contains_key(key)));
        let has = |key: &String| current.and_then(|c| c.get(key));
        let set = wanted
            .iter()
            .filter(|(key, value)| (is_declared(key) || is_internal(key, self.declared)) && has(key) != Some(value));
        let taken = current
            .into_iter()
            .flatten()
            .filter(|(key, _)| is_internal(key, self.declared) && !wanted.contains_key(*key));
        let set = set.map(|(key, value)| (key.clone(), Value::from(value.as_str())));
        set.chain(taken.map(|(key, _)| (key.clone(), Value::Null))).collect()
    }

    /// All taints: those that CKE wants, then what others put there.
    fn taints(&self, current: &[Taint], wanted: &[Taint]) -> Vec<Taint> {
        let declares = |key: &str| {
            self.declared
                .is_none_or(|n| n.taints.iter().flatten().any(|t| t.key == key))
                || is_internal(key, self.declared)
        };
        let own = wanted.iter().filter(|t| declares(&t.key));
        let other = current
            .iter()
            .filter(|t| !is_internal(&t.key, self.declared) && !has_key(wanted, &t.key, &declares));
        own.chain(other).cloned().collect()
    }
}

fn has_key(wanted: &[Taint], key: &str, declares: &impl Fn(&str) -> bool) -> bool {
    declares(key) && wanted.iter().any(|t| t.key == key)
}

/// Whether a label, annotation or taint is CKE's alone, so that it goes when it is not declared any more.
fn is_internal(key: &str, declared: Option<&Declared>) -> bool {
    if key == REBOOT {
        return false;
    }
    let role = || {
        let labels = declared.and_then(|n| n.labels.as_ref());
        key.starts_with("node-role.kubernetes.io/") && labels.is_some_and(|l| l.contains_key(key))
    };
    key == MASTER
        || key.starts_with("cke.cybozu.com/")
        || key.contains(".cke.cybozu.com/")
        || key == "node-role.kubernetes.io/master"
        || key == "node-role.kubernetes.io/control-plane"
        || role()
}
