//! What is declared: a cluster on a fleet's nodes, with what these nodes need.

use serde_json::{Value, json};
use testkit::fleet::{Fleet, Role, User};

/// Addresses of services.
pub const SERVICES: &str = "10.68.0.0/16";

/// A cluster of all nodes of a fleet, as a value that is also valid YAML; tests change what they are about.
#[must_use]
pub fn of(fleet: &Fleet, user: User) -> Value {
    let nodes: Vec<Value> = fleet
        .nodes()
        .iter()
        .map(|node| {
            json!({
                "address": node.address(),
                "user": user.name(),
                "control_plane": node.role() == Role::ControlPlane,
            })
        })
        .collect();
    json!({
        "name": "lab",
        "nodes": nodes,
        "service_subnet": SERVICES,
        "reboot": {
            "reboot_command": ["true"],
            "boot_check_command": ["echo", "true"],
            "eviction_timeout_seconds": 30,
            "command_timeout_seconds": 30,
        },
        "options": options(),
    })
}

/// The nodes have cgroups of version 1 and may not raise the size of their table of connections.
fn options() -> Value {
    json!({
        "kubelet": {
            "cri_endpoint": "unix:///run/k8s-containerd.sock",
            "extra_binds": [{
                "source": "/var/lib/k8s-containerd",
                "destination": "/var/lib/k8s-containerd",
                "read_only": false,
            }],
            "in_place_update": true,
            "config": {
                "apiVersion": "kubelet.config.k8s.io/v1beta1",
                "kind": "KubeletConfiguration",
                "failCgroupV1": false,
                "cgroupDriver": "cgroupfs",
                // The disk is the whole machine's: how full it is says nothing about a node, and images must not be collected.
                "evictionHard": {"memory.available": "50Mi"},
                "imageGCHighThresholdPercent": 100,
            },
        },
        "kube-proxy": {
            "config": {
                "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
                "kind": "KubeProxyConfiguration",
                "mode": "iptables",
                "clusterCIDR": "10.64.0.0/16",
                "conntrack": {"maxPerCore": 0},
            },
        },
    })
}
