//! Each action does what it says on a real API server, twice the same, and takes what others did meanwhile into account.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod common;

use cke_kubernetes::Error;
use cke_model::cluster::TrustedRestMapping;
use cke_model::kubernetes::Taint;
use cke_model::operation::NodeAttributes;
use cke_model::resource::ResourceDefinition;
use cke_model::{Action, Node};
use common::{Lab, resource};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use testkit::servers::ControlPlane;

fn apply(lab: &Lab, resource: &ResourceDefinition, force_conflicts: bool) -> Action {
    Action::KubeApply {
        api_server: lab.server.clone(),
        resource: resource.clone(),
        force_conflicts,
        trusted_mappings: vec![],
    }
}

fn taint(key: &str, value: &str) -> Taint {
    serde_json::from_value(json!({"key": key, "value": value, "effect": "NoSchedule"})).unwrap()
}

/// Taints, labels and annotations of nodes, while somebody else changes the same object a hundred times a second.
#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn nodes_get_what_they_must_have_and_keep_the_rest() {
    let mut lab = Lab::start(ControlPlane::builder()).await;
    lab.cluster.nodes = vec![Node {
        address: "10.0.0.1".to_owned(),
        hostname: "worker-1".to_owned(),
        labels: Some([("team".to_owned(), "a".to_owned())].into()),
        taints: Some(vec![taint("team", "a")]),
        ..Node::default()
    }];
    lab.make(&[json!({
        "apiVersion": "v1", "kind": "Node",
        "metadata": {"name": "worker-1", "labels": {"theirs": "x", "cke.cybozu.com/old": "x"}},
        "spec": {"taints": [{"key": "gpu", "effect": "NoSchedule"}]},
    })]);
    let (stop, api) = (Arc::new(AtomicBool::new(false)), lab.api().raw());
    let rival = tokio::spawn({
        let stop = stop.clone();
        async move {
            let nodes = kube::Api::<k8s_openapi::api::core::v1::Node>::all(api);
            let (mut count, mut pace) = (0_u32, tokio::time::interval(Duration::from_millis(10)));
            while !stop.load(Ordering::SeqCst) {
                let patch = json!({"metadata": {"annotations": {"rival": count.to_string()}}});
                nodes
                    .patch("worker-1", &Default::default(), &kube::api::Patch::Merge(patch))
                    .await
                    .unwrap();
                count += 1;
                pace.tick().await;
            }
            count
        }
    });
    let retaint = Action::KubeRetaint {
        api_server: lab.server.clone(),
        nodes: vec!["10.0.0.1".to_owned()],
        taints: vec![taint("booting", "yes")],
    };
    let update = Action::KubeUpdateNodes {
        api_server: lab.server.clone(),
        nodes: vec![
            NodeAttributes {
                name: "worker-1".to_owned(),
                labels: [("team".to_owned(), "a".to_owned())].into(),
                annotations: [("cke.cybozu.com/note".to_owned(), "n".to_owned())].into(),
                taints: vec![taint("team", "a")],
            },
            NodeAttributes {
                name: "gone".to_owned(),
                ..NodeAttributes::default()
            },
        ],
    };
    for _ in 0..2 {
        lab.apply(retaint.clone()).await;
        lab.apply(update.clone()).await;
    }
    stop.store(true, Ordering::SeqCst);
    assert!(rival.await.unwrap() > 0);

    let node = lab.get(&["node", "worker-1"]);
    let labels = &node["metadata"]["labels"];
    assert_eq!(
        (&labels["team"], &labels["theirs"], &labels["cke.cybozu.com/old"]),
        (&json!("a"), &json!("x"), &Value::Null)
    );
    assert_eq!(node["metadata"]["annotations"]["cke.cybozu.com/note"], json!("n"));
    let mut keys: Vec<&str> = node["spec"]["taints"]
        .as_array()
        .unwrap()
        .iter()
        .map(|t| t["key"].as_str().unwrap())
        .collect();
    keys.sort_unstable();
    assert_eq!(keys, ["booting", "gpu", "team"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_are_uncordoned_and_removed_once() {
    let lab = Lab::start(ControlPlane::builder()).await;
    let node = |name: &str, finalizers: &Value| {
        json!({"apiVersion": "v1", "kind": "Node",
               "metadata": {"name": name, "finalizers": finalizers, "annotations": {"cke.cybozu.com/reboot": "true"}},
               "spec": {"unschedulable": true}})
    };
    lab.make(&[
        node("a", &json!([])),
        node("b", &json!([])),
        node("going", &json!(["example.com/hold"])),
    ]);
    let nodes = vec!["a".to_owned(), "absent".to_owned()];
    for _ in 0..2 {
        lab.apply(Action::KubeUncordon {
            api_server: lab.server.clone(),
            nodes: nodes.clone(),
        })
        .await;
    }
    let a = lab.get(&["node", "a"]);
    assert_eq!(
        (&a["spec"]["unschedulable"], &a["metadata"]["annotations"]),
        (&Value::Null, &Value::Null)
    );

    let names = ["b", "going", "absent"].map(str::to_owned).to_vec();
    for _ in 0..2 {
        lab.apply(Action::KubeRemoveNodes {
            api_server: lab.server.clone(),
            names: names.clone(),
        })
        .await;
    }
    assert_eq!(
        lab.plane.kubectl(&["get", "nodes", "-o", "name"]),
        "node/a\nnode/going\n"
    );
    lab.plane.kubectl(&[
        "patch",
        "node",
        "going",
        "--type=merge",
        "-p",
        r#"{"metadata":{"finalizers":null}}"#,
    ]);
}

/// Fields of CKE are owned by `cke`, other's are taken only by force, and fields that left the definition leave the object.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn resources_are_applied_on_the_servers_side() {
    let lab = Lab::start(ControlPlane::builder()).await;
    let config = |revision: i64, data: &str| {
        let definition =
            format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c\n  namespace: default\ndata: {data}\n");
        resource("ConfigMap/default/c", revision, &definition)
    };
    lab.apply(apply(&lab, &config(1, "{a: '1', b: '1'}"), false)).await;
    lab.apply(apply(&lab, &config(2, "{a: '2'}"), false)).await;
    let object = lab.get(&["configmap", "c", "--show-managed-fields"]);
    assert_eq!(object["data"], json!({"a": "2"}));
    assert_eq!(
        object["metadata"]["annotations"],
        json!({"cke.cybozu.com/revision": "2"})
    );
    let manager = &object["metadata"]["managedFields"][0];
    assert_eq!(
        (&manager["manager"], &manager["operation"]),
        (&json!("cke"), &json!("Apply"))
    );

    lab.plane.kubectl(&[
        "patch",
        "configmap",
        "c",
        "--type=merge",
        "-p",
        r#"{"data":{"a":"hand","more":"kept"}}"#,
    ]);
    let refused = lab
        .try_apply(apply(&lab, &config(3, "{a: '3'}"), false))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Some(409), "{refused}");
    lab.apply(apply(&lab, &config(3, "{a: '3'}"), true)).await;
    assert_eq!(lab.get(&["configmap", "c"])["data"], json!({"a": "3", "more": "kept"}));
}

