//! The container engines of all nodes: observing them.

use crate::health::{Endpoint, Probes};
use crate::observe::{ahead, parse, script};
use cke_model::observed::{ComponentStatus, NodeStatus};
use cke_model::{Cluster, Node};
use futures::stream::{self, StreamExt as _};
use jiff::Timestamp;
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
        let before = Timestamp::now();
        let answer = self.runner.run(&address, script, None, deadline).await;
        let seen = match answer {
            Ok(Output { stdout, .. }) => parse(&stdout).map_err(|unclear| format!("{}: {unclear}", node.address)),
            Err(error) => Err(error.in_words()),
        };
        match seen {
            Err(reason) => unreachable(node, reason),
            Ok(seen) => {
                let clock = seen.clock;
                let mut status = seen.into_status(etcd_volume);
                status.clock_ahead = clock.map(|clock| ahead(clock, before, Timestamp::now()));
                self.probe_all(&node.address, &mut status).await;
                status
            }
        }
    }

    /// Asks whatever runs, at once.
    async fn probe_all(&self, address: &str, status: &mut NodeStatus) {
        tokio::join!(
            self.probe(address, Endpoint::ApiServer, &mut status.api_server),
            self.probe(address, Endpoint::ControllerManager, &mut status.controller_manager),
            self.probe(address, Endpoint::Scheduler, &mut status.scheduler),
            self.probe(address, Endpoint::Proxy, &mut status.proxy),
            self.probe(address, Endpoint::Kubelet, &mut status.kubelet),
        );
    }

    async fn probe(&self, address: &str, endpoint: Endpoint, component: &mut ComponentStatus) {
        if !component.service.running {
            return;
        }
        let result = self.probes.probe(address, endpoint).await;
        component.healthy = result.is_ok();
        if let Err(reason) = result {
            tracing::info!(node = address, component = ?endpoint, reason, "a component that runs is not healthy");
            component.unhealthy_because = Some(reason);
        }
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
