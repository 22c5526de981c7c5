//! What must not change when another `cke` takes a cluster over: containers, keys and certificates on nodes, pods, records.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::site::Site;

/// Containers of docker by name, with their ids and when they were started.
const CONTAINERS: &str = "docker ps --all --quiet --no-trunc | xargs -r docker inspect -f \
                          \"{{.Name}} {{.Id}} {{.State.StartedAt}} {{.RestartCount}}\" | sort";
/// Every file that `cke` wrote, with a checksum.
const FILES: &str = "find /etc/kubernetes /etc/etcd /etc/cni /etc/rivers /etc/unbound -type f 2>/dev/null \
                     | sort | xargs -r sha256sum";

/// A picture of a cluster, one line a thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture(BTreeMap<String, Vec<String>>);

impl Picture {
    /// Looks at all nodes and at the API server.
    ///
    /// # Panics
    /// When a node or the API server does not answer.
    #[must_use]
    pub fn take(site: &Site) -> Picture {
        let mut picture = BTreeMap::new();
        for node in site.fleet.nodes() {
            for (what, script) in [("containers", CONTAINERS), ("files", FILES)] {
                let lines = lines(&node.ssh(script).expect("a node answers"));
                assert!(!lines.is_empty(), "{} has no {what}", node.name());
                picture.insert(format!("{what} of {}", node.name()), lines);
            }
        }
        picture.insert("pods".to_owned(), pods(site));
        let records = site.history();
        picture.insert("records".to_owned(), records.iter().map(Value::to_string).collect());
        Picture(picture)
    }

    /// How many things it shows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.values().map(Vec::len).sum()
    }

    /// Whether it shows nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What a later picture shows otherwise.
    #[must_use]
    pub fn differences(&self, later: &Picture) -> Vec<String> {
        let mut differences = Vec::new();
        for (what, before) in &self.0 {
            let after = later.0.get(what).map_or(&[][..], Vec::as_slice);
            let gone = before.iter().filter(|line| !after.contains(line));
            differences.extend(gone.map(|line| format!("{what}: - {line}")));
            let new = after.iter().filter(|line| !before.contains(line));
            differences.extend(new.map(|line| format!("{what}: + {line}")));
        }
        differences
    }
}

fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::to_owned).collect()
}

/// Pods with their ids and how often their containers were started; objects with their generations.
fn pods(site: &Site) -> Vec<String> {
    let pods = "jsonpath={range .items[*]}{.metadata.name} {.metadata.uid} \
                {.status.containerStatuses[*].restartCount}{\"\\n\"}{end}";
    let objects =
        "jsonpath={range .items[*]}{.kind}/{.metadata.name} {.metadata.uid} {.metadata.generation}{\"\\n\"}{end}";
    let nodes = "jsonpath={range .items[*]}{.metadata.name} {.metadata.uid} {.spec} {.metadata.labels}{\"\\n\"}{end}";
    let kinds = "deployments,daemonsets,services,configmaps,serviceaccounts";
    let mut all = Vec::new();
    for arguments in [
        ["get", "pods", "-A", "-o", pods],
        ["get", kinds, "-A", "-o", objects],
        [
            "get",
            "clusterroles,clusterrolebindings,poddisruptionbudgets",
            "-A",
            "-o",
            objects,
        ],
        ["get", "nodes", "-A", "-o", nodes],
    ] {
        all.extend(lines(&site.kubectl(&arguments).expect("the API server answers")));
    }
    all
}
