//! What a loop sees of a real API server: all of it, at once what was written, over one connection, and errors in time.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod common;

use cke_kubernetes::Kubernetes;
use cke_model::kubernetes::{EndpointSubset, KubeConfigMap, KubeEndpointSlice, KubeEndpoints, KubeService};
use cke_model::operation::NodeAttributes;
use cke_model::{Action, Cluster};
use common::{Lab, chain, identity, resource};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;
use testkit::servers::ControlPlane;
use testkit::wait::{PATIENCE, wait_for};
use tokio::net::{TcpListener, TcpStream};

fn endpoints(namespace: &str, name: &str, not_ready: &str) -> KubeEndpoints {
    KubeEndpoints {
        name: name.to_owned(),
        namespace: namespace.to_owned(),
        labels: [("endpointslice.kubernetes.io/skip-mirror".to_owned(), "true".to_owned())].into(),
        subsets: vec![EndpointSubset {
            ready: vec!["10.0.0.1".to_owned()],
            not_ready: vec![not_ready.to_owned()],
            ports: vec![("https".to_owned(), 6443)],
        }],
    }
}

fn slice(namespace: &str, name: &str, ready: bool) -> KubeEndpointSlice {
    KubeEndpointSlice {
        name: name.to_owned(),
        namespace: namespace.to_owned(),
        labels: [("kubernetes.io/service-name".to_owned(), name.to_owned())].into(),
        address_type: "IPv4".to_owned(),
        endpoints: vec![(vec!["10.0.0.1".to_owned()], Some(ready))],
        ports: vec![(Some(String::new()), Some(2379))],
    }
}

fn config_map(name: &str, text: &str) -> KubeConfigMap {
    KubeConfigMap {
        name: name.to_owned(),
        namespace: "kube-system".to_owned(),
        data: [("conf".to_owned(), text.to_owned())].into(),
    }
}

/// Every object that a loop looks at is missing at first, there as soon as it is written, and replaced by the next write;
/// writing twice, creating what exists and replacing what does not are all the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sees_everything_as_soon_as_it_is_written() {
    let mut lab = Lab::start(ControlPlane::builder().controllers("serviceaccount-controller")).await;
    let api_server = lab.server.clone();
    lab.apply(Action::KubeWait {
        api_server: api_server.clone(),
    })
    .await;
    lab.cluster.dns_service = "default/dns".to_owned();
    let at_first = lab.observe(&[]).await;
    assert!(at_first.control_plane_ready);
    assert!(at_first.nodes.is_empty() && at_first.dns_service.is_none() && at_first.cluster_dns_ip.is_empty());
    assert!(at_first.cluster_dns_config.is_none() && at_first.node_dns_config.is_none());
    assert!(
        at_first.etcd_endpoints.is_none()
            && at_first.master_endpoint_slice.is_none()
            && at_first.etcd_service.is_none()
    );

    for (create, round) in [(true, "1"), (false, "2"), (true, "3")] {
        let not_ready = format!("10.0.1.{round}");
        let ready = round == "2";
        lab.apply(Action::KubePutEtcdService {
            api_server: api_server.clone(),
            create,
        })
        .await;
        for (namespace, name) in [("default", "kubernetes"), ("kube-system", "cke-etcd")] {
            let endpoints = endpoints(namespace, name, &not_ready);
            lab.apply(Action::KubePutEndpoints {
                api_server: api_server.clone(),
                create,
                endpoints,
            })
            .await;
            let slice = slice(namespace, name, ready);
            lab.apply(Action::KubePutEndpointSlice {
                api_server: api_server.clone(),
                create,
                slice,
            })
            .await;
        }
        for name in ["cluster-dns", "node-dns"] {
            let config_map = config_map(name, round);
            lab.apply(Action::KubePutConfigMap {
                api_server: api_server.clone(),
                create,
                config_map,
            })
            .await;
        }
        let seen = lab.observe(&[]).await;
        assert_eq!(
            seen.master_endpoints,
            Some(endpoints("default", "kubernetes", &not_ready))
        );
        assert_eq!(
            seen.etcd_endpoints,
            Some(endpoints("kube-system", "cke-etcd", &not_ready))
        );
        assert_eq!(seen.master_endpoint_slice, Some(slice("default", "kubernetes", ready)));
        assert_eq!(seen.etcd_endpoint_slice, Some(slice("kube-system", "cke-etcd", ready)));
        assert_eq!(seen.cluster_dns_config, Some(config_map("cluster-dns", round)));
        assert_eq!(seen.node_dns_config, Some(config_map("node-dns", round)));
        let etcd = KubeService {
            service_type: "ClusterIP".to_owned(),
            cluster_ip: "None".to_owned(),
            cluster_ips: vec!["None".to_owned()],
            ports: vec![2379],
        };
        assert_eq!(seen.etcd_service, Some(etcd));
    }

    lab.make(&[
        json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "dns", "namespace": "default"},
               "spec": {"clusterIP": "10.68.0.53", "ports": [{"name": "dns", "port": 53}]}}),
        json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "cluster-dns", "namespace": "kube-system"},
               "spec": {"clusterIP": "10.68.0.54", "ports": [{"name": "dns", "port": 53}]}}),
    ]);
    let seen = lab.observe(&[]).await;
    assert_eq!(seen.cluster_dns_ip, "10.68.0.54");
    assert_eq!(seen.dns_service.map(|s| s.cluster_ip), Some("10.68.0.53".to_owned()));
}

