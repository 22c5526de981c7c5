//! The container engines of all nodes: observing them.

use crate::health::{Endpoint, Probes};
use crate::observe::{parse, script};
use cke_model::observed::{ComponentStatus, NodeStatus};
use cke_model::{Cluster, Node};
use futures::stream::{self, StreamExt as _};
use neco_ssh::{NodeAddress, Output, Runner};
use std::collections::BTreeMap;
use std::time::Duration;

/// Limits.
#[derive(Debug, Clone)]
pub struct Options {
    /// How long observing one node may take, its connection included.
    pub observe_deadline: Duration,
    /// How long a step may take on one node, unless it pulls images or waits for a container's end.
    pub step_deadline: Duration,
    /// How long a step may take that pulls images or waits for a container's end.
    pub long_deadline: Duration,
    /// How long kubelets may take to become healthy.
    pub kubelet_deadline: Duration,
    /// Nodes that are observed or changed at once.
    pub concurrency: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            observe_deadline: Duration::from_secs(20),
            step_deadline: Duration::from_secs(120),
            long_deadline: Duration::from_secs(600),
            kubelet_deadline: Duration::from_secs(50),
            concurrency: 1024,
        }
    }
}

/// The container engines of all nodes, reached by a runner, and what asks components for their health.
#[derive(Debug)]
pub struct Engine<R, P> {
    pub(crate) runner: R,
    pub(crate) probes: P,
    pub(crate) options: Options,
}

impl<R: Runner, P: Probes> Engine<R, P> {
    /// An engine.
    pub fn new(runner: R, probes: P, options: Options) -> Self {
        Self {
            runner,
            probes,
            options,
        }
    }

    /// The runner.
    pub fn runner(&self) -> &R {
        &self.runner
    }

    /// The probes.
    pub fn probes(&self) -> &P {
        &self.probes
    }

    /// Observes these nodes at once, each until its own deadline. Every node is in the result; what cannot be reached
    /// says why. `etcd_volume` is the name of etcd's data volume.
    pub async fn observe<'a>(
        &self,
        nodes: impl IntoIterator<Item = &'a Node>,
        etcd_volume: &str,
    ) -> BTreeMap<String, NodeStatus> {
        let script = &script(etcd_volume);
        stream::iter(nodes)
            .map(|node| async move { (node.address.clone(), self.observe_with(node, script, etcd_volume).await) })
            .buffer_unordered(self.options.concurrency)
            .collect()
            .await
    }

    /// Observes one node.
    pub async fn observe_node(&self, node: &Node, etcd_volume: &str) -> NodeStatus {
        self.observe_with(node, &script(etcd_volume), etcd_volume).await
    }

    async fn observe_with(&self, node: &Node, script: &str, etcd_volume: &str) -> NodeStatus {
        let deadline = self.options.observe_deadline;
        let address = NodeAddress::new(&node.address, &node.user);
        let answer = self.runner.run(&address, script, None, deadline).await;
        let seen = match answer {
            Ok(Output { stdout, .. }) => parse(&stdout).map_err(|unclear| format!("{}: {unclear}", node.address)),
            Err(error) => Err(error.in_words()),
        };
        match seen {
            Err(reason) => unreachable(node, reason),
            Ok(seen) => {
                let mut status = seen.into_status(etcd_volume);
                self.probe_all(&node.address, &mut status).await;
                status
            }
        }
    }

    /// Asks whatever runs, at once.
    async fn probe_all(&self, address: &str, status: &mut NodeStatus) {
        let healthy = |component: &ComponentStatus, endpoint| {
            let running = component.service.running;
            async move { running && self.is_healthy(address, endpoint).await }
        };
        let (api_server, controller_manager, scheduler, proxy, kubelet) = tokio::join!(
            healthy(&status.api_server, Endpoint::ApiServer),
            healthy(&status.controller_manager, Endpoint::ControllerManager),
            healthy(&status.scheduler, Endpoint::Scheduler),
            healthy(&status.proxy, Endpoint::Proxy),
            healthy(&status.kubelet, Endpoint::Kubelet),
        );
        status.api_server.healthy = api_server;
        status.controller_manager.healthy = controller_manager;
        status.scheduler.healthy = scheduler;
        status.proxy.healthy = proxy;
        status.kubelet.healthy = kubelet;
    }

    async fn is_healthy(&self, address: &str, endpoint: Endpoint) -> bool {
        let result = self.probes.probe(address, endpoint).await;
        if let Err(reason) = &result {
            tracing::info!(node = address, component = ?endpoint, reason, "a component that runs is not healthy");
        }
        result.is_ok()
    }
}

fn unreachable(node: &Node, reason: String) -> NodeStatus {
    // The status carries the reason; who compares it with the last one tells what changed.
    tracing::debug!(node = node.address, reason, "a node cannot be observed");
    NodeStatus {
        unreachable_because: Some(reason),
        ..NodeStatus::default()
    }
}

/// The name of etcd's data volume in a cluster.
#[must_use]
pub fn etcd_volume(cluster: &Cluster) -> &str {
    match cluster.options.etcd.volume_name.as_str() {
        "" => cke_model::names::volume::ETCD,
        name => name,
    }
}
