//! Rules of nodes.

use super::{Invalid, Purpose, kube_names};
use crate::cluster::Node;
use crate::kubernetes::Taint;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// What the annotations of an object may take together, in bytes.
const MAX_ANNOTATIONS: usize = 256 * 1024;

pub(super) fn check(nodes: &[Node], purpose: Purpose) -> Result<(), Invalid> {
    let mut addresses = BTreeSet::new();
    for (at, node) in nodes.iter().enumerate() {
        let place = format!("nodes[{at}]");
        check_node(node, purpose, &place)?;
        if purpose == Purpose::Cluster && !addresses.insert(&node.address) {
            let problem = format!("duplicate node address: {}", node.address);
            return Err(Invalid::new(format!("{place}.address"), problem));
        }
    }
    Ok(())
}

fn check_node(node: &Node, purpose: Purpose, place: &str) -> Result<(), Invalid> {
    let address = &node.address;
    let problem = match purpose {
        Purpose::Template => (!address.is_empty()).then(|| format!("address is not empty in a template: {address}")),
        Purpose::Cluster => address
            .parse::<IpAddr>()
            .is_err()
            .then(|| format!("invalid IP address: {address:?}")),
    };
    if let Some(problem) = problem {
        return Err(Invalid::new(format!("{place}.address"), problem));
    }
    if node.user.is_empty() {
        return Err(Invalid::new(format!("{place}.user"), "user name is empty"));
    }
    check_labels(node.labels.as_ref(), &format!("{place}.labels"))?;
    check_annotations(node.annotations.as_ref(), &format!("{place}.annotations"))?;
    check_taints(node.taints.as_deref().unwrap_or_default(), &format!("{place}.taints"))
}

fn check_labels(labels: Option<&BTreeMap<String, String>>, place: &str) -> Result<(), Invalid> {
    for (name, value) in labels.into_iter().flatten() {
        kube_names::qualified_name(name).map_err(|problem| Invalid::new(place, problem))?;
        kube_names::label_value(value).map_err(|problem| Invalid::new(format!("{place}.{name}"), problem))?;
    }
    Ok(())
}

fn check_annotations(annotations: Option<&BTreeMap<String, String>>, place: &str) -> Result<(), Invalid> {
    let mut size = 0;
    for (name, value) in annotations.into_iter().flatten() {
        kube_names::qualified_name(&name.to_lowercase()).map_err(|problem| Invalid::new(place, problem))?;
        size += name.len() + value.len();
    }
    if size > MAX_ANNOTATIONS {
        return Err(Invalid::new(
            place,
            format!("{size} bytes, more than {MAX_ANNOTATIONS}"),
        ));
    }
    Ok(())
}

pub(super) fn check_taints(taints: &[Taint], place: &str) -> Result<(), Invalid> {
    let named = |at: usize, member: &str, problem| Invalid::new(format!("{place}[{at}].{member}"), problem);
    for (at, taint) in taints.iter().enumerate() {
        kube_names::qualified_name(&taint.key).map_err(|problem| named(at, "key", problem))?;
        kube_names::label_value(&taint.value).map_err(|problem| named(at, "value", problem))?;
        if !["NoSchedule", "PreferNoSchedule", "NoExecute"].contains(&taint.effect.as_str()) {
            let problem = format!("{:?} is none of NoSchedule, PreferNoSchedule, NoExecute", taint.effect);
            return Err(named(at, "effect", problem));
        }
    }
    Ok(())
}

pub(super) fn check_tolerations(keys: &[String]) -> Result<(), Invalid> {
    for (at, key) in keys.iter().enumerate() {
        let place = format!("control_plane_tolerations[{at}]");
        kube_names::qualified_name(key).map_err(|problem| Invalid::new(place, problem))?;
    }
    Ok(())
}
