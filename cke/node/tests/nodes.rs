//! Real nodes with a real docker, over a real sshd, as a user who is not root.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use cke_model::images::Images;
use cke_model::observed::NodeStatus;
use cke_model::operation::{ContainerOnNode, RunContainer};
use cke_model::service::{Mount, ServiceParams};
use cke_model::{Action, Node, ResolvedFile};
use cke_node::{Endpoint, Engine, Options, ProbeFn};
use neco_ssh::{Fleet, Keys, MemoryStore};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;
use testkit::fleet::{self, User};
use zeroize::Zeroizing;

type Probe = ProbeFn<fn(&str, Endpoint) -> Result<(), String>>;

struct Site {
    fleet: fleet::Fleet,
    engine: Engine<Fleet, Probe>,
    nodes: Vec<Node>,
    images: Images,
}

impl Site {
    fn new() -> Site {
        let fleet = fleet::Fleet::builder().start().unwrap();
        let key = std::fs::read_to_string(fleet.boot().cke_key()).unwrap();
        let keys = Keys::parse([("", key.as_str())]);
        let ssh = Fleet::new(neco_ssh::Options::default(), keys, Arc::new(MemoryStore::default()));
        let healthy: fn(&str, Endpoint) -> Result<(), String> = |_, _| Ok(());
        let node = |node: &fleet::Node| Node {
            address: node.address(),
            user: User::Cke.name().to_owned(),
            ..Node::default()
        };
        Site {
            nodes: fleet.nodes().iter().map(node).collect(),
            engine: Engine::new(ssh, ProbeFn(healthy), Options::default()),
            images: Images::default(),
            fleet,
        }
    }

    fn addresses(&self) -> Vec<String> {
        self.nodes.iter().map(|node| node.address.clone()).collect()
    }

    fn control_plane(&self) -> String {
        self.addresses().remove(0)
    }

    async fn observe(&self) -> BTreeMap<String, NodeStatus> {
        self.engine.observe(&self.nodes, "etcd-cke").await
    }

    async fn apply(&self, action: &Action) {
        self.engine.apply(&self.nodes, action, &BTreeMap::new()).await.unwrap();
    }

    fn ssh(&self, script: &str) -> String {
        self.fleet.node("cp1").unwrap().ssh(script).unwrap().trim().to_owned()
    }

    fn rivers(&self, restart: bool) -> Action {
        let built_in = ServiceParams {
            extra_args: Some(
                ["rivers", "--upstreams=10.99.0.101:6443", "--listen=127.0.0.1:16443"]
                    .map(str::to_owned)
                    .to_vec(),
            ),
            ..ServiceParams::default()
        };
        let extra = ServiceParams {
            extra_binds: Some(vec![Mount {
                source: "/etc/machine-id".to_owned(),
                destination: "/etc/machine-id".to_owned(),
                read_only: true,
                ..Mount::default()
            }]),
            extra_env: Some(BTreeMap::from([("WORDS".to_owned(), "it's $HOME".to_owned())])),
            ..ServiceParams::default()
        };
        let on_node = |address: String| {
            let here = ContainerOnNode {
                options: Vec::new(),
                built_in: built_in.clone(),
            };
            (address, here)
        };
        Action::RunContainer(RunContainer {
            name: "rivers".to_owned(),
            image: self.images.tools.clone(),
            nodes: self.addresses().into_iter().map(on_node).collect(),
            extra,
            restart,
        })
    }
}

#[test]
fn nodes_are_seen_and_changed() {
    let site = Site::new();
    let runtime = || {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
    };
    site.fleet.boot().run(|| {
        runtime().block_on(async {
            nothing_is_there(&site).await;
            files_lie_as_they_should(&site).await;
            containers_come_stay_and_go(&site).await;
            volumes_come_and_go(&site).await;
            hung_docker_costs_its_node_alone(&site).await;
        });
    });
    for address in site.addresses() {
        assert_eq!(site.engine.runner().counts(&address).handshakes, 1, "{address}");
    }
}

async fn nothing_is_there(site: &Site) {
    for (address, status) in site.observe().await {
        assert_eq!(status.unreachable_because, None, "{address}");
        let expected = NodeStatus {
            ssh_connected: true,
            clock_ahead: Some(0),
            ..NodeStatus::default()
        };
        assert_eq!(status, expected, "{address}");
    }
}

async fn files_lie_as_they_should(site: &Site) {
    let (nodes, image) = (site.addresses(), site.images.tools.clone());
    let dirs = ["/etc/etcd/pki", "/etc/kubernetes/scheduler"]
        .map(str::to_owned)
        .to_vec();
    site.apply(&Action::PullImage {
        nodes: nodes.clone(),
        image: image.clone(),
    })
    .await;
    site.apply(&Action::MakeDirs {
        nodes: nodes.clone(),
        image: image.clone(),
        dirs,
        mode: "755".to_owned(),
    })
    .await;
    let file = |path: &str, text: &str, mode, owner| ResolvedFile {
        path: path.to_owned(),
        bytes: Zeroizing::new(text.as_bytes().to_vec()),
        mode,
        owner,
    };
    let scheduler = "apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\nleaderElection: {leaderElect: true}\n";
    let written = vec![
        file("/etc/etcd/pki/server.key", "PLANTED SECRET\n", 0o600, 10000),
        file("/etc/kubernetes/scheduler/config.yml", scheduler, 0o644, 0),
    ];
    let files = site
        .addresses()
        .into_iter()
        .map(|address| (address, written.clone()))
        .collect();
    let names = nodes.iter().map(|node| cke_model::operation::NodeFiles {
        node: node.clone(),
        files: Vec::new(),
    });
    let action = Action::WriteFiles {
        image: image.clone(),
        nodes: names.collect(),
    };
    site.engine.apply(&site.nodes, &action, &files).await.unwrap();
    let key = site.ssh("stat -c '%a %u %g' /etc/etcd/pki/server.key; cat /etc/etcd/pki/server.key");
    assert_eq!(key, "600 10000 10000\nPLANTED SECRET");
    assert_eq!(site.ssh("ls -A /etc/etcd/pki"), "server.key");
    site.ssh("mkdir -p /etc/cni/net.d && echo old >/etc/cni/net.d/old.conf");
    site.apply(&Action::EmptyDir {
        nodes,
        image,
        dir: "/etc/cni/net.d".to_owned(),
    })
    .await;
    assert_eq!(site.ssh("ls -A /etc/cni/net.d"), "");
}

