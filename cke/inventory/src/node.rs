//! A machine as a node of the cluster.

use crate::machine::{Machine, State};
use cke_model::cluster::Node;
use cke_model::kubernetes::Taint;
use cke_model::names::kube::ROLE;
use gojson::GoTime;
use std::collections::BTreeMap;

/// Key of the taint that shows a machine's state.
pub const STATE_TAINT: &str = "cke.cybozu.com/state";

/// The node for a machine: what the template says, and what the inventory knows. `address` is the machine's first one.
#[must_use]
pub fn machine_to_node(machine: &Machine, address: &str, template: &Node) -> Node {
    let mut taints = template.taints.clone().unwrap_or_default();
    taints.extend(state_taint(&machine.status.state));
    Node {
        address: address.to_owned(),
        user: template.user.clone(),
        control_plane: template.control_plane,
        annotations: Some(annotations(machine, template)),
        labels: Some(labels(machine, template)),
        taints: Some(taints).filter(|taints| !taints.is_empty()),
        ..Node::default()
    }
}

fn annotations(machine: &Machine, template: &Node) -> BTreeMap<String, String> {
    let spec = &machine.spec;
    let mut all = template.annotations.clone().unwrap_or_default();
    all.extend([
        ("cke.cybozu.com/serial".to_owned(), spec.serial.clone()),
        ("cke.cybozu.com/register-date".to_owned(), rfc3339(spec.register_date)),
        ("cke.cybozu.com/retire-date".to_owned(), rfc3339(spec.retire_date)),
    ]);
    all
}

/// Labels of the machine, then those of the template, then those that follow from the machine: the later win.
fn labels(machine: &Machine, template: &Node) -> BTreeMap<String, String> {
    let spec = &machine.spec;
    let own = spec
        .labels
        .iter()
        .map(|label| (format!("sabakan.cke.cybozu.com/{}", label.name), label.value.clone()));
    let mut all: BTreeMap<_, _> = own.collect();
    all.extend(template.labels.clone().unwrap_or_default());
    let month = |date: GoTime| date.strftime("%Y-%m");
    all.extend([
        ("cke.cybozu.com/rack".to_owned(), spec.rack.to_string()),
        (
            "cke.cybozu.com/index-in-rack".to_owned(),
            spec.index_in_rack.to_string(),
        ),
        (ROLE.to_owned(), spec.role.clone()),
        ("cke.cybozu.com/retire-month".to_owned(), month(spec.retire_date)),
        ("cke.cybozu.com/retire-year".to_owned(), year(spec.retire_date)),
        ("cke.cybozu.com/register-month".to_owned(), month(spec.register_date)),
        (format!("node-role.kubernetes.io/{}", spec.role), "true".to_owned()),
        ("topology.kubernetes.io/zone".to_owned(), format!("rack{}", spec.rack)),
    ]);
    if template.control_plane {
        let roles = ["master", "control-plane"];
        all.extend(roles.map(|role| (format!("node-role.kubernetes.io/{role}"), "true".to_owned())));
    }
    all
}

/// RFC 3339 in whole seconds.
fn rfc3339(date: GoTime) -> String {
    let offset = date.offset_minutes();
    let zone = match offset {
        0 => "Z".to_owned(),
        _ => {
            let sign = if offset < 0 { '-' } else { '+' };
            format!("{sign}{:02}:{:02}", offset.abs() / 60, offset.abs() % 60)
        }
    };
    date.strftime("%Y-%m-%dT%H:%M:%S") + &zone
}

/// Without leading zeros.
fn year(date: GoTime) -> String {
    let year = date.strftime("%Y");
    year.parse::<i32>().map_or(year, |number| number.to_string())
}

/// The taint that a node has for its machine's state, if any.
pub(crate) fn state_taint(state: &State) -> Option<Taint> {
    let (value, effect) = match state {
        State::Unreachable => ("unreachable", "NoSchedule"),
        State::Retiring => ("retiring", "NoExecute"),
        State::Retired => ("retired", "NoExecute"),
        _ => return None,
    };
    Some(Taint {
        key: STATE_TAINT.to_owned(),
        value: value.to_owned(),
        effect: effect.to_owned(),
        ..Taint::default()
    })
}

/// Whether a node of the cluster has the taint for its machine's state, and none where there is to be none.
pub(crate) fn has_state_taint(node: &Node, state: &State) -> bool {
    let present = node.taints.iter().flatten().find(|taint| taint.key == STATE_TAINT);
    match (present, state_taint(state)) {
        (None, None) => true,
        (Some(present), Some(wanted)) => present.value == wanted.value && present.effect == wanted.effect,
        _ => false,
    }
}
