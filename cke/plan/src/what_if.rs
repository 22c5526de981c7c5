//! Rehearsals: what would be planned if some nodes were in another state.
//!
//! A rehearsal is written as `rack=7,state=unreachable` or `node=10.0.0.11,state=bare`. It changes an observation, and
//! nothing else: whatever follows is decided from it as always.

use crate::desired::Desired;
use crate::ledger::ZONE;
use cke_model::observed::{ComponentStatus, EtcdStatus, NodeStatus, ServiceStatus};
use cke_model::{Node, Observed};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Some nodes in another state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WhatIf {
    /// Which nodes.
    pub nodes: Selector,
    /// In which state.
    pub state: State,
}

/// Which nodes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Selector {
    /// `rack=`: those of a rack; `7` is `rack7` as well.
    Rack(String),
    /// `node=`: the one with this address or name.
    Node(String),
    /// `role=`: control planes, or all others.
    ControlPlane(bool),
}

/// States to rehearse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// It does not answer, and nothing on it serves.
    Unreachable,
    /// It has booted: it answers, and no container runs.
    Bare,
    /// Its Node object is not ready.
    NotReady,
    /// Its API server is not healthy.
    ApiServerUnhealthy,
    /// etcd's volumes and container are gone.
    EtcdDataLost,
}

/// The words for states.
const STATES: [(&str, State); 5] = [
    ("unreachable", State::Unreachable),
    ("bare", State::Bare),
    ("not-ready", State::NotReady),
    ("api-server-unhealthy", State::ApiServerUnhealthy),
    ("etcd-data-lost", State::EtcdDataLost),
];

/// Why a rehearsal was not understood, or does not fit the cluster.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WhatIfError {
    /// A part is not of the form `name=value`.
    #[error("{0:?} is not of the form name=value")]
    Form(String),
    /// A name is not known.
    #[error("{0:?} is not known; there are rack, node, role and state")]
    Name(String),
    /// A role is not known.
    #[error("the role {0:?} is not known; there are control-plane and worker")]
    Role(String),
    /// A state is not known.
    #[error("the state {0:?} is not known; there are {known}", known = STATES.map(|(word, _)| word).join(", "))]
    State(String),
    /// A part is missing, or there twice.
    #[error("one of rack, node and role, and one state are needed")]
    Parts,
    /// Nothing in the cluster fits.
    #[error("no node of the cluster fits {0}")]
    NoNode(Selector),
}

impl FromStr for WhatIf {
    type Err = WhatIfError;

    fn from_str(text: &str) -> Result<Self, WhatIfError> {
        let (mut nodes, mut states) = (Vec::new(), Vec::new());
        for part in text.split(',').map(str::trim) {
            let (name, value) = part.split_once('=').ok_or_else(|| WhatIfError::Form(part.to_owned()))?;
            match name {
                "rack" => nodes.push(Selector::Rack(value.to_owned())),
                "node" => nodes.push(Selector::Node(value.to_owned())),
                "role" => nodes.push(Selector::ControlPlane(role(value)?)),
                "state" => states.push(state(value)?),
                other => return Err(WhatIfError::Name(other.to_owned())),
            }
        }
        match (nodes.pop(), states.as_slice()) {
            (Some(selector), [state]) if nodes.is_empty() => Ok(Self {
                nodes: selector,
                state: *state,
            }),
            _ => Err(WhatIfError::Parts),
        }
    }
}

fn role(word: &str) -> Result<bool, WhatIfError> {
    match word {
        "control-plane" => Ok(true),
        "worker" => Ok(false),
        other => Err(WhatIfError::Role(other.to_owned())),
    }
}

fn state(word: &str) -> Result<State, WhatIfError> {
    let known = STATES.iter().find(|(known, _)| *known == word);
    known
        .map(|(_, state)| *state)
        .ok_or_else(|| WhatIfError::State(word.to_owned()))
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rack(rack) => write!(f, "rack={rack}"),
            Self::Node(node) => write!(f, "node={node}"),
            Self::ControlPlane(true) => f.write_str("role=control-plane"),
            Self::ControlPlane(false) => f.write_str("role=worker"),
        }
    }
}

impl fmt::Display for WhatIf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = STATES
            .iter()
            .find(|(_, state)| *state == self.state)
            .map_or("", |(word, _)| word);
        write!(f, "{},state={word}", self.nodes)
    }
}

impl Selector {
    fn fits(&self, node: &Node, observed: &Observed) -> bool {
        match self {
            Self::Node(name) => node.address == *name || node.nodename() == name,
            Self::ControlPlane(is) => node.control_plane == *is,
            Self::Rack(rack) => {
                let declared = node.labels.as_ref().and_then(|labels| labels.get(ZONE));
                let object = || {
                    observed
                        .kubernetes
                        .nodes
                        .iter()
                        .find(|kube| kube.name == node.nodename())
                };
                let zone = declared.or_else(|| object().and_then(|kube| kube.labels.get(ZONE)));
                zone.is_some_and(|zone| zone == rack || zone.strip_prefix("rack") == Some(rack))
            }
        }
    }
}

impl WhatIf {
    /// Puts the nodes into the state, and gives their addresses.
    ///
    /// # Errors
    /// When no node fits.
    pub fn apply(&self, desired: &Desired, observed: &mut Observed) -> Result<Vec<String>, WhatIfError> {
        let nodes: Vec<_> = desired
            .cluster
            .nodes
            .iter()
            .filter(|node| self.nodes.fits(node, observed))
            .collect();
        if nodes.is_empty() {
            return Err(WhatIfError::NoNode(self.nodes.clone()));
        }
        nodes.iter().for_each(|node| self.state.put(node, observed));
        let etcd = &mut observed.etcd;
        let in_sync = etcd
            .members
            .keys()
            .filter(|address| etcd.in_sync.contains(*address))
            .count();
        etcd.healthy &= in_sync > etcd.members.len() / 2;
        Ok(nodes.into_iter().map(|node| node.address.clone()).collect())
    }
}

impl State {
    fn put(self, node: &Node, observed: &mut Observed) {
        let status = observed.nodes.entry(node.address.clone()).or_default();
        match self {
            Self::Unreachable => {
                let unreachable_because = Some("it is a rehearsal".to_owned());
                *status = NodeStatus {
                    unreachable_because,
                    ..NodeStatus::default()
                };
            }
            Self::Bare => stop_all(status),
            Self::ApiServerUnhealthy => status.api_server.healthy = false,
            Self::EtcdDataLost => status.etcd = EtcdStatus::default(),
            Self::NotReady => {}
        }
        if matches!(self, Self::Unreachable | Self::Bare | Self::EtcdDataLost) {
            observed.etcd.in_sync.remove(&node.address);
        }
        if matches!(self, Self::Unreachable | Self::Bare | Self::NotReady) {
            let objects = observed.kubernetes.nodes.iter_mut();
            objects
                .filter(|kube| kube.name == node.nodename())
                .for_each(|kube| kube.ready = false);
        }
    }
}

/// No container runs; volumes and files stay.
fn stop_all(status: &mut NodeStatus) {
    status.ssh_connected = true;
    let components = [
        &mut status.api_server,
        &mut status.controller_manager,
        &mut status.scheduler,
        &mut status.proxy,
        &mut status.kubelet,
    ];
    components
        .into_iter()
        .for_each(|component| *component = ComponentStatus::default());
    let services = [&mut status.rivers, &mut status.etcd_rivers, &mut status.etcd.service];
    services
        .into_iter()
        .for_each(|service| *service = ServiceStatus::default());
}