async fn containers_come_stay_and_go(site: &Site) {
    let id = || site.ssh("docker container inspect --format '{{.Id}}' rivers");
    site.apply(&site.rivers(false)).await;
    let first = id();
    let status = site.observe().await.remove(&site.control_plane()).unwrap();
    let Action::RunContainer(expected) = site.rivers(false) else {
        unreachable!()
    };
    assert!(status.rivers.running);
    assert_eq!(status.rivers.image, site.images.tools);
    assert_eq!(status.rivers.built_in, expected.nodes[&site.control_plane()].built_in);
    assert_eq!(status.rivers.extra, expected.extra);
    let shown = site.ssh("docker container inspect --format '{{json .Config.Env}} {{json .HostConfig.Binds}} {{.HostConfig.NetworkMode}} {{.HostConfig.ReadonlyRootfs}}' rivers");
    assert!(shown.contains(r#""WORDS=it's $HOME""#), "{shown}");
    assert!(
        shown.ends_with(r#"["/etc/machine-id:/etc/machine-id:ro"] host true"#),
        "{shown}"
    );

    site.apply(&site.rivers(false)).await;
    assert_eq!(id(), first, "one that runs is left");
    site.apply(&site.rivers(true)).await;
    let second = id();
    assert_ne!(second, first, "a restart makes it anew");
    site.ssh("docker container stop -t 1 rivers");
    let stopped = site.observe().await.remove(&site.control_plane()).unwrap();
    assert!(!stopped.rivers.running && !stopped.rivers.image.is_empty());
    site.apply(&site.rivers(false)).await;
    assert_ne!(id(), second, "one that does not run is replaced");

    let nodes = site.addresses();
    site.apply(&Action::KillContainer {
        nodes: nodes.clone(),
        name: "rivers".to_owned(),
    })
    .await;
    site.apply(&Action::StopContainer {
        nodes,
        name: "rivers".to_owned(),
    })
    .await;
    site.ssh(&format!(
        "docker run -d --name=kube-scheduler --network=host {} rivers --upstreams=1.2.3.4:5 --listen=127.0.0.1:5",
        site.images.tools
    ));
    let status = site.observe().await.remove(&site.control_plane()).unwrap();
    assert_eq!(status.rivers, Default::default());
    assert!(status.scheduler.service.running && status.scheduler.healthy);
    assert_eq!(status.scheduler.service.built_in, ServiceParams::default());
    let config = serde_json::json!({"leaderElection": {"leaderElect": true}});
    assert_eq!(status.scheduler.config, Some(config));
    site.ssh("rm /etc/kubernetes/scheduler/config.yml");
    let status = site.observe().await.remove(&site.control_plane()).unwrap();
    assert!(status.scheduler.service.running && status.scheduler.config.is_none());
    let stop = Action::StopContainer {
        nodes: vec![site.control_plane()],
        name: "kube-scheduler".to_owned(),
    };
    site.apply(&stop).await;
}

async fn volumes_come_and_go(site: &Site) {
    let nodes = vec![site.control_plane()];
    for name in ["etcd-cke", "etcd-added-member"] {
        let create = Action::CreateVolume {
            nodes: nodes.clone(),
            name: name.to_owned(),
        };
        site.apply(&create).await;
        site.apply(&create).await;
    }
    let status = site.observe().await.remove(&site.control_plane()).unwrap();
    assert!(status.etcd.has_data && status.etcd.is_added_member);
    let remove = Action::RemoveVolume {
        nodes,
        name: "etcd-cke".to_owned(),
    };
    site.apply(&remove).await;
    site.apply(&remove).await;
    let status = site.observe().await.remove(&site.control_plane()).unwrap();
    assert!(!status.etcd.has_data && !status.etcd.is_added_member);
}

async fn hung_docker_costs_its_node_alone(site: &Site) {
    site.ssh("systemctl kill --signal=STOP docker");
    let (worker, sick) = (&site.nodes[1], &site.nodes[0]);
    let started = Instant::now();
    let healthy = async {
        let status = site.engine.observe_node(worker, "etcd-cke").await;
        (status, started.elapsed())
    };
    let sick = async {
        let status = site.engine.observe_node(sick, "etcd-cke").await;
        (status, started.elapsed())
    };
    let ((sick, given_up), (healthy, after)) = tokio::join!(sick, healthy);
    site.ssh("systemctl kill --signal=CONT docker");
    assert!(healthy.ssh_connected, "{healthy:?}");
    assert!(after < given_up, "{after:?} {given_up:?}");
    let reason = sick.unreachable_because.unwrap();
    assert!(reason.contains("docker does not answer"), "{reason}");
    assert!(!sick.ssh_connected);
    let clients = site.ssh("pgrep -c -f '^docker (container|volume)' || true");
    assert_eq!(clients, "0", "no client of ours is left on the node");
}
