//! Actions on the cluster's etcd.

use super::{Done, Failure};
use crate::invariant;
use crate::machine::Data;
use crate::world::World;
use cke_model::observed::EtcdMember;
use cke_model::operation::RunContainer;

const NEW: &str = "--initial-cluster-state=new";
const CLUSTER: &str = "--initial-cluster=";

/// A container of etcd has started: with data it goes on, without it founds the cluster, joins one, or ends.
pub(super) fn started(world: &mut World, address: &str) {
    match world.machines.get(address).map(|machine| machine.data) {
        Some(Data::Of(_)) => return,
        Some(Data::Empty) => {
            found(world, address);
            if let Some(id) = claim(world, address) {
                return world.change(address, |machine, _| machine.data = Data::Of(id));
            }
        }
        _ => {}
    }
    world.change(address, |_, status| status.etcd.service.running = false);
}

/// The first member of a new cluster knows all of them.
fn found(world: &mut World, address: &str) {
    let status = world.seen.nodes.get(address);
    let args = status
        .and_then(|s| s.etcd.service.built_in.extra_args.clone())
        .unwrap_or_default();
    if !args.iter().any(|arg| arg == NEW) || !world.seen.etcd.members.is_empty() {
        return;
    }
    let names = args
        .iter()
        .find_map(|arg| arg.strip_prefix(CLUSTER))
        .unwrap_or_default();
    for name in names.split(',').filter_map(|member| member.split_once('=')) {
        add_named(world, name.0);
    }
}

/// The number of a member that has never started. One that has lost its data finds no place any more.
fn claim(world: &mut World, address: &str) -> Option<u64> {
    let member = world.seen.etcd.members.get_mut(address)?;
    if !world.claimed.insert(member.id) {
        return None;
    }
    address.clone_into(&mut member.name);
    Some(member.id)
}

fn add_named(world: &mut World, address: &str) {
    world.last_id = world.last_id.wrapping_add(1);
    let member = EtcdMember {
        id: world.last_id,
        name: address.to_owned(),
        peer_urls: vec![format!("https://{address}:2380")],
        ..EtcdMember::default()
    };
    world.seen.etcd.members.insert(address.to_owned(), member);
}

pub(super) fn serves(world: &World) -> Done {
    if world.seen.etcd.healthy {
        Ok(())
    } else {
        Err(Failure::Failed)
    }
}

pub(super) fn wait(world: &World, redundant: bool) -> Done {
    serves(world)?;
    let etcd = &world.seen.etcd;
    if redundant && etcd.in_sync.len() <= etcd.members.len().div_ceil(2) {
        return Err(Failure::Failed);
    }
    Ok(())
}

/// Adds a member and starts it; etcd itself refuses when the new cluster would not have a quorum of started members.
pub(super) fn add(world: &mut World, address: &str, container: &RunContainer) -> Done {
    serves(world)?;
    let etcd = &world.seen.etcd;
    if !etcd.members.contains_key(address) {
        let (members, in_sync) = (etcd.members.len().saturating_add(1), etcd.in_sync.len());
        if in_sync <= members / 2 && members > 2 {
            return Err(Failure::Failed);
        }
        add_named(world, address);
        if let Some(member) = world.seen.etcd.members.get_mut(address) {
            member.name.clear();
        }
        // CKE may end between the two: the member is then there and has never started.
        if members > 2 && world.random.chance(100) {
            world.refresh_control();
            return Err(Failure::Failed);
        }
    }
    super::node::run_container(world, container)
}

pub(super) fn remove(world: &mut World, ids: &[u64]) -> Done {
    serves(world)?;
    for id in ids {
        world.seen.etcd.members.retain(|_, member| member.id != *id);
        world.refresh_control();
        invariant::quorum_is_kept(world, true, "a member")?;
    }
    world.changes = world.changes.wrapping_add(1);
    Ok(())
}
