//! From what was seen to findings. Pure.

mod etcd;
mod node;
mod services;

#[cfg(test)]
mod tests;

use super::finding::Finding;
use super::sight::{Answer, ClusterSight, Sight};
use std::collections::BTreeMap;

/// The findings of everything, in the order in which one depends on the other.
pub(super) fn all(sight: &Sight) -> Vec<Finding> {
    let now = sight.now;
    let storage = match &sight.storage {
        Ok(storage) => storage,
        Err(error) => {
            let advice = "look at the configuration file and at CKE's etcd";
            return vec![Finding::bad("etcd of CKE", "", error, advice)];
        }
    };
    let mut findings = vec![Finding::good("etcd of CKE", "", "answers")];
    findings.push(services::leader(&storage.leader, now));
    findings.extend(services::stored(&storage.stored));
    if let Some(vault) = &sight.vault {
        findings.extend(services::vault(vault, now));
    }
    match &sight.cluster {
        None => {}
        Some(Err(error)) => findings.push(Finding::warning(
            "cluster",
            "",
            format!("not looked at: {error}"),
            "mend the above first",
        )),
        Some(Ok(cluster)) => findings.extend(built(cluster, sight)),
    }
    findings
}

fn built(cluster: &ClusterSight, sight: &Sight) -> Vec<Finding> {
    let mut findings = etcd::judge(&cluster.etcd);
    findings.extend(api_servers(&cluster.api_servers));
    findings.extend(node::our_clock(&cluster.nodes));
    findings.extend(node::all(&cluster.nodes, sight.now));
    findings
}

fn api_servers(servers: &BTreeMap<String, Answer<()>>) -> Vec<Finding> {
    let judged = servers.iter().map(|(address, answer)| match answer {
        Ok(()) => Finding::good("API server", address, "serves"),
        Err(error) => Finding::bad(
            "API server",
            address,
            error,
            "see `docker logs kube-apiserver` there, and `ckecli explain` with the address",
        ),
    });
    judged.collect()
}
