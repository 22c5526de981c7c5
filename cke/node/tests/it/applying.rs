//! Steps on several nodes at once.

use cke_model::{Action, Node};
use cke_node::{ApplyError, Endpoint, Engine, Options, ProbeFn};
use neco_ssh::Output;
use neco_ssh::memory::{Call, Fleet, Reply};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

fn nodes() -> Vec<Node> {
    let node = |address: &str| Node {
        address: address.to_owned(),
        user: "cybozu".to_owned(),
        ..Node::default()
    };
    ["10.0.0.1", "10.0.0.2", "10.0.0.3"].map(node).to_vec()
}

fn addresses() -> Vec<String> {
    nodes().into_iter().map(|node| node.address).collect()
}

fn failing(words: &str) -> Reply {
    Reply::Output(Output {
        stderr: words.into(),
        status: 1,
        ..Output::default()
    })
}

fn never(_: &str, _: Endpoint) -> Result<(), String> {
    Err("cannot be asked".to_owned())
}

#[tokio::test(start_paused = true)]
async fn every_failure_is_told_and_the_other_nodes_have_done_it() {
    let fleet = Fleet::new(|call: &Call<'_>| match call.node.address.as_str() {
        "10.0.0.1" => Reply::Never,
        "10.0.0.2" => Output::default().into(),
        _ => failing("no space left on device\n"),
    });
    let engine = Engine::new(fleet, ProbeFn(never), Options::default());
    let action = Action::CreateVolume {
        nodes: addresses(),
        name: "etcd-cke".to_owned(),
    };
    let error = engine.apply(&nodes(), &action, &BTreeMap::new()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "making volume etcd-cke failed on 2 of 3 nodes: 10.0.0.1: timed out after 120s while running the command; \
         10.0.0.3: the command ended with status 1: no space left on device"
    );
    assert_eq!(engine.runner().total().commands, 3, "one SSH command a node");
}

#[tokio::test(start_paused = true)]
async fn image_is_pulled_again_where_that_failed() {
    static TRIES: AtomicU32 = AtomicU32::new(0);
    let fleet = Fleet::new(|call: &Call<'_>| {
        if call.node.address == "10.0.0.1" && TRIES.fetch_add(1, Ordering::Relaxed) < 2 {
            return failing("registry is busy");
        }
        Output::default().into()
    });
    let engine = Engine::new(fleet, ProbeFn(never), Options::default());
    let action = Action::PullImage {
        nodes: addresses(),
        image: "etcd:1".to_owned(),
    };
    engine.apply(&nodes(), &action, &BTreeMap::new()).await.unwrap();
    assert_eq!(engine.runner().counts("10.0.0.1").commands, 3);
    assert_eq!(engine.runner().counts("10.0.0.2").commands, 1);
}

#[tokio::test(start_paused = true)]
async fn kubelets_are_waited_for_without_ssh() {
    static LOOKS: AtomicU32 = AtomicU32::new(0);
    let starting = |address: &str, _: Endpoint| {
        let starts = address == "10.0.0.2" && LOOKS.fetch_add(1, Ordering::Relaxed) < 5;
        if starts { Err("starting".to_owned()) } else { Ok(()) }
    };
    let silent = |_: &Call<'_>| -> Reply { panic!("no command is needed") };
    let engine = Engine::new(Fleet::new(silent), ProbeFn(starting), Options::default());
    let action = Action::WaitKubelet { nodes: addresses() };
    let started = tokio::time::Instant::now();
    engine.apply(&nodes(), &action, &BTreeMap::new()).await.unwrap();
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());

    let engine = Engine::new(Fleet::new(silent), ProbeFn(never), Options::default());
    let error = engine
        .apply(&nodes()[..2], &action, &BTreeMap::new())
        .await
        .unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("kubelet is not healthy after 50s on 3 of 3 nodes: 10.0.0.1: cannot be asked; "),
        "{error}"
    );
}

#[tokio::test]
async fn strangers_and_other_actions_are_refused_before_anything_is_done() {
    let fleet = Fleet::new(|_: &Call<'_>| Output::default().into());
    let engine = Engine::new(fleet, ProbeFn(never), Options::default());
    let action = Action::CreateVolume {
        nodes: vec!["10.0.0.1".to_owned(), "10.9.9.9".to_owned()],
        name: "v".to_owned(),
    };
    let error = engine.apply(&nodes(), &action, &BTreeMap::new()).await.unwrap_err();
    assert!(matches!(error, ApplyError::UnknownNode(address) if address == "10.9.9.9"));
    let action = Action::SetConfigVersion {
        version: "2".to_owned(),
    };
    let error = engine.apply(&nodes(), &action, &BTreeMap::new()).await.unwrap_err();
    assert!(matches!(error, ApplyError::NotForNodes));
    assert_eq!(engine.runner().total().commands, 0);
}
