//! Whether anything is there twice, or left over: containers, volumes, members of etcd, Node objects, operations that nobody ends.

use std::process::Command;

use serde_json::Value;
use testkit::etcd::tool;
use testkit::fleet::Node;

use crate::site::Site;

/// What runs on a control plane alone.
const CONTROL_PLANE: [&str; 5] = [
    "etcd",
    "etcd-rivers",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
];
/// What runs on every node.
const EVERYWHERE: [&str; 3] = ["kube-proxy", "kubelet", "rivers"];
const VOLUMES: [&str; 2] = ["etcd-added-member", "etcd-cke"];

impl Site {
    /// Looks at the nodes with these names, the only control planes, and at the workers; there may be no other Node objects.
    ///
    /// # Panics
    /// When something is missing or left over.
    pub fn check_that_nothing_is_doubled(&self, control_planes: &[&str], workers: &[&str]) {
        for name in control_planes {
            check_node(self.fleet.node(name).expect("a node"), &CONTROL_PLANE, &VOLUMES);
        }
        for name in workers {
            check_node(self.fleet.node(name).expect("a node"), &[], &[]);
        }
        let addresses = |names: &[&str]| {
            let mut addresses: Vec<String> = names
                .iter()
                .map(|name| self.fleet.node(name).expect("a node").address())
                .collect();
            addresses.sort();
            addresses
        };
        assert_eq!(
            self.members(control_planes[0]),
            addresses(control_planes),
            "members of etcd"
        );
        let (mut nodes, others) = self.ready_nodes().expect("the API server answers");
        nodes.sort();
        let all = [control_planes, workers].concat();
        assert_eq!((nodes, others), (addresses(&all), Vec::new()), "Node objects");
        for record in self.history() {
            let ended = ["completed", "cancelled"].iter().any(|word| record["status"] == *word);
            assert!(ended, "nobody ends {record}");
        }
    }

    /// The members of the cluster's etcd, as one of them has them.
    ///
    /// # Panics
    /// When it does not answer.
    #[must_use]
    pub fn members(&self, control_plane: &str) -> Vec<String> {
        let credentials = self.ckecli_json(&["etcd", "root-issue"]);
        let file = |name: &str, key: &str| self.write(name, credentials[key].as_str().expect("a text in PEM"));
        let address = self.fleet.node(control_plane).expect("a node").address();
        let output = Command::new(tool("etcdctl"))
            .arg(format!("--endpoints=https://{address}:2379"))
            .arg(format!("--cacert={}", file("etcd-ca.crt", "ca_certificate")))
            .arg(format!("--cert={}", file("etcd-root.crt", "certificate")))
            .arg(format!("--key={}", file("etcd-root.key", "private_key")))
            .args(["member", "list", "--write-out=json"])
            .output()
            .expect("run etcdctl");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let listed: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let members = listed["members"].as_array().expect("members").iter();
        let mut names: Vec<String> = members
            .map(|member| member["name"].as_str().unwrap_or_default().to_owned())
            .collect();
        names.sort();
        names
    }
}

fn check_node(node: &Node, more: &[&str], volumes: &[&str]) {
    let lines = |script: &str| -> Vec<String> {
        let said = node.ssh(script).expect("a node answers");
        said.lines().map(str::to_owned).collect()
    };
    let mut wanted: Vec<&str> = EVERYWHERE.iter().chain(more).copied().collect();
    wanted.sort_unstable();
    let containers = lines("docker ps --all --format \"{{.Names}} {{.State}}\" | sort");
    let running: Vec<String> = wanted.iter().map(|name| format!("{name} running")).collect();
    assert_eq!(containers, running, "containers of {}", node.name());
    let found = lines("docker volume ls --quiet --filter name=etcd | sort");
    assert_eq!(found, volumes, "volumes of {}", node.name());
}
