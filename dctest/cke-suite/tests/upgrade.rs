//! The upgrade of a patch version on three control planes and two workers (rows C16, C18): the same sources linked as two versions. A client
//! behind a node's rivers sees no failed request.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use neco_cke_suite::site::{self, Site};
use serde_json::json;
use testkit::fleet::{Node, User, images};
use testkit::wait::{PATIENCE, holds, wait_for};

#[test]
fn a_patch_version_is_replaced_without_a_failed_request() {
    site::run(3, 2, async |site| {
        site.configure(&json!({"images": {"kubernetes": images::previous_kubernetes()}}));
        site.bring_up(User::Root).await;
        site.wait_for_ready(5).await;
        assert_eq!(versions(site).unwrap(), ["v1.35.4"; 5]);

        start_client(site.fleet.node("w1").unwrap());
        site.stop_cke();
        site.configure(&json!({}));
        site.start_cke();
        wait_for("all nodes to have the new version", site::PATIENCE, async || {
            let seen = versions(site)?;
            holds(seen == ["v1.35.5"; 5], format!("{seen:?}"))
        })
        .await;
        site.wait_for_completed().await;
        site.wait_for_ready(5).await;
        check_client(site.fleet.node("w1").unwrap());
        site.check_that_pods_work().await;
    });
}

/// The kubelets' versions.
fn versions(site: &Site) -> Result<Vec<String>, String> {
    let path = "jsonpath={.items[*].status.nodeInfo.kubeletVersion}";
    let text = site.kubectl(&["get", "nodes", "-o", path])?;
    Ok(text.split_whitespace().map(str::to_owned).collect())
}

/// Asks the API server through the node's rivers, over and over, each time on a connection of its own.
fn start_client(node: &Node) {
    let pki = "/etc/kubernetes/pki";
    let get = format!(
        "curl --silent --output /dev/null --max-time 10 --write-out \"%{{http_code}}\\n\" --cacert {pki}/ca.crt \
         --cert {pki}/kubelet.crt --key {pki}/kubelet.key https://localhost:16443/api/v1/nodes/{}",
        node.address()
    );
    let script = format!("while :; do {get}; sleep 0.05; done >/var/log/client");
    node.ssh(&format!("systemd-run --quiet --unit=client bash -c '{script}'"))
        .unwrap();
    testkit::wait::wait_for_blocking("the client's first answer", PATIENCE, || {
        let log = node.ssh("cat /var/log/client").map_err(|error| error.to_string())?;
        holds(log.contains("200"), log)
    });
}

fn check_client(node: &Node) {
    node.ssh("systemctl stop client").unwrap();
    let log = node.ssh("sort /var/log/client | uniq -c").unwrap();
    let seen: Vec<Vec<&str>> = log.lines().map(|line| line.split_whitespace().collect()).collect();
    assert!(seen.len() == 1 && seen[0][1] == "200", "requests failed:\n{log}");
}
