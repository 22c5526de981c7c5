//! The loop: look, decide, do.

use crate::LOCALHOST;
use crate::cluster::{Access, Error as ClusterError, api_servers};
use crate::decide::{Decision, Observed, decide};
use crate::observe::{self, observe};
use cke_model::operation::Action;
use cke_model::{Cluster, Images, Node, Operation, ResolvedFile};
use cke_node::apply::ApplyError;
use cke_node::{Engine, Options, Probes};
use cke_pki::Issuer;
use neco_ssh::{NodeAddress, Runner};
use std::collections::BTreeMap;
use std::error::Error as StdError;
use std::time::Duration;

/// Where the certificates in files come from.
pub trait Files {
    /// The bytes of the files of an action, by node.
    fn resolve(
        &self,
        action: &Action,
    ) -> impl Future<Output = Result<BTreeMap<String, Vec<ResolvedFile>>, cke_pki::Error>>;
}

impl Files for Issuer {
    async fn resolve(&self, action: &Action) -> Result<BTreeMap<String, Vec<ResolvedFile>>, cke_pki::Error> {
        match action {
            Action::WriteFiles { nodes, .. } => self.resolve_all(nodes).await,
            _ => Ok(BTreeMap::new()),
        }
    }
}

/// Why an operation was not done.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// A file has no content.
    #[error("cannot make the files")]
    Files(#[from] cke_pki::Error),
    /// A step failed.
    #[error("cannot do the step")]
    Step(#[from] ApplyError),
}

/// This host and its two containers.
#[derive(Debug)]
pub struct LocalProxy<R> {
    engine: Engine<R, Unasked>,
    images: Images,
    host: Node,
    /// The API server that kube-proxy uses, as far as this process knows.
    api_server: Option<String>,
}

/// Nobody is asked for their health here.
#[derive(Debug)]
struct Unasked;

impl Probes for Unasked {
    async fn probe(&self, _: &str, _: cke_node::Endpoint) -> Result<(), String> {
        Ok(())
    }
}

impl<R: Runner> LocalProxy<R> {
    /// The host that `runner` runs commands on.
    pub fn new(runner: R, images: Images) -> LocalProxy<R> {
        let host = Node {
            address: LOCALHOST.to_owned(),
            ..Node::default()
        };
        LocalProxy {
            engine: Engine::new(runner, Unasked, Options::default()),
            images,
            host,
            api_server: None,
        }
    }

    /// Looks at the containers and decides.
    ///
    /// # Errors
    /// When docker does not answer.
    pub async fn look(
        &self,
        cluster: &Cluster,
        api_servers: Vec<String>,
        wanted_unbound_conf: Option<String>,
    ) -> Result<Decision, observe::Error> {
        let host = observe(
            self.engine.runner(),
            &NodeAddress::new(&self.host.address, &self.host.user),
        )
        .await?;
        let observed = Observed {
            api_servers,
            proxy: host.proxy,
            proxy_api_server: host.proxy_api_server,
            unbound: host.unbound,
            unbound_conf: host.unbound_conf,
            wanted_unbound_conf,
        };
        Ok(decide(cluster, &self.images, self.api_server.as_deref(), &observed))
    }

    /// Does what was decided; what fails is tried again in the next round, and keeps nothing else from being done.
    pub async fn act(&mut self, decision: Decision, files: &impl Files) -> Result<(), Failure> {
        let mut result = Ok(());
        for (operation, reason) in &decision.due {
            tracing::info!(op = operation.name, reason = reason.to_string(), "begin new operation");
            match self.operate(operation, files).await {
                Ok(()) => tracing::info!(op = operation.name, "operation completed"),
                Err(failure) => {
                    tracing::error!(op = operation.name, error = in_words(&failure), "an operation failed");
                    result = Err(failure);
                }
            }
        }
        // After a failure the files on disk may be newer than the container: no API server is taken for known, so that kube-proxy is
        // made anew.
        self.api_server = if result.is_ok() {
            decision.api_server
        } else {
            Some(String::new())
        };
        result
    }

    async fn operate(&self, operation: &Operation, files: &impl Files) -> Result<(), Failure> {
        let nodes = std::slice::from_ref(&self.host);
        for step in &operation.steps {
            tracing::info!(
                op = operation.name,
                command = format!("{} {}", step.name, step.target),
                "execute a command"
            );
            let resolved = files.resolve(&step.action).await?;
            self.engine.apply(nodes, &step.action, &resolved).await?;
        }
        Ok(())
    }
}

/// Looks after this host until `stop` resolves; a round at once, then one each interval.
pub async fn run<R: Runner>(
    mut proxy: LocalProxy<R>,
    mut access: Access,
    interval: Duration,
    stop: impl Future<Output = ()>,
) {
    let mut ticks = tokio::time::interval(interval);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let rounds = async {
        loop {
            ticks.tick().await;
            if let Err(error) = round(&mut proxy, &mut access).await {
                tracing::error!(error = in_words(error.as_ref()), "nothing could be done in this round");
            }
        }
    };
    tokio::select! {
        () = rounds => {}
        () = stop => {}
    }
}

async fn round<R: Runner>(proxy: &mut LocalProxy<R>, access: &mut Access) -> Result<(), Box<dyn StdError>> {
    let Some(cluster) = access.cluster().await? else {
        tracing::debug!("no cluster is declared");
        return Ok(());
    };
    let servers = api_servers(&cluster).await;
    if servers.is_empty() {
        return Err("no API server takes connections".into());
    }
    let conf = access.unbound_conf(&cluster, &servers).await;
    let conf = conf.inspect_err(|error: &ClusterError| {
        tracing::warn!(
            error = in_words(error),
            "unbound is left alone: what its configuration should be is not known"
        );
    });
    let decision = proxy.look(&cluster, servers, conf.ok()).await?;
    if decision.due.is_empty() {
        tracing::debug!("nothing to do");
    }
    let issuer = access.issuer().await?;
    // Failures were told, one by one.
    let _ = proxy.act(decision, &issuer).await;
    Ok(())
}

/// An error with its causes in one line.
fn in_words(error: &dyn StdError) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        words.push_str(&format!(": {error}"));
        cause = error.source();
    }
    words
}
