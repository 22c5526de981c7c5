//! How many commands the replacement of every rivers costs, batch after batch until nothing is left to do: steps on nodes, and looks.
//!
//! Looks are those of the daemon: all nodes at the start, after a batch its nodes and the control planes. What it looks at once an interval,
//! changes or not, is not counted.

use super::{Desired, Phase, Timestamp, cluster, decide, observe};
use cke_model::{Action, Observed, Operation};
use std::collections::BTreeSet;

pub(crate) fn print(nodes: usize) {
    let mut desired = Desired::new(cluster(nodes));
    let mut observed = observe(&desired);
    desired.images.tools = "tools:next".to_owned();
    let control_planes: BTreeSet<String> = desired.cluster.control_planes().map(|n| n.address.clone()).collect();
    let (mut steps, mut looks, mut batches) = (0, nodes, 0);
    loop {
        let plan = decide(&desired, &observed, Timestamp::UNIX_EPOCH);
        if plan.operations.is_empty() {
            assert_eq!(plan.phase, Phase::Completed, "{:?}", plan.waits.first());
            break;
        }
        let mut touched = control_planes.clone();
        for operation in &plan.operations {
            steps += apply(operation, &desired.images.tools, &mut observed, &mut touched);
        }
        batches += 1;
        looks += touched.len();
    }
    println!(
        "rolling change of rivers, {nodes} nodes: {} commands ({steps} in steps, {looks} looks) in {batches} batches",
        steps + looks
    );
}

fn apply(operation: &Operation, image: &str, observed: &mut Observed, touched: &mut BTreeSet<String>) -> usize {
    let mut commands = 0;
    for step in &operation.steps {
        let nodes = step.action.only_nodes().unwrap();
        commands += nodes.len();
        touched.extend(nodes.iter().map(|node| (*node).to_owned()));
        let Action::RunContainer(container) = &step.action else {
            continue;
        };
        for node in nodes {
            let status = observed.nodes.get_mut(node).unwrap();
            let service = match container.name.as_str() {
                "etcd-rivers" => &mut status.etcd_rivers,
                _ => &mut status.rivers,
            };
            image.clone_into(&mut service.image);
        }
    }
    commands
}
