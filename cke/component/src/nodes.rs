//! Node objects in Kubernetes.

use crate::steps::step;
use cke_model::Operation;
use cke_model::operation::{Action, NodeAttributes};

/// `wait-kubernetes`: waits until the API answers and has made its first objects.
#[must_use]
pub fn wait(api_server: &str) -> Operation {
    let action = Action::KubeWait {
        api_server: api_server.to_owned(),
    };
    Operation {
        name: "wait-kubernetes".to_owned(),
        targets: vec![api_server.to_owned()],
        steps: vec![step("waitKubeCommand", "kube-system sa/default", action)],
    }
}

/// `update-node`: sets labels, annotations and taints.
#[must_use]
pub fn update(api_server: &str, nodes: Vec<NodeAttributes>) -> Operation {
    Operation {
        name: "update-node".to_owned(),
        targets: nodes.iter().map(|node| node.name.clone()).collect(),
        steps: vec![step(
            "updateNode",
            "",
            Action::KubeUpdateNodes {
                api_server: api_server.to_owned(),
                nodes,
            },
        )],
    }
}

/// `remove-node`: removes objects of nodes that are not in the cluster any more.
#[must_use]
pub fn remove(api_server: &str, names: Vec<String>) -> Operation {
    let target = names.join(",");
    let action = Action::KubeRemoveNodes {
        api_server: api_server.to_owned(),
        names,
    };
    Operation {
        name: "remove-node".to_owned(),
        targets: vec![api_server.to_owned()],
        steps: vec![step("removeNode", target, action)],
    }
}

/// `reboot-uncordon`: lets pods come back to nodes that a reboot or a repair had cordoned.
#[must_use]
pub fn uncordon(api_server: &str, names: Vec<String>) -> Operation {
    let target = names.join(",");
    let action = Action::KubeUncordon {
        api_server: api_server.to_owned(),
        nodes: names.clone(),
    };
    Operation {
        name: "reboot-uncordon".to_owned(),
        targets: names,
        steps: vec![step("rebootUncordonCommand", target, action)],
    }
}
