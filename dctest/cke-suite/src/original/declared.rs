//! The cluster that the suites declare: the original's own, with what nodes of this lab cannot do changed for both sides.

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::Suite;
use super::machines::{CONTAINERD, Machine, NAMES, address};

/// An address on the nodes' network where nobody is.
const NOBODY: &str = "10.0.0.107";

/// The nodes have cgroups of version 1. These are flags since one of the tests replaces the kubelet's configuration file.
const KUBELET: [&str; 2] = ["--fail-cgroupv1=false", "--cgroup-driver=cgroupfs"];

/// The cluster of a suite, from the text of the original's `cke-cluster.yml`: YAML that is JSON.
///
/// # Errors
/// When the text is no such cluster.
pub fn cluster(template: &str, suite: Suite) -> Result<String> {
    let text = Machine::NODES.iter().fold(template.to_owned(), |text, node| {
        text.replace(&format!("__{}__", node.name.to_uppercase()), &address(node.name))
    });
    let text = text.replace("__RUNTIME_ENDPOINT__", CONTAINERD);
    let mut cluster: Value = serde_saphyr::from_str(&text).context("reading cke-cluster.yml")?;
    cluster["dns_servers"] = json!([address(NAMES)]);
    let kubelet = &mut cluster["options"]["kubelet"];
    kubelet["extra_args"] = json!(KUBELET);
    remove(&mut kubelet["config"], "cgroupDriver");
    let proxy = &mut cluster["options"]["kube-proxy"]["config"];
    remove(proxy, "ipvs");
    proxy["mode"] = "iptables".into();
    proxy["conntrack"] = json!({"maxPerCore": 0});
    if suite == Suite::Robustness {
        add_nobody(&mut cluster)?;
    }
    Ok(cluster.to_string())
}

/// `cke`'s configuration, from the text of the original's `cke.yml`.
#[must_use]
pub fn configuration(template: &str) -> String {
    template.replace("__HOST1__", &address("host1"))
}

fn remove(value: &mut Value, key: &str) {
    if let Some(map) = value.as_object_mut() {
        map.remove(key);
    }
}

/// A node that never was, behind the fifth: whoever logs in there is the fifth's user, and the fifth's becomes another.
fn add_nobody(cluster: &mut Value) -> Result<()> {
    let nodes = cluster["nodes"].as_array_mut().context("the cluster has no nodes")?;
    let last = nodes.last_mut().context("the cluster has no node")?;
    let user = last["user"].clone();
    last["user"] = super::machines::USER.into();
    nodes.push(json!({"address": NOBODY, "user": user}));
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    const TEMPLATE: &str = "
nodes:
  - address: __NODE4__
    user: cke
  - address: __NODE5__
    user: cke
dns_servers: [\"8.8.8.8\"]
options:
  kubelet:
    cri_endpoint: __RUNTIME_ENDPOINT__
    config: {cgroupDriver: systemd, clusterDomain: cluster.local}
  kube-proxy:
    config: {mode: ipvs, ipvs: {strictARP: true}}
";

    fn of(suite: Suite) -> Value {
        serde_json::from_str(&cluster(TEMPLATE, suite).unwrap()).unwrap()
    }

    #[test]
    fn what_the_lab_lacks_is_replaced_and_the_rest_stays() {
        let cluster = of(Suite::Functions);
        assert_eq!(cluster["nodes"][1], json!({"address": "10.0.0.105", "user": "cke"}));
        assert_eq!(cluster["dns_servers"], json!(["10.0.0.12"]));
        let options = &cluster["options"];
        assert_eq!(options["kubelet"]["config"], json!({"clusterDomain": "cluster.local"}));
        assert_eq!(options["kubelet"]["cri_endpoint"], CONTAINERD);
        assert_eq!(
            options["kube-proxy"]["config"],
            json!({"mode": "iptables", "conntrack": {"maxPerCore": 0}})
        );
    }

    #[test]
    fn robustness_has_a_node_that_never_answers() {
        let nodes = of(Suite::Robustness)["nodes"].clone();
        assert_eq!(nodes[1], json!({"address": "10.0.0.105", "user": "cybozu"}));
        assert_eq!(nodes[2], json!({"address": "10.0.0.107", "user": "cke"}));
    }
}
