//! Both containers on a machine with a real docker, from nothing, and after somebody touched them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use bytes::Bytes;
use cke_component::node_dns::unbound_conf_of_host;
use cke_localproxy::run::{Files, LocalProxy};
use cke_model::operation::{Action, Content};
use cke_model::{Cluster, Images, ResolvedFile};
use neco_ssh::{Error, NodeAddress, Output, Runner};
use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;
use testkit::fleet::{Fleet, User};
use zeroize::Zeroizing;

/// Runs commands on the fleet's only node: it is the boot server here.
#[derive(Debug, Clone)]
struct Host(Arc<Fleet>);

impl Runner for Host {
    async fn run(&self, _: &NodeAddress, command: &str, stdin: Option<Bytes>, _: Duration) -> Result<Output, Error> {
        let (fleet, command) = (Arc::clone(&self.0), command.to_owned());
        let run = move || {
            let mut command = fleet.nodes()[0].command_as(User::Root, &command);
            let command = command
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped());
            let mut child = command.spawn().unwrap();
            child
                .stdin
                .take()
                .unwrap()
                .write_all(&stdin.unwrap_or_default())
                .unwrap();
            let ended = child.wait_with_output().unwrap();
            let status = u32::try_from(ended.status.code().unwrap()).unwrap();
            Output {
                stdout: ended.stdout,
                stderr: ended.stderr,
                status,
            }
        };
        Ok(tokio::task::spawn_blocking(run).await.unwrap())
    }
}

/// Files as they are, and a kubeconfig without credentials.
struct Plain;

impl Files for Plain {
    async fn resolve(&self, action: &Action) -> Result<BTreeMap<String, Vec<ResolvedFile>>, cke_pki::Error> {
        let Action::WriteFiles { nodes, .. } = action else {
            return Ok(BTreeMap::new());
        };
        let file = |file: &cke_model::operation::NodeFile| {
            let text = match &file.content {
                Content::Text(text) => text.clone(),
                Content::Kubeconfig { server, .. } => kubeconfig(server),
                other => panic!("{other:?}"),
            };
            let (bytes, mode) = (Zeroizing::new(text.into_bytes()), 0o600);
            ResolvedFile {
                path: file.path.clone(),
                bytes,
                mode,
                owner: 0,
            }
        };
        Ok(nodes
            .iter()
            .map(|node| (node.node.clone(), node.files.iter().map(file).collect()))
            .collect())
    }
}

fn kubeconfig(server: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Config\nclusters:\n- cluster:\n    server: {server}\n  name: test\ncontexts:\n\
         - context:\n    cluster: test\n    user: test\n  name: default\ncurrent-context: default\nusers:\n- name: test\n  user: {{}}\n"
    )
}

/// No limits of the kernel's connection table: they cannot be set in a namespace.
const CLUSTER: &str = "name: test\nservice_subnet: 10.68.0.0/16\noptions:\n  kube-proxy:\n    config:\n      mode: iptables\n      conntrack: {maxPerCore: 0}\n";

struct Site {
    fleet: Arc<Fleet>,
    cluster: Cluster,
    api_server: &'static str,
    conf: String,
}

impl Site {
    fn start() -> Site {
        let fleet = Fleet::builder().workers(0).start().unwrap();
        Site {
            fleet: Arc::new(fleet),
            cluster: Cluster::parse(CLUSTER).unwrap().0,
            api_server: "10.99.0.201",
            conf: unbound_conf_of_host("10.68.0.10", "cluster.local", &[]),
        }
    }

    fn proxy(&self) -> LocalProxy<Host> {
        LocalProxy::new(Host(Arc::clone(&self.fleet)), Images::default())
    }

    /// Names of the operations of one round.
    async fn round(&self, proxy: &mut LocalProxy<Host>) -> Vec<String> {
        let servers = vec![self.api_server.to_owned()];
        let decision = proxy
            .look(&self.cluster, servers, Some(self.conf.clone()))
            .await
            .unwrap();
        let names = decision
            .due
            .iter()
            .map(|(operation, _)| operation.name.clone())
            .collect();
        proxy.act(decision, &Plain).await.unwrap();
        names
    }

    fn on_host(&self, script: &str) -> String {
        self.fleet.nodes()[0].ssh(script).unwrap()
    }

    /// When both containers were started.
    fn started(&self) -> String {
        self.on_host(
            "docker inspect --format '{{.Name}} {{.State.Running}} {{.State.StartedAt}}' kube-proxy cke-unbound",
        )
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn both_containers_are_started_and_kept() {
    let mut site = tokio::task::spawn_blocking(Site::start).await.unwrap();
    let mut proxy = site.proxy();
    let none: [&str; 0] = [];

    assert_eq!(
        site.round(&mut proxy).await,
        ["kube-proxy-bootstrap", "unbound-boot-op"]
    );
    let started = site.started();
    assert!(
        started.contains("/kube-proxy true") && started.contains("/cke-unbound true"),
        "{started}"
    );
    assert_eq!(site.on_host("cat /etc/unbound/unbound.conf"), site.conf);
    // It answers on the host's own addresses, as its resolv.conf wants.
    site.on_host("for i in $(seq 300); do (exec 3<>/dev/tcp/127.0.0.1/53) && exit 0; sleep 0.2; done; exit 1");
    assert_eq!(site.round(&mut proxy).await, none);
    assert_eq!(
        site.round(&mut site.proxy()).await,
        none,
        "a start of the program restarts nothing"
    );
    assert_eq!(site.started(), started);

    site.on_host("docker rm --force cke-unbound");
    assert_eq!(site.round(&mut proxy).await, ["unbound-boot-op"]);
    site.on_host("docker stop --time 1 kube-proxy");
    assert_eq!(site.round(&mut proxy).await, ["kube-proxy-bootstrap"]);

    site.conf = unbound_conf_of_host("10.68.0.10", "cluster.local", &["192.0.2.53".to_owned()]);
    assert_eq!(site.round(&mut proxy).await, ["unbound-restart-op"]);
    assert!(
        site.on_host("cat /etc/unbound/unbound.conf")
            .contains("forward-addr: 192.0.2.53")
    );
    site.cluster.options.kube_proxy.extra_args = Some(vec!["--v=2".to_owned()]);
    assert_eq!(site.round(&mut proxy).await, ["kube-proxy-restart"]);
    site.api_server = "10.99.0.202";
    assert_eq!(site.round(&mut proxy).await, ["kube-proxy-restart"]);
    assert!(
        site.on_host("cat /etc/kubernetes/proxy/kubeconfig")
            .contains("server: https://10.99.0.202:6443")
    );
    assert_eq!(site.round(&mut proxy).await, none);
    tokio::task::spawn_blocking(move || drop((site, proxy))).await.unwrap();
}
