//! What reaches nodes and etcd.

use crate::connect::Connection;
use crate::exit::say;
use crate::observe;
use anyhow::{Context, bail};
use cke_component::Site;
use cke_etcd::Access;
use cke_etcd::restore::{RestoreStep, RunTool};
use cke_model::operation::NodeFiles;
use cke_model::{Action, Cluster, Images, Node, ResolvedFile};
use cke_node::{Endpoint, Engine, HttpProbes, Probes as _};
use cke_pki::Issuer;
use cke_storage::Storage;
use neco_ssh::Fleet;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::time::{Instant, sleep};
use zeroize::Zeroizing;

/// The user of etcd's image.
const ETCD_USER: u32 = 10_000;
/// How long CKE may take to start API servers.
const PATIENCE: Duration = Duration::from_secs(300);
const PAUSE: Duration = Duration::from_millis(500);

/// The hands, for one cluster and one backup.
pub(super) struct Hands {
    cluster: Cluster,
    images: Images,
    backup: PathBuf,
    issuer: Issuer,
    engine: Engine<Fleet, HttpProbes>,
    etcd: Access,
}

impl Hands {
    pub(super) async fn new(
        connection: &Connection,
        cluster: &Cluster,
        images: Images,
        backup: &Path,
    ) -> anyhow::Result<Self> {
        let issuer = connection.issuer().await.context("keys for nodes come from Vault")?;
        let identity = observe::identity(&issuer).await?;
        Ok(Self {
            engine: observe::engine(connection, &issuer, &identity).await?,
            cluster: cluster.clone(),
            images,
            backup: backup.to_owned(),
            etcd: Access::new(issuer.clone()),
            issuer,
        })
    }

    /// Does a step.
    pub(super) async fn take(&self, step: &RestoreStep) -> anyhow::Result<()> {
        match step {
            RestoreStep::Act(action) => self.act(action).await,
            RestoreStep::CopyBackup { node, path } => self.copy(node, path).await,
            RestoreStep::RunTool(run) => self.run(run).await,
            RestoreStep::StartEtcd { nodes } => self.start(nodes).await,
            RestoreStep::RemoveBackup { node, path } => {
                let folder = Path::new(path).parent().and_then(Path::to_str);
                let dir = folder.context("a path has no folder")?.to_owned();
                let (nodes, image) = (vec![node.clone()], self.images.tools.clone());
                self.act(&Action::EmptyDir { nodes, image, dir }).await
            }
        }
    }

    async fn act(&self, action: &Action) -> anyhow::Result<()> {
        let files = match action {
            Action::EtcdWaitSync { endpoints, .. } => {
                return Ok(self.etcd.etcd(endpoints.clone()).await?.apply(action).await?);
            }
            Action::WriteFiles { nodes, .. } => self.issuer.resolve_all(nodes).await?,
            _ => BTreeMap::new(),
        };
        Ok(self.engine.apply(&self.cluster.nodes, action, &files).await?)
    }

    /// By the tools' image, which writes where the SSH user may not. One node after another: the backup is in memory twice.
    async fn copy(&self, node: &str, path: &str) -> anyhow::Result<()> {
        let place = || format!("cannot read {}", self.backup.display());
        let bytes = Zeroizing::new(std::fs::read(&self.backup).with_context(place)?);
        let file = ResolvedFile {
            path: path.to_owned(),
            bytes,
            mode: 0o600,
            owner: ETCD_USER,
        };
        let write = Action::WriteFiles {
            image: self.images.tools.clone(),
            nodes: vec![NodeFiles {
                node: node.to_owned(),
                files: Vec::new(),
            }],
        };
        let files = BTreeMap::from([(node.to_owned(), vec![file])]);
        Ok(self.engine.apply(&self.cluster.nodes, &write, &files).await?)
    }

    async fn run(&self, run: &RunTool) -> anyhow::Result<()> {
        let node = self.node(&run.node)?;
        Ok(self
            .engine
            .run_once(node, &run.image, &run.options, &run.command)
            .await?)
    }

    /// As CKE starts members that are stopped.
    async fn start(&self, addresses: &[String]) -> anyhow::Result<()> {
        let nodes = addresses.iter().map(|address| self.node(address));
        let nodes = nodes.collect::<anyhow::Result<Vec<_>>>()?;
        let site = Site::new(&self.cluster, &self.images);
        for step in cke_component::etcd::start(&site, &nodes).steps {
            self.act(&step.action).await.context(step.name)?;
        }
        Ok(())
    }

    fn node(&self, address: &str) -> anyhow::Result<&Node> {
        let found = self.cluster.nodes.iter().find(|node| node.address == address);
        found.with_context(|| format!("{address} is not a node of the cluster"))
    }

    /// CKE starts them as soon as it may.
    pub(super) async fn wait_for_api_servers(&self, storage: &Storage) -> anyhow::Result<()> {
        if storage.freeze().await?.is_some() {
            return Ok(());
        }
        if storage.leader().await?.is_none() {
            say("etcd serves; no cke leads now: API servers start as soon as one does");
            return Ok(());
        }
        say("waiting until CKE has started API servers");
        let end = Instant::now() + PATIENCE;
        for node in self.cluster.control_planes() {
            while let Err(reason) = self.engine.probes().probe(&node.address, Endpoint::ApiServer).await {
                if Instant::now() > end {
                    bail!(
                        "etcd is restored, but the API server of {} does not answer after {PATIENCE:?} ({reason}): see `ckecli plan` \
                         and `ckecli history`",
                        node.address
                    );
                }
                sleep(PAUSE).await;
            }
        }
        Ok(())
    }
}
