//! kubelets: started on a few nodes at once, restarted where the API does not know them, and changed under running pods only
//! where the cluster allows it.

use crate::draft::Costs;
use crate::phases::Decision;
use crate::view::NodeView;
use crate::wait::WaitReason;
use cke_component::drift::Drift;
use cke_component::kubelet;
use cke_model::observed::ComponentStatus;

/// The argument that names the container runtime.
const RUNTIME: &str = "--container-runtime-endpoint=";

const BOOT: &str = "kubelet-bootstrap";
const RESTART: &str = "kubelet-restart";

/// Nodes by what their kubelet needs.
#[derive(Default)]
struct Kubelets<'a> {
    unrecognized: Vec<NodeView<'a>>,
    stopped: Vec<NodeView<'a>>,
    outdated: Vec<NodeView<'a>>,
}

pub(super) fn kubelets(decision: &mut Decision<'_, '_>) {
    let view = decision.view;
    // Without a look at Kubernetes every kubelet would seem to be unknown to it.
    let Some(api_server) = view.kubernetes() else { return };
    let sorted = sort(decision);
    let draft = &mut decision.draft;
    let unrecognized = draft.some_of(view, sorted.unrecognized, RESTART, Costs::Disruption);
    if !unrecognized.is_empty() {
        draft
            .operations
            .push(kubelet::restart(&view.site, &unrecognized, view.observed));
    }
    let stopped = draft.some_of(view, sorted.stopped, BOOT, Costs::Nothing);
    if !stopped.is_empty() {
        let known = |node: &&cke_model::Node| view.node(&node.address).is_some_and(|n| n.kube.is_some());
        let registered: Vec<_> = stopped.iter().copied().filter(known).collect();
        let operation = kubelet::boot(&view.site, &stopped, &registered, api_server.address(), view.observed);
        draft.operations.push(operation);
    }
    let outdated = draft.some_of(view, sorted.outdated, RESTART, Costs::Disruption);
    if !outdated.is_empty() {
        draft
            .operations
            .push(kubelet::restart(&view.site, &outdated, view.observed));
    }
}

fn sort<'a>(decision: &mut Decision<'_, 'a>) -> Kubelets<'a> {
    let view = decision.view;
    let mut sorted = Kubelets::default();
    for node in &view.nodes {
        let Some(status) = node.status.map(|s| &s.kubelet) else {
            continue;
        };
        if !status.service.running {
            sorted.stopped.push(*node);
        } else if node.kube.is_none() {
            sorted.unrecognized.push(*node);
        } else if let Some(drift) = decision.wanted.kubelet(node.node, status) {
            match hold(decision, drift, status) {
                None => sorted.outdated.push(*node),
                Some(reason) => decision.draft.wait_node(node, reason),
            }
        }
    }
    sorted
}

/// Why a kubelet that is not as declared is left alone.
fn hold(decision: &Decision<'_, '_>, drift: Drift, status: &ComponentStatus) -> Option<WaitReason> {
    let declared = &decision.view.desired.cluster.options.kubelet;
    match drift {
        Drift::Runtime => {
            let args = status.service.built_in.extra_args.as_deref().unwrap_or_default();
            let running = args
                .iter()
                .find_map(|arg| arg.strip_prefix(RUNTIME))
                .unwrap_or_default()
                .to_owned();
            Some(WaitReason::RuntimeChanged {
                running,
                wanted: declared.cri_endpoint.clone(),
            })
        }
        _ if !declared.in_place_update => Some(WaitReason::InPlaceUpdateOff {}),
        _ => None,
    }
}
