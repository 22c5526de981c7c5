//! Node objects, kept up to date by a watch: thousands of them are too much to read in every loop.
//!
//! Two promises make it as good as reading them. What this process wrote is seen: an observation waits until the watch has
//! come as far as the last write ([`NodeWatch::wrote`]). And a watch that cannot keep its word says so within
//! [`REQUEST_LIMIT`]; the caller then reads the list.

use crate::connection::REQUEST_LIMIT;
use crate::convert;
use cke_model::kubernetes::KubeNode;
use futures::StreamExt;
use k8s_openapi::api::core::v1::Node;
use kube::runtime::WatchStreamExt;
use kube::runtime::watcher::{self, Event};
use kube::{Api, Client};
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::watch::Sender;
use tokio::task::JoinHandle;

#[cfg(test)]
mod tests;

/// What was done to a Node object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Written {
    /// It has this resource version now, or a later one.
    Version(String),
    /// The object with this uid was deleted.
    Gone { uid: String },
}

/// A watch on all Node objects; it ends with the value.
pub(crate) struct NodeWatch {
    view: Arc<Mutex<View>>,
    progress: Sender<()>,
    task: JoinHandle<()>,
}

impl Drop for NodeWatch {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What the watch has seen so far.
#[derive(Debug, Default)]
struct View {
    nodes: BTreeMap<String, Seen>,
    /// Objects of a list that has not ended.
    listing: BTreeMap<String, Seen>,
    synced: bool,
    /// Whether the last event was an error: somebody who asks now need not wait for the next try.
    failing: bool,
    /// The last version of any object that was seen; they are ordered.
    version: u64,
    /// Writes that were not seen yet.
    writes: BTreeMap<String, Written>,
}

#[derive(Debug, Clone, PartialEq)]
struct Seen {
    uid: String,
    node: KubeNode,
}

impl NodeWatch {
    /// Begins to watch; `changes` is counted up when a node has changed.
    pub(crate) fn start(client: Client, changes: Sender<u64>) -> NodeWatch {
        let view = Arc::new(Mutex::new(View::default()));
        let progress = Sender::new(());
        let task = tokio::spawn(follow(client, view.clone(), progress.clone(), changes));
        NodeWatch { view, progress, task }
    }

    /// Notes a write that the next answer of [`NodeWatch::nodes`] must contain.
    pub(crate) fn wrote(&self, name: &str, written: Written) {
        self.view.lock().writes.insert(name.to_owned(), written);
    }

    /// All nodes, by name; none where the watch does not get that far in time.
    pub(crate) async fn nodes(&self) -> Option<Vec<KubeNode>> {
        let mut progress = self.progress.subscribe();
        let current = async {
            loop {
                progress.mark_unchanged();
                {
                    let mut view = self.view.lock();
                    if view.failing {
                        return None;
                    }
                    if let Some(nodes) = view.current() {
                        return Some(nodes);
                    }
                }
                progress.changed().await.ok()?;
            }
        };
        let nodes = tokio::time::timeout(REQUEST_LIMIT, current).await.ok().flatten();
        if nodes.is_none() {
            // The caller reads the list itself, which contains these writes: they are not waited for twice.
            self.view.lock().writes.clear();
        }
        nodes
    }
}

async fn follow(client: Client, view: Arc<Mutex<View>>, progress: Sender<()>, changes: Sender<u64>) {
    let mut events =
        std::pin::pin!(watcher::watcher(Api::<Node>::all(client), watcher::Config::default()).default_backoff());
    while let Some(event) = events.next().await {
        let changed = match event {
            Ok(event) => view.lock().take(event),
            Err(error) => {
                tracing::warn!(error = %error, "the watch of nodes begins again");
                view.lock().failing = true;
                false
            }
        };
        progress.send_replace(());
        if changed {
            changes.send_modify(|count| *count = count.wrapping_add(1));
        }
    }
}

impl View {
    /// The nodes, once the list was read and all writes were seen.
    fn current(&mut self) -> Option<Vec<KubeNode>> {
        if !self.synced {
            return None;
        }
        let (nodes, version) = (&self.nodes, self.version);
        self.writes
            .retain(|name, written| !is_seen(name, written, nodes, version));
        let all_seen = self.writes.is_empty();
        all_seen.then(|| self.nodes.values().map(|seen| seen.node.clone()).collect())
    }

    /// Takes an event in; whether a decision may come out differently now.
    fn take(&mut self, event: Event<Node>) -> bool {
        self.failing = false;
        match event {
            Event::Init => {
                // A restored etcd counts from an earlier number.
                self.version = 0;
                self.listing.clear();
                self.synced = false;
                false
            }
            Event::InitApply(object) => {
                let (name, seen) = self.see(object);
                self.listing.insert(name, seen);
                false
            }
            Event::InitDone => {
                let listing = std::mem::take(&mut self.listing);
                let changed = listing != self.nodes;
                self.nodes = listing;
                self.synced = true;
                changed
            }
            Event::Apply(object) => {
                let (name, seen) = self.see(object);
                let before = self.nodes.insert(name.clone(), seen);
                before.as_ref() != self.nodes.get(&name)
            }
            Event::Delete(object) => {
                let (name, _) = self.see(object);
                self.nodes.remove(&name).is_some()
            }
        }
    }

    fn see(&mut self, object: Node) -> (String, Seen) {
        let version = object.metadata.resource_version.as_deref().map_or(0, number);
        self.version = self.version.max(version);
        let uid = object.metadata.uid.clone().unwrap_or_default();
        let node = convert::node(object);
        (node.name.clone(), Seen { uid, node })
    }
}

fn is_seen(name: &str, written: &Written, nodes: &BTreeMap<String, Seen>, version: u64) -> bool {
    match written {
        Written::Version(wanted) => version >= number(wanted),
        Written::Gone { uid } => nodes.get(name).is_none_or(|seen| &seen.uid != uid),
    }
}

/// Resource versions of Kubernetes' own objects are decimal numbers that grow (since 1.35 by contract).
fn number(version: &str) -> u64 {
    version.parse().unwrap_or_default()
}