/// Nodes come from a watch: our own changes are in the next observation, those of others arrive and wake the loop.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_are_as_fresh_as_what_we_wrote() {
    let mut lab = Lab::start(ControlPlane::builder()).await;
    let node = |name: &str| json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}});
    lab.make(&[node("a"), node("b")]);
    lab.cluster.nodes = ["a", "b"]
        .iter()
        .map(|n| cke_model::Node {
            address: (*n).to_owned(),
            ..Default::default()
        })
        .collect();
    assert_eq!(lab.observe(&[]).await.nodes.len(), 2);
    let mut changes = lab.kubernetes.changes();

    for round in 0..20 {
        let label = ("cke.cybozu.com/round".to_owned(), round.to_string());
        let wanted = NodeAttributes {
            name: "a".to_owned(),
            labels: [label.clone()].into(),
            ..NodeAttributes::default()
        };
        lab.apply(Action::KubeUpdateNodes {
            api_server: lab.server.clone(),
            nodes: vec![wanted],
        })
        .await;
        assert_eq!(
            lab.observe(&[]).await.nodes[0].labels.get(&label.0),
            Some(&label.1),
            "round {round}"
        );
    }
    lab.apply(Action::KubeRemoveNodes {
        api_server: lab.server.clone(),
        names: vec!["b".to_owned(), "no-more".to_owned()],
    })
    .await;
    let names: Vec<String> = lab.observe(&[]).await.nodes.into_iter().map(|n| n.name).collect();
    assert_eq!(names, ["a"]);

    changes.mark_unchanged();
    let ready = json!({"status": {"conditions": [{"type": "Ready", "status": "True"}]}}).to_string();
    lab.plane.kubectl(&[
        "patch",
        "node",
        "a",
        "--subresource=status",
        "--type=merge",
        "-p",
        &ready,
    ]);
    tokio::time::timeout(PATIENCE, changes.changed())
        .await
        .expect("a change")
        .unwrap();
    assert!(lab.observe(&[]).await.nodes[0].ready);
}

/// Metadata of resources of all kinds, those that are missing left out, and kinds that nobody knows no hindrance.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn statuses_of_resources_are_by_key() {
    let lab = Lab::start(ControlPlane::builder()).await;
    let theirs = json!({"apiVersion": "v1", "kind": "ConfigMap",
                        "metadata": {"name": "theirs", "namespace": "default", "annotations": {"a": "b"}}});
    lab.make(&[theirs]);
    let ours = resource(
        "ClusterRole/ours",
        7,
        "{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: ours}, rules: []}",
    );
    lab.apply(Action::KubeApply {
        api_server: lab.server.clone(),
        resource: ours.clone(),
        force_conflicts: false,
        trusted_mappings: vec![],
    })
    .await;
    let resources = [
        ours,
        resource("ConfigMap/default/theirs", 1, "{apiVersion: v1, kind: ConfigMap}"),
        resource("ConfigMap/default/missing", 1, "{apiVersion: v1, kind: ConfigMap}"),
        resource("Thing/default/unknown", 1, "{apiVersion: example.com/v1, kind: Thing}"),
        resource("Deployment/no-namespace", 1, "{apiVersion: apps/v1, kind: Deployment}"),
    ];
    let statuses = lab.observe(&resources).await.resources;
    assert_eq!(
        statuses.keys().collect::<Vec<_>>(),
        ["ClusterRole/ours", "ConfigMap/default/theirs"]
    );
    let ours = &statuses["ClusterRole/ours"];
    assert_eq!(
        (
            ours.applied_by_cke,
            ours.annotations["cke.cybozu.com/revision"].as_str()
        ),
        (true, "7")
    );
    let theirs = &statuses["ConfigMap/default/theirs"];
    assert_eq!((theirs.applied_by_cke, theirs.annotations["a"].as_str()), (false, "b"));
}

