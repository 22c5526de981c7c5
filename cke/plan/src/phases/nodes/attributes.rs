//! Labels, annotations and taints of one Node object beside what the cluster declares for it.
//!
//! Names of CKE's own are kept in step in both directions; all others are added and changed, and never removed.

use cke_model::Node;
use cke_model::kubernetes::{KubeNode, Taint};
use cke_model::names::kube::{MASTER, REBOOT};
use cke_model::operation::NodeAttributes;
use std::collections::BTreeMap;

/// The domain of CKE's own names; those below it are CKE's as well.
const CKE_DOMAIN: &str = "cke.cybozu.com";
/// The domain of labels that show a node's role.
const ROLE_DOMAIN: &str = "node-role.kubernetes.io";
/// Roles that are nobody's but CKE's.
const CONTROL_PLANE_ROLES: [&str; 2] = ["master", "control-plane"];
/// The effect of the control planes' own taint.
const MASTER_EFFECT: &str = "PreferNoSchedule";

type Names = BTreeMap<String, String>;

/// Whether the object has all that is declared, and nothing of CKE's beyond it.
pub(super) fn are_current(node: &Node, kube: &KubeNode, taint_control_planes: bool) -> bool {
    names_are_current(node, node.labels.as_ref(), &kube.labels, true)
        && names_are_current(node, node.annotations.as_ref(), &kube.annotations, false)
        && master_label(node, kube)
        && taints_are_current(node, kube)
        && master_taint(node, kube, taint_control_planes)
}

/// What the object is to have, all of it.
pub(super) fn wanted(node: &Node, kube: &KubeNode, taint_control_planes: bool) -> NodeAttributes {
    let mut labels = merged(node, node.labels.as_ref(), &kube.labels);
    if node.control_plane {
        labels.insert(MASTER.to_owned(), "true".to_owned());
    }
    NodeAttributes {
        name: kube.name.clone(),
        labels,
        annotations: merged(node, node.annotations.as_ref(), &kube.annotations),
        taints: taints(node, kube, taint_control_planes),
    }
}

/// Whether a name belongs to CKE on this node.
fn is_internal(name: &str, node: &Node) -> bool {
    // Nearly all names are told apart by the end of their domain; this is asked for every label of every node.
    let Some((domain, role)) = name.split_once('/') else {
        return false;
    };
    if domain == ROLE_DOMAIN {
        let declared = || node.labels.as_ref().is_some_and(|labels| labels.contains_key(name));
        return CONTROL_PLANE_ROLES.contains(&role) || declared();
    }
    let above = domain.strip_suffix(CKE_DOMAIN);
    above.is_some_and(|above| above.is_empty() || above.ends_with('.')) && name != REBOOT
}

fn names_are_current(node: &Node, declared: Option<&Names>, actual: &Names, labels: bool) -> bool {
    let has_all = declared
        .iter()
        .copied()
        .flatten()
        .all(|(name, value)| actual.get(name) == Some(value));
    let is_declared = |name: &String| declared.is_some_and(|declared| declared.contains_key(name));
    // The label of control planes is looked at apart.
    let surplus = |name: &&String| is_internal(name, node) && !is_declared(name) && !(labels && *name == MASTER);
    has_all && !actual.keys().any(|name| surplus(&name))
}

fn master_label(node: &Node, kube: &KubeNode) -> bool {
    let label = kube.labels.get(MASTER).map(String::as_str);
    label == node.control_plane.then_some("true")
}

fn taints_are_current(node: &Node, kube: &KubeNode) -> bool {
    let declared = node.taints.as_deref().unwrap_or_default();
    let has = |taint: &Taint| {
        // Of several with one key the last counts.
        let actual = kube.taints.iter().rev().find(|actual| actual.key == taint.key);
        actual.is_some_and(|actual| actual.value == taint.value && actual.effect == taint.effect)
    };
    let surplus = |taint: &Taint| {
        is_internal(&taint.key, node) && taint.key != MASTER && !declared.iter().any(|wanted| wanted.key == taint.key)
    };
    declared.iter().all(has) && !kube.taints.iter().any(surplus)
}

fn master_taint(node: &Node, kube: &KubeNode, taint_control_planes: bool) -> bool {
    let taint = kube.taints.iter().rev().find(|taint| taint.key == MASTER);
    let effect = taint.map(|taint| taint.effect.as_str());
    effect == (taint_control_planes && node.control_plane).then_some(MASTER_EFFECT)
}

fn merged(node: &Node, declared: Option<&Names>, actual: &Names) -> Names {
    let kept = actual.iter().filter(|(name, _)| !is_internal(name, node));
    let all = kept.chain(declared.into_iter().flatten());
    all.map(|(name, value)| (name.clone(), value.clone())).collect()
}

fn taints(node: &Node, kube: &KubeNode, taint_control_planes: bool) -> Vec<Taint> {
    let declared = node.taints.as_deref().unwrap_or_default();
    let is_declared = |taint: &Taint| declared.iter().any(|wanted| wanted.key == taint.key);
    let kept = kube
        .taints
        .iter()
        .filter(|taint| !is_internal(&taint.key, node) && !is_declared(taint));
    let mut taints: Vec<_> = declared.iter().chain(kept).cloned().collect();
    if taint_control_planes && node.control_plane {
        taints.push(Taint {
            key: MASTER.to_owned(),
            effect: MASTER_EFFECT.to_owned(),
            ..Taint::default()
        });
    }
    taints
}
