//! Doing a step on all of its nodes at once.

use super::{ApplyError, Invocation, Patience, invocation, nodes_of};
use crate::engine::Engine;
use crate::health::{Endpoint, Probes};
use cke_model::{Action, Node, ResolvedFile};
use futures::stream::{self, StreamExt as _};
use neco_ssh::{Error, NodeAddress, Runner};
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout_at};

/// Pause between two looks at a kubelet that starts: it takes about a second.
const KUBELET_PAUSE: Duration = Duration::from_millis(200);

/// Pauses before an image is pulled again.
const PULL_PAUSES: [Duration; 2] = [Duration::from_secs(2), Duration::from_secs(10)];

impl<R: Runner, P: Probes> Engine<R, P> {
    /// Does one action on its nodes, all at once. `nodes` are the cluster's; `files` hold what a
    /// [`Action::WriteFiles`] writes, by address.
    ///
    /// Each action may be done again after a failure: what is done already is left.
    ///
    /// # Errors
    /// [`ApplyError`], with every node that failed. The other nodes have done it.
    pub async fn apply(
        &self,
        nodes: &[Node],
        action: &Action,
        files: &BTreeMap<String, Vec<ResolvedFile>>,
    ) -> Result<(), ApplyError> {
        let addresses = nodes_of(action).ok_or(ApplyError::NotForNodes)?;
        if matches!(action, Action::WaitKubelet { .. }) {
            return self.wait_for_kubelets(&addresses).await;
        }
        let users: HashMap<&str, &str> = nodes.iter().map(|n| (n.address.as_str(), n.user.as_str())).collect();
        let tasks = addresses
            .iter()
            .map(|&address| {
                let user = users
                    .get(address)
                    .ok_or_else(|| ApplyError::UnknownNode(address.to_owned()))?;
                let files = files.get(address).map(Vec::as_slice).unwrap_or_default();
                Ok((NodeAddress::new(address, *user), invocation(action, address, files)?))
            })
            .collect::<Result<Vec<_>, ApplyError>>()?;
        let of = tasks.len();
        let mut failures: Vec<(String, Error)> = stream::iter(tasks)
            .map(|(node, invocation)| async move {
                let result = self.invoke(&node, &invocation).await;
                result.err().map(|error| (node.address, error))
            })
            .buffer_unordered(self.options.concurrency)
            .filter_map(std::future::ready)
            .collect()
            .await;
        if failures.is_empty() {
            return Ok(());
        }
        failures.sort_by(|a, b| a.0.cmp(&b.0));
        let step = step_name(action);
        Err(ApplyError::Failed { step, failures, of })
    }

    async fn invoke(&self, node: &NodeAddress, invocation: &Invocation) -> Result<(), Error> {
        let mut pauses = PULL_PAUSES.iter().filter(|_| invocation.patience == Patience::Pull);
        loop {
            let result = self.invoke_once(node, invocation).await;
            match (result, pauses.next()) {
                (Err(error), Some(&pause)) if error.is_of_command() => {
                    tracing::warn!(
                        node = node.address,
                        reason = error.in_words(),
                        "an image could not be pulled, yet"
                    );
                    sleep(pause).await;
                }
                (result, _) => return result,
            }
        }
    }

    async fn invoke_once(&self, node: &NodeAddress, invocation: &Invocation) -> Result<(), Error> {
        let deadline = match invocation.patience {
            Patience::Short => self.options.step_deadline,
            Patience::Long | Patience::Pull => self.options.long_deadline,
        };
        let stdin = invocation.stdin.clone();
        let output = self.runner.run(node, &invocation.command, stdin, deadline).await?;
        output.successful(node).map(|_| ())
    }

    async fn wait_for_kubelets(&self, addresses: &[&str]) -> Result<(), ApplyError> {
        let after = self.options.kubelet_deadline;
        let until = Instant::now() + after;
        let mut reasons: Vec<(String, String)> = stream::iter(addresses)
            .map(|&address| async move {
                let reason = self.wait_for_kubelet(address, until).await;
                reason.err().map(|reason| (address.to_owned(), reason))
            })
            .buffer_unordered(self.options.concurrency)
            .filter_map(std::future::ready)
            .collect()
            .await;
        if reasons.is_empty() {
            return Ok(());
        }
        reasons.sort();
        let of = addresses.len();
        Err(ApplyError::KubeletNotHealthy { reasons, of, after })
    }

    async fn wait_for_kubelet(&self, address: &str, until: Instant) -> Result<(), String> {
        let mut reason = "no answer in time".to_owned();
        loop {
            match timeout_at(until, self.probes.probe(address, Endpoint::Kubelet)).await {
                Ok(Ok(())) => return Ok(()),
                Ok(Err(words)) => reason = words,
                Err(_) => return Err(reason),
            }
            if timeout_at(until, sleep(KUBELET_PAUSE)).await.is_err() {
                return Err(reason);
            }
        }
    }
}

/// What an action is called in errors.
fn step_name(action: &Action) -> String {
    match action {
        Action::PullImage { image, .. } => format!("pulling {image}"),
        Action::MakeDirs { dirs, .. } => format!("making directories {}", dirs.join(", ")),
        Action::EmptyDir { dir, .. } => format!("emptying {dir}"),
        Action::InstallCni { .. } => "installing CNI plugins".to_owned(),
        Action::WriteFiles { .. } => "writing files".to_owned(),
        Action::RunContainer(container) => format!("running container {}", container.name),
        Action::StopContainer { name, .. } => format!("stopping container {name}"),
        Action::KillContainer { name, .. } => format!("killing container {name}"),
        Action::CreateVolume { name, .. } => format!("making volume {name}"),
        Action::RemoveVolume { name, .. } => format!("removing volume {name}"),
        _ => "the step".to_owned(),
    }
}
