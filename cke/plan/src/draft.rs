//! A plan that is being made: operations, waits, and what the disruptions so far have cost.

use crate::ledger::Ledger;
use crate::plan::{Subject, Wait};
use crate::view::{NodeView, View};
use crate::wait::WaitReason;
use cke_model::{Node, Operation};

/// A plan that is being made.
pub(crate) struct Draft<'a> {
    pub(crate) operations: Vec<Operation>,
    pub(crate) waits: Vec<Wait>,
    pub(crate) ledger: Ledger<'a>,
    at_once: usize,
}

/// Whether an operation takes its nodes out of service for a moment.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Costs {
    /// It starts what does not run.
    Nothing,
    /// It is paid from the budget, node by node.
    Disruption,
}

impl<'a> Draft<'a> {
    pub(crate) fn new(view: &View<'a>) -> Self {
        Self {
            operations: Vec::new(),
            waits: Vec::new(),
            ledger: Ledger::new(view),
            at_once: view.desired.options.max_concurrent_updates.max(1),
        }
    }

    pub(crate) fn wait(&mut self, subject: Subject, reason: WaitReason) {
        self.waits.push(Wait { subject, reason });
    }

    pub(crate) fn wait_cluster(&mut self, reason: WaitReason) {
        self.wait(Subject::Cluster, reason);
    }

    pub(crate) fn wait_node(&mut self, node: &NodeView<'_>, reason: WaitReason) {
        self.wait(Subject::Node(node.address().to_owned()), reason);
    }

    /// The nodes that an operation may touch: as many as are touched at once, and as the budget pays for. The others wait.
    pub(crate) fn some_of(
        &mut self,
        view: &View<'_>,
        nodes: impl IntoIterator<Item = NodeView<'a>>,
        operation: &str,
        costs: Costs,
    ) -> Vec<&'a Node> {
        let at_once = self.at_once;
        self.up_to(at_once, view, nodes, operation, costs)
    }

    /// As [`Draft::some_of`], all at once.
    pub(crate) fn all_of(
        &mut self,
        view: &View<'_>,
        nodes: impl IntoIterator<Item = NodeView<'a>>,
        operation: &str,
        costs: Costs,
    ) -> Vec<&'a Node> {
        self.up_to(usize::MAX, view, nodes, operation, costs)
    }

    /// As [`Draft::some_of`], with another number.
    pub(crate) fn up_to(
        &mut self,
        at_once: usize,
        view: &View<'_>,
        nodes: impl IntoIterator<Item = NodeView<'a>>,
        operation: &str,
        costs: Costs,
    ) -> Vec<&'a Node> {
        let mut chosen = Vec::new();
        for (ahead, node) in nodes.into_iter().enumerate() {
            let answer = if chosen.len() >= at_once {
                Err(WaitReason::Turn {
                    operation: operation.to_owned(),
                    ahead,
                    at_once,
                })
            } else if costs == Costs::Disruption {
                self.ledger.pay(view, &node, operation)
            } else {
                Ok(())
            };
            match answer {
                Ok(()) => chosen.push(node.node),
                Err(reason) => self.wait_node(&node, reason),
            }
        }
        chosen
    }
}
