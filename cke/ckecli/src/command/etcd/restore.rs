//! `ckecli etcd restore`: from a backup to a healthy cluster.

mod brake;
mod hands;
mod words;

use crate::connect::Connection;
use crate::exit::say;
use crate::output::{self, Format};
use anyhow::{Context, bail};
use brake::Brake;
use cke_etcd::restore::{RestorePlan, RestoreStep, plan};
use cke_model::{Action, Cluster};
use clap::Args;
use hands::Hands;
use std::io::{IsTerminal, stdin};
use std::path::PathBuf;

/// Where the backup lies on nodes meanwhile.
const FOLDER: &str = "/var/lib/cke-etcd-restore";

/// Make the etcd of Kubernetes anew from a backup, on all control planes.
///
/// What Kubernetes stored after the backup is lost. CKE is frozen meanwhile and thawed at the end. A failure before anything was stopped
/// changes nothing and thaws; after one later CKE stays frozen, for it would build an empty cluster: run the same command again.
/// Every control plane must answer.
#[derive(Debug, Args)]
pub(crate) struct Restore {
    /// File that `ckecli etcd local-backup` or `etcdctl snapshot save` made
    backup: PathBuf,
    /// Show the steps and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// Output format of --dry-run; text by default
    #[arg(short, long, value_name = "FORMAT", requires = "dry_run")]
    output: Option<Format>,
}

impl Restore {
    pub(super) async fn run(self, connection: &Connection) -> anyhow::Result<()> {
        cke_etcd::verify(&self.backup).context("nothing was changed")?;
        let storage = connection.storage().await?;
        let cluster = storage.require_cluster().await?;
        let images = connection.settings()?.images;
        let plan = plan(&cluster, &images.etcd, FOLDER)?;
        if self.dry_run {
            return self.show(&plan);
        }
        self.confirm(&cluster)?;
        let hands = Hands::new(connection, &cluster, images, &self.backup).await?;
        let brake = Brake::pull(storage, &self.backup).await?;
        let done = match brake.wait_until_nothing_runs().await {
            Ok(()) => follow(&hands, &plan).await,
            Err(error) => Err(Stopped::untouched(error)),
        };
        match done {
            Ok(()) => {
                brake.release().await?;
                hands.wait_for_api_servers(brake.storage()).await?;
                Ok(output::line("restored")?)
            }
            Err(stopped) => Err(stopped.report(&brake).await),
        }
    }

    fn show(&self, plan: &RestorePlan) -> anyhow::Result<()> {
        if self.output == Some(Format::Json) {
            return output::json_2(plan);
        }
        output::line("freeze CKE")?;
        for step in &plan.steps {
            output::line(&words::of(step))?;
        }
        output::line("thaw CKE, which starts API servers")?;
        Ok(output::line("Nothing was changed.")?)
    }

    fn confirm(&self, cluster: &Cluster) -> anyhow::Result<()> {
        if self.yes {
            return Ok(());
        }
        if !stdin().is_terminal() {
            bail!(
                "this replaces all that Kubernetes of {:?} stores: say --yes",
                cluster.name
            );
        }
        say(&format!(
            "What Kubernetes stored after {} is lost. Type the name of the cluster, {}, to go on:",
            self.backup.display(),
            cluster.name
        ));
        let mut answer = String::new();
        stdin().read_line(&mut answer)?;
        if answer.trim() != cluster.name {
            bail!("nothing was changed: the answer is not {:?}", cluster.name);
        }
        Ok(())
    }
}

/// Where it ended too early.
struct Stopped {
    error: anyhow::Error,
    /// Something was stopped or removed.
    touched: bool,
}

impl Stopped {
    fn untouched(error: anyhow::Error) -> Self {
        Self { error, touched: false }
    }

    /// Says how things stand.
    async fn report(self, brake: &Brake) -> anyhow::Error {
        if self.touched {
            return self.error.context(
                "not restored, and etcd may be down: mend the reason and run the same command again; CKE stays frozen until then, \
                 for it would build an empty cluster",
            );
        }
        let changed = "nothing was changed";
        match brake.release().await {
            Ok(()) => self.error.context(changed),
            Err(error) => self.error.context(format!(
                "{changed}, but CKE is frozen still ({error:#}): run `ckecli thaw`"
            )),
        }
    }
}

async fn follow(hands: &Hands, plan: &RestorePlan) -> Result<(), Stopped> {
    let mut touched = false;
    let count = plan.steps.len();
    for (step, number) in plan.steps.iter().zip(1..) {
        touched |= is_harm(step);
        let words = words::of(step);
        say(&format!("{number}/{count} {words}"));
        let done = hands.take(step).await;
        done.map_err(|error| Stopped {
            error: error.context(words),
            touched,
        })?;
    }
    Ok(())
}

/// Whether the cluster is no more what it was.
fn is_harm(step: &RestoreStep) -> bool {
    match step {
        RestoreStep::CopyBackup { .. } => false,
        RestoreStep::Act(action) => !matches!(action.as_ref(), Action::PullImage { .. }),
        _ => true,
    }
}
