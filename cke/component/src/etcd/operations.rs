//! Operations on etcd.

use super::{built_in, built_in_new, endpoints, files, options, volume_name};
use crate::Site;
use crate::steps::{self, Container, create_volume, operation, pull, remove_volume, step, stop_container, write_files};
use cke_model::names::{container, volume};
use cke_model::observed::EtcdMember;
use cke_model::operation::Action;
use cke_model::{Node, Operation, Step};

/// `etcd-bootstrap`: makes a new cluster of all control planes.
#[must_use]
pub fn boot(site: &Site<'_>) -> Operation {
    let nodes = site.control_planes.as_slice();
    let endpoints = endpoints(nodes);
    let steps = vec![
        pull(nodes, &site.images.etcd),
        write_files(nodes, &site.images.tools, files),
        create_volume(nodes, volume_name(&site.cluster.options.etcd)),
        with_member(site, |member| member.start(nodes, |node| built_in_new(node, nodes))),
        wait_sync(endpoints.clone(), false),
        setup_auth(endpoints),
        create_volume(nodes, volume::ETCD_ADDED_MEMBER),
    ];
    operation("etcd-bootstrap", nodes, steps)
}

/// `etcd-start`: starts members that are stopped.
#[must_use]
pub fn start(site: &Site<'_>, nodes: &[&Node]) -> Operation {
    let steps = vec![
        write_files(nodes, &site.images.tools, files),
        with_member(site, |member| member.start(nodes, built_in)),
        wait_sync(endpoints(nodes), false),
    ];
    operation("etcd-start", nodes, steps)
}

/// `etcd-wait-cluster`: waits until the cluster takes writes.
#[must_use]
pub fn wait_cluster(site: &Site<'_>) -> Operation {
    let endpoints = endpoints(&site.control_planes);
    Operation {
        name: "etcd-wait-cluster".to_owned(),
        targets: endpoints.clone(),
        steps: vec![wait_sync(endpoints, false)],
    }
}

/// `etcd-add-member`: adds a control plane with no data to the cluster.
#[must_use]
pub fn add_member(site: &Site<'_>, node: &Node) -> Operation {
    let nodes = &[node];
    let data = volume_name(&site.cluster.options.etcd);
    let add = with_member(site, |member| {
        let action = Action::EtcdAddMember {
            endpoints: endpoints(&site.control_planes),
            nodename: node.nodename().to_owned(),
            address: node.address.clone(),
            container: member.on(nodes, built_in, false),
        };
        step("add-etcd-member", "", action)
    });
    let steps = vec![
        pull(nodes, &site.images.etcd),
        stop_container(nodes, container::ETCD),
        // The mark goes before the data and comes back last: a member that has it has been added completely.
        remove_volume(nodes, volume::ETCD_ADDED_MEMBER),
        remove_volume(nodes, data),
        create_volume(nodes, data),
        write_files(nodes, &site.images.tools, files),
        add,
        wait_sync(endpoints(nodes), false),
        create_volume(nodes, volume::ETCD_ADDED_MEMBER),
    ];
    operation("etcd-add-member", nodes, steps)
}

/// `etcd-remove-member`: removes members that are no nodes of the cluster any more.
#[must_use]
pub fn remove_members(site: &Site<'_>, members: &[&EtcdMember]) -> Operation {
    Operation {
        name: "etcd-remove-member".to_owned(),
        targets: members.iter().map(|member| member_name(member)).collect(),
        steps: vec![remove(site, members)],
    }
}

/// `etcd-destroy-member`: removes members on nodes that are no control planes any more, and their data. `nodes` are those
/// that can be reached. Without members it ends what was begun: what they left is removed.
#[must_use]
pub fn destroy_members(site: &Site<'_>, nodes: &[&Node], members: &[&EtcdMember]) -> Operation {
    let mut steps = vec![
        remove_volume(nodes, volume::ETCD_ADDED_MEMBER),
        steps::kill_containers(nodes, container::ETCD),
        remove_volume(nodes, volume_name(&site.cluster.options.etcd)),
        wait_sync(endpoints(&site.control_planes), false),
    ];
    if !members.is_empty() {
        steps.insert(1, remove(site, members));
    }
    operation("etcd-destroy-member", nodes, steps)
}

/// `etcd-mark-member`: marks members as completely added. Where none is, the bootstrap may have ended before users were made
/// and `first` makes them.
#[must_use]
pub fn mark_members(site: &Site<'_>, nodes: &[&Node], first: bool) -> Operation {
    let endpoints = endpoints(&site.control_planes);
    let mut steps = vec![create_volume(nodes, volume::ETCD_ADDED_MEMBER)];
    if first {
        steps.insert(0, setup_auth(endpoints));
    }
    operation("etcd-mark-member", nodes, steps)
}

fn setup_auth(endpoints: Vec<String>) -> Step {
    let target = endpoints.join(",");
    step("setup-etcd-auth", target, Action::EtcdSetupAuth { endpoints })
}

/// `etcd-restart`: restarts one member, once the others can do without it.
#[must_use]
pub fn restart(site: &Site<'_>, node: &Node) -> Operation {
    let nodes = &[node];
    let run = with_member(site, |member| {
        member.start(nodes, |node| built_in_new(node, &site.control_planes))
    });
    let steps = vec![
        wait_sync(endpoints(&site.control_planes), true),
        pull(nodes, &site.images.etcd),
        stop_container(nodes, container::ETCD),
        run,
    ];
    operation("etcd-restart", nodes, steps)
}

/// `stop-etcd`: removes the container from nodes that are no members.
#[must_use]
pub fn stop(nodes: &[&Node]) -> Operation {
    steps::stop(container::ETCD, nodes)
}

/// Builds a step with the container of a member.
fn with_member(site: &Site<'_>, build: impl FnOnce(Container<'_>) -> Step) -> Step {
    let params = &site.cluster.options.etcd;
    let options = options(params);
    build(Container {
        name: container::ETCD,
        image: &site.images.etcd,
        options: &options.iter().map(String::as_str).collect::<Vec<_>>(),
        extra: params.extra_params(),
    })
}

fn wait_sync(endpoints: Vec<String>, redundant: bool) -> Step {
    let target = endpoints.join(",");
    step("wait-etcd-sync", target, Action::EtcdWaitSync { endpoints, redundant })
}

fn remove(site: &Site<'_>, members: &[&EtcdMember]) -> Step {
    let ids: Vec<_> = members.iter().map(|member| member.id).collect();
    let target: Vec<_> = ids.iter().map(u64::to_string).collect();
    let action = Action::EtcdRemoveMembers {
        endpoints: endpoints(&site.control_planes),
        ids,
    };
    step("remove-etcd-member", target.join(","), action)
}

/// Name of a member, or the host of its peer URL, or else its number.
fn member_name(member: &EtcdMember) -> String {
    if !member.name.is_empty() {
        return member.name.clone();
    }
    let host = member.peer_urls.first().and_then(|url| {
        let (_, authority) = url.split_once("://")?;
        let (host, _) = authority.rsplit_once(':')?;
        Some(host.trim_start_matches('[').trim_end_matches(']').to_owned())
    });
    host.unwrap_or_else(|| member.id.to_string())
}
