//! Drains against real budgets: what a dry run says, what is evicted, deleted, spared and refused, and what is left.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod common;

use cke_kubernetes::drain::{self, Drain, Policy, Reason, Remaining};
use cke_model::kubernetes::LabelSelector;
use common::Lab;
use serde_json::{Value, json};
use std::time::Duration;
use testkit::servers::ControlPlane;
use testkit::wait::{PATIENCE, wait_for};

/// A pod on a node without a kubelet, gone as soon as it is deleted.
fn pod(namespace: &str, name: &str, node: &str, app: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"namespace": namespace, "name": name, "labels": {"app": app}},
        "spec": {"nodeName": node, "terminationGracePeriodSeconds": 0, "automountServiceAccountToken": false,
                 "containers": [{"name": "c", "image": "none"}]},
    })
}

fn owned(mut pod: Value, kind: &str, uid: &str) -> Value {
    pod["metadata"]["ownerReferences"] =
        json!([{"apiVersion": "batch/v1", "kind": kind, "name": "owner", "uid": uid, "controller": true}]);
    pod
}

fn budget(namespace: &str, app: &str) -> Value {
    json!({
        "apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"namespace": namespace, "name": app},
        "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": app}}},
    })
}

fn namespace(name: &str, team: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": {"team": team}}})
}

fn selector(key: &str, value: &str) -> Option<LabelSelector> {
    Some(serde_json::from_value(json!({"matchLabels": {key: value}})).unwrap())
}

