//! What need not be looked at again at once.
//!
//! A rolling change over N nodes takes N/10 batches. To look at all N after each of them would take a number of commands that grows with
//! the square of N. So after operations that changed nothing but objects and some nodes, only these nodes and the control planes are looked
//! at; all are once an interval, and whenever the loop has waited or something failed.

use cke_model::observed::NodeStatus;
use cke_model::{Action, Cluster, Node, Operation};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Statuses of nodes that nothing was done to since they were looked at.
#[derive(Debug, Default)]
pub(crate) struct Recent {
    kept: BTreeMap<String, NodeStatus>,
    all_at: Option<Instant>,
}

impl Recent {
    /// The nodes to look at now.
    pub(super) fn due<'a>(&mut self, cluster: &'a Cluster, now: Instant, interval: Duration) -> Vec<&'a Node> {
        if self.all_at.is_none_or(|at| now.duration_since(at) >= interval) {
            self.kept.clear();
        }
        if self.kept.is_empty() {
            self.all_at = Some(now);
        }
        let nodes = cluster.nodes.iter();
        nodes
            .filter(|node| node.control_plane || !self.kept.contains_key(&node.address))
            .collect()
    }

    /// All nodes: those that were looked at, and what is known of the others. Nothing is kept beyond this.
    pub(super) fn complete(
        &mut self,
        looked: BTreeMap<String, NodeStatus>,
        cluster: &Cluster,
    ) -> BTreeMap<String, NodeStatus> {
        let mut known = std::mem::take(&mut self.kept);
        let kept = cluster.nodes.iter();
        let mut nodes: BTreeMap<_, _> = kept.filter_map(|node| known.remove_entry(&node.address)).collect();
        nodes.extend(looked);
        nodes
    }

    /// Keeps what these operations, which succeeded, did not change.
    pub(crate) fn keep(&mut self, mut nodes: BTreeMap<String, NodeStatus>, operations: &[Operation]) {
        let mut actions = operations.iter().flat_map(|operation| &operation.steps);
        let forgotten = actions.try_for_each(|step| {
            for address in touched(&step.action)? {
                nodes.remove(address);
            }
            Some(())
        });
        if forgotten.is_some() {
            nodes.retain(|_, status| is_settled(status));
            self.kept = nodes;
        }
    }
}

/// The nodes on which it changes something; none where it may be any of them.
fn touched(action: &Action) -> Option<Vec<&str>> {
    match action {
        Action::KubeWait { .. }
        | Action::KubePutEndpoints { .. }
        | Action::KubePutEndpointSlice { .. }
        | Action::KubePutEtcdService { .. }
        | Action::KubePutConfigMap { .. }
        | Action::KubeApply { .. }
        | Action::KubeUpdateNodes { .. } => Some(Vec::new()),
        action => action.only_nodes(),
    }
}

/// Whether it is not about to change by itself: what was started a moment ago becomes healthy soon.
fn is_settled(status: &NodeStatus) -> bool {
    let components = [&status.proxy, &status.kubelet];
    components
        .iter()
        .all(|component| component.healthy || !component.service.running)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use cke_model::operation::Step;

    const INTERVAL: Duration = Duration::from_secs(60);

    fn cluster(addresses: &[&str]) -> Cluster {
        let node = |address: &&str| Node {
            address: (*address).to_owned(),
            control_plane: address.starts_with('c'),
            ..Node::default()
        };
        Cluster {
            nodes: addresses.iter().map(node).collect(),
            ..Cluster::default()
        }
    }

    fn operation(action: Action) -> Operation {
        Operation {
            name: "change".to_owned(),
            targets: Vec::new(),
            steps: vec![Step {
                name: "change".to_owned(),
                target: String::new(),
                action,
            }],
        }
    }

    fn pull(nodes: &[&str]) -> Operation {
        operation(Action::PullImage {
            nodes: nodes.iter().map(|node| (*node).to_owned()).collect(),
            image: "tools".to_owned(),
        })
    }

    /// Looks, and gives at which nodes.
    fn look(recent: &mut Recent, cluster: &Cluster, now: Instant, then: &[Operation]) -> Vec<String> {
        let due: Vec<String> = recent
            .due(cluster, now, INTERVAL)
            .into_iter()
            .map(|node| node.address.clone())
            .collect();
        let looked = due.iter().map(|node| (node.clone(), NodeStatus::default())).collect();
        let nodes = recent.complete(looked, cluster);
        assert!(cluster.nodes.iter().all(|node| nodes.contains_key(&node.address)));
        assert_eq!(nodes.len(), cluster.nodes.len());
        if !then.is_empty() {
            recent.keep(nodes, then);
        }
        due
    }

    #[test]
    fn only_what_was_touched_and_control_planes_are_looked_at_between_batches() {
        let (mut recent, now) = (Recent::default(), Instant::now());
        let cluster = cluster(&["c1", "w1", "w2", "w3"]);
        assert_eq!(look(&mut recent, &cluster, now, &[pull(&["w1"])]).len(), 4);
        assert_eq!(look(&mut recent, &cluster, now, &[pull(&["w2", "w3"])]), ["c1", "w1"]);
        assert_eq!(look(&mut recent, &cluster, now, &[]), ["c1", "w2", "w3"]);
        assert_eq!(look(&mut recent, &cluster, now, &[]).len(), 4, "after a pause");
    }

    #[test]
    fn all_are_looked_at_once_an_interval() {
        let (mut recent, now) = (Recent::default(), Instant::now());
        let cluster = cluster(&["c1", "w1", "w2"]);
        look(&mut recent, &cluster, now, &[pull(&["w1"])]);
        look(&mut recent, &cluster, now + INTERVAL / 2, &[pull(&["w1"])]);
        assert_eq!(look(&mut recent, &cluster, now + INTERVAL, &[pull(&["w1"])]).len(), 3);
    }

    #[test]
    fn new_nodes_are_looked_at_and_gone_ones_forgotten() {
        let (mut recent, now) = (Recent::default(), Instant::now());
        look(&mut recent, &cluster(&["c1", "w1", "w2"]), now, &[pull(&["c1"])]);
        let due = look(&mut recent, &cluster(&["c1", "w2", "w9"]), now, &[]);
        assert_eq!(due, ["c1", "w9"]);
    }

    #[test]
    fn what_is_not_healthy_yet_is_looked_at_again() {
        let mut recent = Recent::default();
        let mut starting = NodeStatus::default();
        starting.kubelet.service.running = true;
        let nodes = [("w1", starting), ("w2", NodeStatus::default())];
        let nodes = nodes.map(|(address, status)| (address.to_owned(), status));
        recent.all_at = Some(Instant::now());
        recent.keep(nodes.into(), &[pull(&["w3"])]);
        let cluster = cluster(&["w1", "w2"]);
        let due = recent.due(&cluster, Instant::now(), INTERVAL);
        assert_eq!(due, [&cluster.nodes[0]]);
    }

    #[test]
    fn what_changes_objects_leaves_nodes_and_what_may_change_any_keeps_nothing() {
        let (mut recent, now) = (Recent::default(), Instant::now());
        let cluster = cluster(&["c1", "w1"]);
        let wait = operation(Action::KubeWait {
            api_server: "c1".to_owned(),
        });
        look(&mut recent, &cluster, now, &[wait]);
        let removal = operation(Action::EtcdRemoveMembers {
            endpoints: Vec::new(),
            ids: Vec::new(),
        });
        assert_eq!(look(&mut recent, &cluster, now, &[pull(&["c1"]), removal]), ["c1"]);
        assert_eq!(look(&mut recent, &cluster, now, &[]).len(), 2);
    }
}
