//! How a fleet is named and where it lies: plain data, from which everything of it can be found again.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// The last part of the switch's address, which is also the nodes' gateway.
const SWITCH: u8 = 1;
/// The last part of the boot server's address, unless a fleet has another.
pub(super) const BOOT: u8 = 11;
/// The last part of the first node's address, unless a fleet has another.
pub(super) const FIRST_NODE: u8 = 101;

/// What a node is meant for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Role {
    /// It shall run etcd and the API server.
    ControlPlane,
    /// It shall run pods only.
    Worker,
    /// It shall run what a boot server runs, and no part of a cluster: where a boot server must be a machine too.
    Server,
}

/// One node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeSpec {
    /// The host name, as `cp1`.
    pub name: String,
    /// What it is meant for.
    pub role: Role,
    /// The last part of its address; also the third part of its pods' network.
    pub number: u8,
}

/// The whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layout {
    /// What tells this fleet's namespaces and cgroups from others'.
    pub id: String,
    /// The first three parts of all addresses.
    pub network: String,
    /// The last part of the boot server's address.
    #[serde(default = "boot")]
    pub boot: u8,
    /// Control planes first.
    pub nodes: Vec<NodeSpec>,
}

fn boot() -> u8 {
    BOOT
}

/// Control planes `cp1`, `cp2`, ... and workers `w1`, `w2`, ..., with addresses in this order.
pub(super) fn usual(first_node: u8, control_planes: u8, workers: u8) -> Vec<NodeSpec> {
    let roles = [(Role::ControlPlane, "cp", control_planes), (Role::Worker, "w", workers)];
    let all = roles
        .iter()
        .flat_map(|(role, prefix, count)| (1..=*count).map(move |n| (*role, format!("{prefix}{n}"))));
    all.zip(first_node..)
        .map(|((role, name), number)| NodeSpec { name, role, number })
        .collect()
}

impl Layout {
    pub(super) fn new(id: Option<String>, network: &str, boot: u8, nodes: Vec<NodeSpec>) -> Self {
        Self {
            id: id.unwrap_or_else(|| format!("{:05x}", rand::random_range(0..0x10_0000))),
            network: network.to_owned(),
            boot,
            nodes,
        }
    }

    /// The network namespace of a node, or of `boot` or `switch`.
    #[must_use]
    pub fn namespace(&self, name: &str) -> String {
        format!("nf-{}-{name}", self.id)
    }

    /// The switch's address: what nodes and boot server use as gateway.
    #[must_use]
    pub fn gateway(&self) -> String {
        format!("{}.{SWITCH}", self.network)
    }

    /// The boot server's address.
    #[must_use]
    pub fn boot_address(&self) -> String {
        format!("{}.{}", self.network, self.boot)
    }

    /// A node's address.
    #[must_use]
    pub fn address(&self, node: &NodeSpec) -> String {
        format!("{}.{}", self.network, node.number)
    }

    /// The network of a node's pods, as `10.64.101.0/24`.
    #[must_use]
    pub fn pods(&self, node: &NodeSpec) -> String {
        format!("10.64.{}.0/24", node.number)
    }

    /// The fleet's folder: keys, consoles, disks.
    #[must_use]
    pub fn dir(&self) -> PathBuf {
        fleets().join(&self.id)
    }

    /// A node's folder.
    #[must_use]
    pub fn node_dir(&self, name: &str) -> PathBuf {
        self.dir().join("nodes").join(name)
    }

    /// Where the consoles go when a test fails.
    #[must_use]
    pub fn kept_logs(&self) -> PathBuf {
        std::env::temp_dir().join(format!("fleet-{}", self.id))
    }
}

/// The folder of everything that is built or downloaded for tests.
pub(crate) fn cache() -> PathBuf {
    match std::env::var_os("NECO_CACHE") {
        Some(cache) if !cache.is_empty() => cache.into(),
        _ => PathBuf::from(std::env::var_os("HOME").expect("HOME is set")).join(".cache/neco"),
    }
}

/// Where fleets lie: on the disk of the nodes' seed, from which files are linked.
pub(super) fn fleets() -> PathBuf {
    cache().join("fleets")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn usual_nodes_are_numbered_and_named_ones_are_as_they_are() {
        let usual = Layout::new(None, "10.9.0", BOOT, usual(201, 1, 1));
        assert_eq!(usual.boot_address(), "10.9.0.11");
        let seen: Vec<(&str, String)> = usual
            .nodes
            .iter()
            .map(|node| (node.name.as_str(), usual.address(node)))
            .collect();
        assert_eq!(
            seen,
            [("cp1", "10.9.0.201".to_owned()), ("w1", "10.9.0.202".to_owned())]
        );
        let host = NodeSpec {
            name: "host1".to_owned(),
            role: Role::Server,
            number: 11,
        };
        let named = Layout::new(None, "10.9.0", 2, vec![host]);
        assert_eq!(named.boot_address(), "10.9.0.2");
        assert_eq!(named.address(&named.nodes[0]), "10.9.0.11");
    }

    #[test]
    fn a_fleet_of_before_has_the_usual_boot_server() {
        let layout: Layout = serde_json::from_str(r#"{"id": "a", "network": "10.9.0", "nodes": []}"#).unwrap();
        assert_eq!(layout.boot_address(), "10.9.0.11");
    }
}