/// Twenty loops with forty resources and the watch of nodes make one connection between them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn healthy_loops_share_one_connection() {
    let plane = ControlPlane::start().await;
    let (port, connections) = counting_proxy(&plane.addresses()[0]).await;
    let kubernetes = Kubernetes::on_port(&identity(&plane), port).unwrap();
    let resources: Vec<_> = (0..40)
        .map(|i| {
            resource(
                &format!("ConfigMap/default/c{i}"),
                1,
                "{apiVersion: v1, kind: ConfigMap}",
            )
        })
        .collect();
    for _ in 0..20 {
        kubernetes
            .observe("127.0.0.1", &Cluster::default(), &resources)
            .await
            .unwrap();
    }
    assert_eq!(connections.load(Ordering::SeqCst), 1);

    // New certificates are used at once, over a new connection.
    kubernetes.renew(&identity(&plane)).unwrap();
    kubernetes
        .observe("127.0.0.1", &Cluster::default(), &resources)
        .await
        .unwrap();
    assert_eq!(connections.load(Ordering::SeqCst), 2);
}

async fn counting_proxy(host: &str) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (target, count) = (format!("{host}:6443"), Arc::new(AtomicUsize::new(0)));
    let counter = count.clone();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            counter.fetch_add(1, Ordering::SeqCst);
            let mut server = TcpStream::connect(&target).await.unwrap();
            tokio::spawn(async move { tokio::io::copy_bidirectional(&mut client, &mut server).await });
        }
    });
    (port, count)
}

/// A dead, a frozen and a forbidding API server: an error in time that says which and what; another one serves meanwhile,
/// and the same value goes on when the first is back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failures_are_quick_and_named_and_pass() {
    let lab = Lab::start(ControlPlane::builder().api_servers(2)).await;
    let other = lab.plane.addresses()[1].clone();
    lab.make(&[json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "a"}})]);
    assert_eq!(lab.observe(&[]).await.nodes.len(), 1);

    lab.plane.freeze(0);
    let began = Instant::now();
    let error = lab
        .kubernetes
        .observe(&lab.server, &lab.cluster, &[])
        .await
        .unwrap_err();
    assert!(error.to_string().starts_with(&lab.server), "{error}");
    assert!(began.elapsed() < PATIENCE, "{:?}: {error}", began.elapsed());
    let elsewhere = lab.kubernetes.observe(&other, &lab.cluster, &[]).await.unwrap();
    assert_eq!(elsewhere.nodes.len(), 1);
    lab.plane.thaw(0);

    lab.plane.kill(0);
    let error = lab
        .kubernetes
        .observe(&lab.server, &lab.cluster, &[])
        .await
        .unwrap_err();
    assert!(error.to_string().starts_with(&lab.server), "{error}");
    lab.plane.start_again(0).await;
    wait_for("the API server that came back", PATIENCE, || async {
        lab.kubernetes
            .observe(&lab.server, &lab.cluster, &[])
            .await
            .map_err(|e| chain(&e))
    })
    .await;

    let nobody = lab.plane.user("nobody", None);
    let stranger = cke_kubernetes::Identity {
        ca_certificate: lab.plane.ca().to_owned(),
        certificate: nobody.certificate,
        key: nobody.key.into(),
    };
    let error = Kubernetes::new(&stranger)
        .unwrap()
        .observe(&lab.server, &lab.cluster, &[])
        .await
        .unwrap_err();
    assert_eq!(error.code(), Some(403), "{error}");
}
