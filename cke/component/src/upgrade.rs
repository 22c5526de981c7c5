//! Changes to clusters that an older version built.

use crate::Site;
use crate::steps::{addresses, operation, step};
use cke_model::Operation;
use cke_model::names::{CONFIG_VERSION, FIRST_CONFIG_VERSION, volume::ETCD_ADDED_MEMBER};
use cke_model::operation::Action;

/// `upgrade`: from a version of the configuration to the present one; no step where that version is not known.
#[must_use]
pub fn upgrade(site: &Site<'_>, from: &str) -> Operation {
    let nodes = site.control_planes.as_slice();
    let mut steps = Vec::new();
    if from == FIRST_CONFIG_VERSION {
        let mark = Action::CreateVolume {
            nodes: addresses(nodes),
            name: ETCD_ADDED_MEMBER.to_owned(),
        };
        let version = Action::SetConfigVersion {
            version: CONFIG_VERSION.to_owned(),
        };
        steps.extend([mark, version].map(|action| step("upgrade-version-from-1-to-2", ETCD_ADDED_MEMBER, action)));
    }
    operation("upgrade", nodes, steps)
}
