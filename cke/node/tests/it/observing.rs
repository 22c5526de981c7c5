//! Observing many nodes: what one of them does costs the others nothing.

use crate::recorded::Recorded;
use cke_model::Node;
use cke_node::{Endpoint, Engine, Options, ProbeFn};
use neco_ssh::memory::{Call, Fleet, Reply};
use neco_ssh::{Error, Output};
use std::time::Duration;

fn node(number: usize) -> Node {
    Node {
        address: format!("10.0.0.{number}"),
        user: "cybozu".to_owned(),
        ..Node::default()
    }
}

/// A node that hangs, one that is down, one whose docker hangs, one that talks nonsense; the others are workers.
fn sick_fleet() -> Fleet {
    let worker = Recorded::load().script_output("n111");
    Fleet::new(move |call: &Call<'_>| match call.node.address.as_str() {
        "10.0.0.1" => Reply::Never,
        "10.0.0.2" => Reply::Error(Error::Refused {
            node: call.node.address.clone(),
            port: 22,
        }),
        "10.0.0.3" => Output::of("container:exit 124\nvolume:exit 124\nend:\n").into(),
        "10.0.0.4" => Output::of("This account is not available.\n").into(),
        _ => Output::of(worker.clone()).into(),
    })
}

#[tokio::test(start_paused = true)]
async fn sick_nodes_cost_themselves_alone() {
    let kubelets = ProbeFn(|address: &str, endpoint: Endpoint| match (address, endpoint) {
        ("10.0.0.5", Endpoint::Proxy) => Err("it answers 503".to_owned()),
        (_, Endpoint::Kubelet | Endpoint::Proxy) => Ok(()),
        (_, other) => panic!("{other:?} does not run on workers"),
    });
    let engine = Engine::new(sick_fleet(), kubelets, Options::default());
    let nodes: Vec<Node> = (1..=50).map(node).collect();
    let statuses = engine.observe(&nodes, "etcd-cke").await;
    assert_eq!(statuses.len(), 50);
    let reasons: Vec<&str> = nodes[..4]
        .iter()
        .map(|node| statuses[&node.address].unreachable_because.as_deref().unwrap())
        .collect();
    let expected = [
        "10.0.0.1: timed out after 20s while running the command",
        "10.0.0.2: refuses connections to port 22",
        "10.0.0.3: docker does not answer: its client was stopped after some seconds",
        "10.0.0.4: its answer was cut off",
    ];
    assert_eq!(reasons, expected);
    for node in &nodes[4..] {
        let status = &statuses[&node.address];
        assert!(status.ssh_connected && status.unreachable_because.is_none());
        assert!(status.kubelet.healthy && status.rivers.running);
        assert_eq!(status.proxy.healthy, node.address != "10.0.0.5");
        assert!(!status.api_server.healthy);
    }
    assert_eq!(engine.runner().total().commands, 50, "one SSH command a node");
}

#[tokio::test(start_paused = true)]
async fn round_lasts_as_long_as_its_slowest_node() {
    let output = Recorded::load().script_output("n111");
    let fleet = Fleet::new(move |_: &Call<'_>| Reply::Late(Duration::from_secs(5), Output::of(output.clone())));
    let engine = Engine::new(fleet, ProbeFn(|_: &str, _: Endpoint| Ok(())), Options::default());
    let nodes: Vec<Node> = (1..=200).map(node).collect();
    let started = tokio::time::Instant::now();
    engine.observe(&nodes, "etcd-cke").await;
    assert!(started.elapsed() < Duration::from_secs(6), "{:?}", started.elapsed());
}
