//! Changes of Node objects: patches against the version that was read, made anew where somebody else was quicker.

mod patch;

use crate::client::ApiServer;
use crate::error::Error;
use crate::node_watch::Written;
use cke_model::Cluster;
use cke_model::kubernetes::Taint;
use cke_model::names::kube::{FIELD_MANAGER, REBOOT};
use cke_model::operation::NodeAttributes;
use futures::{StreamExt, stream};
use k8s_openapi::api::core::v1::Node;
use kube::Api;
use kube::api::{DeleteParams, Patch, PatchParams, Preconditions};
use serde_json::{Value, json};
use std::collections::HashMap;

/// Nodes that are changed at a time.
const CONCURRENT_CHANGES: usize = 16;
/// How often a change is made anew against a newer version of the object.
const CONFLICT_RETRIES: u32 = 20;

fn api(server: &ApiServer) -> Api<Node> {
    Api::all(server.raw())
}

/// Puts boot taints back: a kubelet only gives them to a node that it registers.
pub(crate) async fn retaint(server: &ApiServer, name: &str, taints: &[Taint]) -> Result<(), Error> {
    change(server, name, |node| patch::with_taints(node, taints)).await
}

/// Gives nodes the labels, annotations and taints that the cluster declares. A node that is gone is left out.
pub(crate) async fn update(server: &ApiServer, cluster: &Cluster, nodes: &[NodeAttributes]) -> Result<(), Error> {
    let declared: HashMap<&str, &cke_model::Node> = cluster.nodes.iter().map(|n| (n.nodename(), n)).collect();
    let declared = &declared;
    let update = |wanted| async move { update_one(server, declared.get(name_of(wanted)).copied(), wanted).await };
    each(nodes, update).await
}

fn name_of(wanted: &NodeAttributes) -> &str {
    &wanted.name
}

async fn update_one(
    server: &ApiServer,
    declared: Option<&cke_model::Node>,
    wanted: &NodeAttributes,
) -> Result<(), Error> {
    match change(server, &wanted.name, |node| {
        patch::with_attributes(node, wanted, declared)
    })
    .await
    {
        Err(error) if error.is_not_found() => Ok(()),
        result => result,
    }
}

/// Does something for each of many nodes, some at a time: one that fails keeps no other from its turn.
pub(crate) async fn each<'a, T, F>(nodes: &'a [T], change: impl Fn(&'a T) -> F) -> Result<(), Error>
where
    F: Future<Output = Result<(), Error>>,
{
    let results: Vec<_> = stream::iter(nodes)
        .map(change)
        .buffer_unordered(CONCURRENT_CHANGES)
        .collect()
        .await;
    results.into_iter().collect()
}

/// Sends the patch that `decide` makes of the object; none where nothing is to be changed.
async fn change(server: &ApiServer, name: &str, decide: impl Fn(&Node) -> Option<Value>) -> Result<(), Error> {
    let mut retries = CONFLICT_RETRIES;
    loop {
        let node = server
            .ask(format!("read the node {name}"), api(server).get(name))
            .await?;
        let Some(mut patch) = decide(&node) else { return Ok(()) };
        if let Some(metadata) = patch
            .as_object_mut()
            .map(|p| p.entry("metadata").or_insert_with(|| json!({})))
        {
            metadata["resourceVersion"] = json!(node.metadata.resource_version);
        }
        match send(server, name, &patch).await {
            Err(error) if error.is_conflict() && retries > 0 => retries -= 1,
            result => return result,
        }
    }
}

async fn send(server: &ApiServer, name: &str, patch: &Value) -> Result<(), Error> {
    let parameters = PatchParams {
        field_manager: Some(FIELD_MANAGER.to_owned()),
        ..PatchParams::default()
    };
    let request = format!("patch the node {name}");
    let node = server
        .ask(
            request,
            api(server).patch_metadata(name, &parameters, &Patch::Merge(patch)),
        )
        .await?;
    server.wrote_node(
        name,
        Written::Version(node.metadata.resource_version.unwrap_or_default()),
    );
    Ok(())
}

/// Lets no new pod on a node; `by_cke` says in an annotation who did that.
pub(crate) async fn mark(server: &ApiServer, name: &str, by_cke: bool) -> Result<(), Error> {
    let mut patch = json!({"spec": {"unschedulable": true}});
    if by_cke {
        patch["metadata"] = json!({"annotations": {REBOOT: "true"}});
    }
    send(server, name, &patch).await
}

/// Takes back [`mark`]. A node that is gone needs that no more.
pub(crate) async fn unmark(server: &ApiServer, name: &str) -> Result<(), Error> {
    let patch = json!({"metadata": {"annotations": {REBOOT: null}}, "spec": {"unschedulable": null}});
    match send(server, name, &patch).await {
        Err(error) if error.is_not_found() => Ok(()),
        result => result,
    }
}

/// Cordons Node objects and deletes them. One that is gone, or going, is done.
pub(crate) async fn remove(server: &ApiServer, names: &[String]) -> Result<(), Error> {
    each(names, |name| remove_one(server, name)).await
}

async fn remove_one(server: &ApiServer, name: &str) -> Result<(), Error> {
    let request = format!("read the node {name}");
    let Some(node) = server.ask_for(request, api(server).get(name)).await? else {
        return Ok(());
    };
    if node.metadata.deletion_timestamp.is_some() {
        return Ok(());
    }
    if !node.spec.as_ref().and_then(|s| s.unschedulable).unwrap_or_default() {
        match mark(server, name, false).await {
            Err(error) if error.is_not_found() => return Ok(()),
            result => result?,
        }
    }
    delete(server, name, node.metadata.uid.unwrap_or_default()).await
}

/// Deletes the object with this uid, not one that was made under its name since.
async fn delete(server: &ApiServer, name: &str, uid: String) -> Result<(), Error> {
    let same = Preconditions {
        uid: Some(uid.clone()),
        resource_version: None,
    };
    let parameters = DeleteParams::default().preconditions(same);
    match server
        .ask(format!("delete the node {name}"), api(server).delete(name, &parameters))
        .await
    {
        Err(error) if !error.is_not_found() && !error.is_conflict() => Err(error),
        _ => {
            server.wrote_node(name, Written::Gone { uid });
            Ok(())
        }
    }
}