const DEFINITION: &str = "
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: things.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {plural: things, singular: thing, kind: Thing}
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
";

/// A kind that is defined later: unknown is an error that names it, trusted is a warning, and once it is there it is found.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kinds_may_be_defined_later() {
    let mut lab = Lab::start(ControlPlane::builder()).await;
    let thing = resource(
        "Thing/default/t",
        1,
        "{apiVersion: example.com/v1, kind: Thing, metadata: {name: t, namespace: default}, size: 3}",
    );
    let error = lab.try_apply(apply(&lab, &thing, false)).await.unwrap_err();
    assert!(
        matches!(&error, Error::UnknownKind { key, kind, .. } if key == "Thing/default/t" && kind == "Thing"),
        "{error}"
    );

    let trusted: TrustedRestMapping = serde_json::from_value(json!(
        {"group": "example.com", "version": "v1", "kind": "Thing", "resource": "things", "namespaced": true}
    ))
    .unwrap();
    lab.cluster.trusted_rest_mappings = vec![trusted.clone()];
    let early = Action::KubeApply {
        api_server: lab.server.clone(),
        resource: thing.clone(),
        force_conflicts: false,
        trusted_mappings: vec![trusted],
    };
    lab.apply(early).await;
    assert!(lab.observe(std::slice::from_ref(&thing)).await.resources.is_empty());

    lab.apply(apply(
        &lab,
        &resource("CustomResourceDefinition/things.example.com", 1, DEFINITION),
        false,
    ))
    .await;
    lab.plane
        .kubectl(&["wait", "--for=condition=Established", "crd/things.example.com"]);
    testkit::wait::wait_for("the kind to be found", testkit::wait::PATIENCE, || async {
        lab.try_apply(apply(&lab, &thing, false))
            .await
            .map_err(|e| common::chain(&e))
    })
    .await;
    let statuses = lab.observe(std::slice::from_ref(&thing)).await.resources;
    assert!(statuses["Thing/default/t"].applied_by_cke);
    assert_eq!(lab.get(&["things", "t"])["size"], json!(3));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn webhooks_and_secrets_get_their_certificates() {
    let lab = Lab::start(ControlPlane::builder()).await;
    let hook = resource(
        "ValidatingWebhookConfiguration/hook",
        1,
        r#"{"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
            "metadata": {"name": "hook", "annotations": {"cke.cybozu.com/inject-cacert": "true"}},
            "webhooks": [{"name": "a.example.com", "sideEffects": "None", "admissionReviewVersions": ["v1"],
                          "failurePolicy": "Ignore",
                          "clientConfig": {"service": {"name": "svc", "namespace": "default"}}}]}"#,
    );
    let secret = resource(
        "Secret/default/pair",
        1,
        "{apiVersion: v1, kind: Secret, metadata: {name: pair, namespace: default, annotations: {cke.cybozu.com/issue-cert: svc}}}",
    );
    lab.apply(apply(&lab, &hook, true)).await;
    let object = lab.get(&["validatingwebhookconfiguration", "hook"]);
    assert_eq!(object["webhooks"][0]["clientConfig"]["caBundle"], json!("dGhlIENB"));

    lab.apply(apply(&lab, &secret, true)).await;
    let object = lab.get(&["secret", "pair"]);
    assert_eq!(object["type"], json!("kubernetes.io/tls"));
    assert_eq!(
        object["data"],
        json!({"tls.crt": "c3ZjLmRlZmF1bHQuc3Zj", "tls.key": "dGhlIGtleQ=="})
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_actions_are_refused_by_name() {
    let lab = Lab::start(ControlPlane::builder()).await;
    let error = lab
        .try_apply(Action::RebootCancel { entries: vec![] })
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), "not an action on Kubernetes: reboot-cancel");
}

