//! A control plane of real Kubernetes servers comes up and goes away.

use testkit::servers::ControlPlane;
use testkit::wait::{PATIENCE, wait_for};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_api_servers_share_one_etcd_and_controllers_run() {
    let plane = ControlPlane::builder()
        .api_servers(2)
        .controllers("serviceaccount-controller")
        .start()
        .await;
    plane.apply("{apiVersion: v1, kind: Namespace, metadata: {name: made}}");
    plane.kill(1);
    plane.start_again(1).await;
    let second = format!("--server=https://{}:6443", plane.addresses()[1]);
    assert_eq!(
        plane
            .kubectl(&[&second, "get", "namespace", "made", "-o", "name"])
            .trim(),
        "namespace/made"
    );
    wait_for("the account of the namespace", PATIENCE, || async {
        let found = plane.kubectl(&["-n", "made", "get", "serviceaccounts", "-o", "name"]);
        if found.contains("serviceaccount/default") {
            Ok(())
        } else {
            Err(found)
        }
    })
    .await;
}