/// The status that a kubelet would report.
fn run(lab: &Lab, namespace: &str, name: &str) {
    let status =
        json!({"status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}}).to_string();
    lab.plane.kubectl(&[
        "-n",
        namespace,
        "patch",
        "pod",
        name,
        "--subresource=status",
        "--type=merge",
        "-p",
        &status,
    ]);
}

fn names(lab: &Lab) -> Vec<String> {
    let template = r#"-o=jsonpath={range .items[*]}{.metadata.namespace}/{.metadata.name}{"\n"}{end}"#;
    let all = lab.plane.kubectl(&["get", "pods", "-A", template]);
    all.lines().map(str::to_owned).collect()
}

async fn wait_for_budget(lab: &Lab, namespace: &str, app: &str, healthy: u64) {
    wait_for("the budget to count its pods", PATIENCE * 3, || async {
        let object = lab.get(&["-n", namespace, "pdb", app]);
        let status = &object["status"];
        let seen = status["observedGeneration"] == object["metadata"]["generation"];
        if seen && status["currentHealthy"] == json!(healthy) {
            Ok(())
        } else {
            Err(status.to_string())
        }
    })
    .await;
}

/// Two namespaces, one protected; in each a pod whose budget refuses and one without a budget; jobs, a daemon set's pod,
/// and one that takes its time to end.
async fn lab() -> Lab {
    let lab = Lab::start(ControlPlane::builder().controllers("disruption-controller")).await;
    let node = |name: &str| json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}});
    let mut slow = pod("dev", "slow", "n1", "slow");
    slow["spec"]["terminationGracePeriodSeconds"] = json!(600);
    lab.make(&[
        node("n1"),
        node("n2"),
        namespace("prod", "prod"),
        namespace("dev", "dev"),
    ]);
    lab.make(&[
        pod("prod", "kept", "n1", "kept"),
        pod("prod", "free", "n1", "free"),
        pod("dev", "kept", "n1", "kept"),
        pod("dev", "free", "n1", "free"),
        slow,
        owned(pod("dev", "job", "n1", "batch"), "Job", "1"),
        owned(pod("dev", "job-pending", "n1", "keep"), "Job", "2"),
        owned(pod("dev", "daemon", "n1", "d"), "DaemonSet", "3"),
        pod("prod", "elsewhere", "n2", "else"),
        budget("prod", "kept"),
        budget("dev", "kept"),
    ]);
    for (namespace, name) in [("prod", "kept"), ("dev", "kept"), ("dev", "job"), ("dev", "slow")] {
        run(&lab, namespace, name);
    }
    for namespace in ["prod", "dev"] {
        wait_for_budget(&lab, namespace, "kept", 1).await;
    }
    lab
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_drain_keeps_to_budgets_where_it_must() {
    let lab = lab().await;
    let server = lab.api();
    let policy = Policy {
        protected_namespaces: selector("team", "prod"),
        protected_job_pods: selector("app", "keep"),
        retries: 2,
        interval: Duration::from_millis(50),
    };
    let before = names(&lab);
    let drain = Drain::new(&server, &policy).await.unwrap();

    let obstacles = drain.try_out("n1").await.unwrap();
    assert_eq!(names(&lab), before, "a dry run changes nothing");
    assert_eq!(obstacles.len(), 1, "{obstacles:?}");
    assert_eq!(
        (obstacles[0].namespace.as_str(), obstacles[0].name.as_str()),
        ("prod", "kept")
    );
    assert!(
        matches!(&obstacles[0].reason, Reason::Budget(said) if said.contains("disruption budget")),
        "{obstacles:?}"
    );

    drain::cordon(&server, "n1").await.unwrap();
    let node = lab.get(&["node", "n1"]);
    assert_eq!(
        (
            &node["spec"]["unschedulable"],
            &node["metadata"]["annotations"]["cke.cybozu.com/reboot"]
        ),
        (&json!(true), &json!("true"))
    );

    let done = drain.run("n1").await.unwrap();
    assert_eq!(done.obstacles, obstacles);
    assert_eq!(done.evicted, ["dev/free", "dev/slow", "prod/free"]);
    assert_eq!(done.deleted, ["dev/job", "dev/kept"]);
    let left = [
        "dev/daemon",
        "dev/job-pending",
        "dev/slow",
        "prod/elsewhere",
        "prod/kept",
    ];
    assert_eq!(names(&lab), left);

    // What is on its way out is not asked again; another healthy pod lets the budget give way.
    lab.make(&[pod("prod", "second", "n2", "kept")]);
    run(&lab, "prod", "second");
    wait_for_budget(&lab, "prod", "kept", 2).await;
    let again = drain.run("n1").await.unwrap();
    assert_eq!(
        (again.evicted, again.obstacles.len()),
        (vec!["prod/kept".to_owned()], 0)
    );

    let nodes = ["n1", "n2", "gone"].map(str::to_owned);
    let remaining = drain::remaining(&server, &nodes).await;
    let of = |node: &str| remaining[node].as_ref().unwrap().clone();
    assert_eq!(of("n1").pods, ["dev/slow"]);
    assert_eq!(of("n2").pods, ["prod/elsewhere", "prod/second"]);
    assert_eq!(of("gone"), Remaining::default());

    lab.plane
        .kubectl(&["-n", "dev", "delete", "pod", "slow", "--force", "--grace-period=0"]);
    let volumes = json!({"status": {"volumesInUse": ["kubernetes.io/csi/v1"]}}).to_string();
    lab.plane.kubectl(&[
        "patch",
        "node",
        "n1",
        "--subresource=status",
        "--type=merge",
        "-p",
        &volumes,
    ]);
    let remaining = drain::remaining(&server, &nodes[..1])
        .await
        .remove("n1")
        .unwrap()
        .unwrap();
    assert!(remaining.has_no_pods() && !remaining.is_empty());
    assert_eq!(remaining.volumes, ["kubernetes.io/csi/v1"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_selectors_everything_is_protected() {
    let lab = lab().await;
    let server = lab.api();
    let drain = Drain::new(&server, &Policy::default()).await.unwrap();
    let mut obstacles: Vec<String> = drain
        .try_out("n1")
        .await
        .unwrap()
        .iter()
        .map(ToString::to_string)
        .collect();
    obstacles.sort();
    assert_eq!(obstacles.len(), 3, "{obstacles:?}");
    assert!(
        obstacles[0].starts_with("dev/job: a protected pod of a job runs"),
        "{obstacles:?}"
    );
    assert!(
        obstacles[1].starts_with("dev/kept: its disruption budget refuses"),
        "{obstacles:?}"
    );
    assert!(
        obstacles[2].starts_with("prod/kept: its disruption budget refuses"),
        "{obstacles:?}"
    );

    let wrong = Policy {
        protected_namespaces: Some(
            serde_json::from_value(json!({"matchExpressions": [{"key": "a", "operator": "Like"}]})).unwrap(),
        ),
        ..Policy::default()
    };
    let error = Drain::new(&server, &wrong).await.unwrap_err();
    assert_eq!(error.to_string(), "protected_namespaces");

    // Two budgets for one pod: nobody can evict it, and it says so.
    lab.make(&[budget("prod", "free"), json!({
        "apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"namespace": "prod", "name": "twice"},
        "spec": {"minAvailable": 0, "selector": {"matchLabels": {"app": "free"}}},
    })]);
    run(&lab, "prod", "free");
    wait_for_budget(&lab, "prod", "free", 1).await;
    let obstacles = drain.try_out("n1").await.unwrap();
    let refused = obstacles
        .iter()
        .find(|o| o.name == "free" && o.namespace == "prod")
        .unwrap();
    assert!(
        matches!(&refused.reason, Reason::Refused(said) if said.contains("more than one")),
        "{refused:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pods_of_daemon_sets_that_wait_for_deletion_are_deleted() {
    let lab = Lab::start(ControlPlane::builder()).await;
    let set = |name: &str, strategy: &str| {
        json!({
            "apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"namespace": "default", "name": name},
            "spec": {"updateStrategy": {"type": strategy}, "selector": {"matchLabels": {"app": name}},
                     "template": {"metadata": {"labels": {"app": name}}, "spec": {"containers": [{"name": "c", "image": "none"}]}}},
        })
    };
    lab.make(&[set("rolling", "RollingUpdate"), set("by-hand", "OnDelete")]);
    let uid = |name: &str| {
        lab.get(&["daemonset", name])["metadata"]["uid"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    lab.make(&[
        owned(
            pod("default", "rolling-1", "n1", "rolling"),
            "DaemonSet",
            &uid("rolling"),
        ),
        owned(
            pod("default", "by-hand-1", "n1", "by-hand"),
            "DaemonSet",
            &uid("by-hand"),
        ),
        owned(
            pod("default", "by-hand-2", "n2", "by-hand"),
            "DaemonSet",
            &uid("by-hand"),
        ),
        pod("default", "same-label", "n1", "by-hand"),
    ]);
    let server = lab.api();
    assert_eq!(
        drain::delete_on_delete_pods(&server, "n1").await.unwrap(),
        ["default/by-hand-1"]
    );
    assert_eq!(
        names(&lab),
        ["default/by-hand-2", "default/rolling-1", "default/same-label"]
    );
    assert!(drain::delete_on_delete_pods(&server, "n1").await.unwrap().is_empty());
}
