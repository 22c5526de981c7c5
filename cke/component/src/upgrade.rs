//! Changes to clusters that an older version built.

use crate::Site;
use crate::steps::{addresses, operation, step};
use cke_model::names::{CONFIG_VERSION, FIRST_CONFIG_VERSION, volume::ETCD_ADDED_MEMBER};
use cke_model::operation::Action;
use cke_model::{Node, Observed, Operation};

/// `upgrade`: from a version of the configuration to the present one; no step where that version is not known.
///
/// Members with data are marked as complete. In a new cluster there are none, and the mark comes at the end of the bootstrap:
/// a bootstrap that did not come to its end can thus be told from one that did.
#[must_use]
pub fn upgrade(site: &Site<'_>, from: &str, observed: &Observed) -> Operation {
    let nodes = site.control_planes.as_slice();
    if from != FIRST_CONFIG_VERSION {
        return operation("upgrade", nodes, Vec::new());
    }
    let has_data = |node: &&Node| {
        observed
            .nodes
            .get(&node.address)
            .is_some_and(|status| status.etcd.has_data)
    };
    let members: Vec<_> = nodes.iter().copied().filter(has_data).collect();
    let mark = Action::CreateVolume {
        nodes: addresses(&members),
        name: ETCD_ADDED_MEMBER.to_owned(),
    };
    let version = Action::SetConfigVersion {
        version: CONFIG_VERSION.to_owned(),
    };
    let actions = (!members.is_empty()).then_some(mark).into_iter().chain([version]);
    let steps = actions.map(|action| step("upgrade-version-from-1-to-2", ETCD_ADDED_MEMBER, action));
    operation("upgrade", nodes, steps.collect())
}
