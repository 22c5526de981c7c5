//! What must hold in the rest of the cluster before a machine is drained or repaired. Entries may always end.

use super::Next;
use crate::draft::Draft;
use crate::view::View;
use crate::wait::WaitReason;
use cke_model::observed::EtcdClusterStatus;
use cke_model::repair::RepairEntry;

pub(super) fn allows(
    view: &View<'_>,
    draft: &mut Draft<'_>,
    entry: &RepairEntry,
    next: &Next<'_>,
) -> Result<(), WaitReason> {
    let operation = match next {
        Next::Drain => "repair-drain-start",
        Next::Execute(_) => "repair-execute",
        Next::Dequeue | Next::Finish { .. } | Next::DrainTimeout => return Ok(()),
    };
    etcd_bears_it(view, entry)?;
    if *next == Next::Drain && view.healthy_api_server().is_none() {
        return Err(WaitReason::NoHealthyApiServer {});
    }
    view.node(&entry.address)
        .map_or(Ok(()), |node| draft.ledger.pay(view, node, operation))
}

/// Whether the phase shows that repairs wait. Those that wait for the budget do not: others may have to end first.
pub(super) fn holds_the_phase(reason: &WaitReason) -> bool {
    !matches!(reason, WaitReason::BudgetSpent { .. })
}

/// etcd serves, and no more than one control plane is lost: that one may be what is to be repaired. A member that is in sync
/// is repaired only where the others have a quorum without it.
fn etcd_bears_it(view: &View<'_>, entry: &RepairEntry) -> Result<(), WaitReason> {
    let etcd = &view.observed.etcd;
    let lost = |address: &String| {
        view.node(address)
            .is_some_and(|n| n.node.control_plane && !n.connected())
    };
    let out_of_sync: Vec<_> = view
        .etcd_out_of_sync()
        .filter(|address| !lost(address))
        .cloned()
        .collect();
    let in_sync = etcd.members.len().saturating_sub(view.etcd_out_of_sync().count());
    let needed = view.desired.constraints.control_plane_count.saturating_sub(1);
    let needed = needed.max(quorum_beside(etcd, &entry.address));
    let enough = i64::try_from(in_sync).is_ok_and(|n| n >= needed);
    if etcd.healthy && out_of_sync.is_empty() && enough {
        return Ok(());
    }
    Err(WaitReason::EtcdTooWeakForRepair {
        healthy: etcd.healthy,
        in_sync,
        needed,
        out_of_sync,
    })
}

/// How many members must be in sync before this one may go, if it serves. The only member of a cluster may always go.
fn quorum_beside(etcd: &EtcdClusterStatus, address: &str) -> i64 {
    let members = etcd.members.len();
    if members < 2 || !etcd.members.contains_key(address) || !etcd.in_sync.contains(address) {
        return 0;
    }
    i64::try_from(members / 2 + 2).unwrap_or(i64::MAX)
}
