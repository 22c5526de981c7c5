//! Hands each action to the crate that can do it.

use super::{Context, reboot, repair};
use crate::failpoints::{self, Place};
use crate::hands::Webhooks;
use cke_kubernetes::ApplyContext;
use cke_model::Action;
use std::collections::BTreeMap;

/// Does it; gives what it found out for the record, empty in most cases.
pub(super) async fn apply(context: Context<'_>, action: &Action) -> anyhow::Result<String> {
    match action {
        Action::PullImage { .. }
        | Action::MakeDirs { .. }
        | Action::EmptyDir { .. }
        | Action::InstallCni { .. }
        | Action::WriteFiles { .. }
        | Action::RunContainer(_)
        | Action::StopContainer { .. }
        | Action::KillContainer { .. }
        | Action::CreateVolume { .. }
        | Action::RemoveVolume { .. }
        | Action::WaitKubelet { .. } => on_nodes(context, action).await?,
        Action::EtcdSetupAuth { .. }
        | Action::EtcdWaitSync { .. }
        | Action::EtcdAddMember { .. }
        | Action::EtcdRemoveMembers { .. } => on_etcd(context, action).await?,
        Action::SetConfigVersion { version } => {
            context
                .storage
                .put_config_version(&context.lead.guard(), version)
                .await?;
        }
        action if is_of_queues(action) => return on_queues(context, action).await,
        action => on_kubernetes(context, action).await?,
    }
    Ok(String::new())
}

async fn on_kubernetes(context: Context<'_>, action: &Action) -> anyhow::Result<()> {
    let webhooks = Webhooks(context.hands.issuer()?);
    let more = ApplyContext {
        cluster: context.cluster,
        certificates: &webhooks,
    };
    Ok(context.hands.kubernetes()?.apply(action, more).await?)
}

fn is_of_queues(action: &Action) -> bool {
    matches!(
        action,
        Action::RebootDrainStart { .. }
            | Action::RebootDeleteDaemonSetPods { .. }
            | Action::RebootReboot { .. }
            | Action::RebootDrainTimeout { .. }
            | Action::RebootDequeue { .. }
            | Action::RebootCancel { .. }
            | Action::RepairDrainStart { .. }
            | Action::RepairExecute { .. }
            | Action::RepairFinish { .. }
            | Action::RepairDrainTimeout { .. }
            | Action::RepairDequeue { .. }
    )
}

async fn on_queues(context: Context<'_>, action: &Action) -> anyhow::Result<String> {
    let nothing = |()| String::new();
    match action {
        Action::RebootDrainStart {
            api_server,
            entries,
            policy,
        } => reboot::start_drains(context, api_server, entries, policy).await,
        Action::RebootDeleteDaemonSetPods {
            api_server, entries, ..
        } => reboot::delete_daemon_set_pods(context, api_server, entries).await,
        Action::RebootReboot { entries, policy, .. } => reboot::execute(context, entries, policy).await,
        Action::RebootDrainTimeout { entries } => {
            for entry in entries {
                reboot::back_off(context, entry).await?;
            }
            Ok(String::new())
        }
        Action::RebootDequeue { entries } | Action::RebootCancel { entries } => {
            reboot::dequeue(context, entries).await.map(nothing)
        }
        Action::RepairDrainStart {
            api_server,
            entry,
            policy,
        } => repair::start_drain(context, api_server, entry, policy)
            .await
            .map(nothing),
        Action::RepairExecute { entry, command } => repair::execute(context, entry, command).await,
        Action::RepairFinish {
            entry,
            succeeded,
            command,
        } => repair::finish(context, entry, *succeeded, command.as_ref())
            .await
            .map(nothing),
        Action::RepairDrainTimeout { entry } => repair::back_off(context, entry).await.map(nothing),
        Action::RepairDequeue { entry } => repair::dequeue(context, entry).await.map(nothing),
        other => anyhow::bail!("not an action of a queue: {other:?}"),
    }
}

async fn on_etcd(context: Context<'_>, action: &Action) -> anyhow::Result<()> {
    let control_planes = context.cluster.control_planes();
    let endpoints = control_planes
        .map(|node| cke_etcd::endpoint_of(&node.address))
        .collect();
    let etcd = context.hands.etcd(endpoints).await?;
    let Action::EtcdAddMember {
        endpoints,
        address,
        container,
        ..
    } = action
    else {
        etcd.apply(action).await?;
        if matches!(action, Action::EtcdRemoveMembers { .. }) {
            failpoints::pass(Place::EtcdMembersRemoved);
        }
        return Ok(());
    };
    let members = etcd.at(endpoints.clone()).add_member(address).await?;
    failpoints::pass(Place::EtcdMemberAdded);
    let mut container = container.clone();
    for on_node in container.nodes.values_mut() {
        on_node.built_in = cke_component::etcd::joining(on_node.built_in.clone(), address, &members);
    }
    on_nodes(context, &Action::RunContainer(container)).await
}

async fn on_nodes(context: Context<'_>, action: &Action) -> anyhow::Result<()> {
    let files = match action {
        Action::WriteFiles { nodes, .. } => context.hands.issuer()?.resolve_all(nodes).await?,
        _ => BTreeMap::new(),
    };
    let engine = &context.hands.engine;
    Ok(engine.apply(&context.cluster.nodes, action, &files).await?)
}