/// What CKE brings itself is accepted as it is, and nothing of it is to be applied again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn built_in_resources_are_applied_once() {
    let lab = Lab::start(ControlPlane::builder()).await;
    let resources = cke_component::resources::built_in(&cke_model::images::Images::default());
    for resource in &resources {
        lab.apply(apply(&lab, resource, true)).await;
    }
    let statuses = lab.observe(&resources).await.resources;
    for resource in &resources {
        let status = statuses.get(&resource.key);
        assert!(!resource.needs_update(status), "{}: {status:?}", resource.key);
        assert!(status.unwrap().applied_by_cke);
    }
}

/// A node whose change is refused keeps no other from its own; the error names it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_refused_node_does_not_stop_the_others() {
    let mut lab = Lab::start(ControlPlane::builder()).await;
    let names: Vec<String> = (0..40).map(|i| format!("n{i}")).collect();
    let object = |name: &String| json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}});
    lab.make(&names.iter().map(object).collect::<Vec<_>>());
    let label = |name: &str| if name == "n3" { "not a label!" } else { "good" };
    let attributes = |name: &String| NodeAttributes {
        name: name.clone(),
        labels: [("team".to_owned(), label(name).to_owned())].into(),
        ..NodeAttributes::default()
    };
    let nodes: Vec<NodeAttributes> = names.iter().map(attributes).collect();
    let declared = |wanted: &NodeAttributes| Node {
        address: wanted.name.clone(),
        labels: Some(wanted.labels.clone()),
        ..Node::default()
    };
    lab.cluster.nodes = nodes.iter().map(declared).collect();
    let update = Action::KubeUpdateNodes {
        api_server: lab.server.clone(),
        nodes,
    };
    let error = lab.try_apply(update).await.unwrap_err();
    assert_eq!(error.code(), Some(422), "{error}");
    assert!(error.to_string().ends_with("patch the node n3"), "{error}");
    let seen = lab.observe(&[]).await.nodes;
    assert_eq!(seen.iter().filter(|n| n.labels.contains_key("team")).count(), 39);
}
