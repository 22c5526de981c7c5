//! What must hold before a node is drained or rebooted.

use crate::ledger::Ledger;
use crate::view::{View, addresses};
use crate::wait::WaitReason;
use cke_model::reboot::RebootEntry;

/// Commands are declared, etcd is in sync, and there is an API server to drain through.
pub(super) fn rest_is_whole(view: &View<'_>) -> Result<(), WaitReason> {
    let policy = &view.desired.cluster.reboot;
    let missing = |command: &Option<Vec<String>>| command.as_ref().is_none_or(Vec::is_empty);
    if missing(&policy.reboot_command) {
        return Err(WaitReason::NoRebootCommand {});
    }
    if missing(&policy.boot_check_command) {
        return Err(WaitReason::NoBootCheckCommand {});
    }
    if !view.observed.etcd.healthy {
        return Err(WaitReason::EtcdUnhealthy {});
    }
    if !view.etcd_is_good() {
        let members = view.etcd_out_of_sync().cloned().collect();
        return Err(WaitReason::EtcdNotInSync { members });
    }
    view.healthy_api_server()
        .map(|_| ())
        .ok_or(WaitReason::NoHealthyApiServer {})
}

/// No more nodes are unreachable than the constraint allows, those that reboot aside.
pub(super) fn few_are_unreachable(view: &View<'_>) -> Result<(), WaitReason> {
    let allowed = view.desired.constraints.reboot_maximum_unreachable;
    let out = view
        .nodes
        .iter()
        .filter(|n| !n.connected() && view.rebooting(n.address()).is_none());
    let which = addresses(out);
    let found = which.len();
    if i64::try_from(found).is_ok_and(|found| found <= allowed) {
        return Ok(());
    }
    Err(WaitReason::TooManyUnreachable { found, allowed, which })
}

/// Every control plane but this one serves, and none is under repair.
pub(super) fn others_serve(view: &View<'_>, entry: &RebootEntry) -> Result<(), WaitReason> {
    let others = || view.control_planes.iter().filter(|n| n.address() != entry.node);
    let repaired = addresses(others().filter(|n| view.repairing(n.address()).is_some()));
    if !repaired.is_empty() {
        return Err(WaitReason::OtherControlPlane { addresses: repaired });
    }
    let unhealthy = addresses(others().filter(|n| !n.api_server_healthy()));
    if !unhealthy.is_empty() {
        return Err(WaitReason::UnhealthyApiServers { addresses: unhealthy });
    }
    Ok(())
}

/// The budget has room for one more node.
pub(super) fn pay(view: &View<'_>, ledger: &mut Ledger<'_>, entry: &RebootEntry) -> Result<(), WaitReason> {
    let node = view.node(&entry.node);
    node.map_or(Ok(()), |node| ledger.pay(view, node, "reboot-drain-start"))
}
