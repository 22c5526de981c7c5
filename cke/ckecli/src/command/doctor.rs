//! `ckecli doctor`
//!
//! [`ask`] looks and judges nothing; what it saw is a [`sight::Sight`], plain data; [`judge`] makes findings of it and asks nobody.

mod ask;
mod finding;
mod judge;
mod sight;

use crate::connect::Connection;
use crate::exit::{Exit, Silent};
use crate::output::{self, Output};
use clap::Args;
use finding::{Finding, Grade};

/// Check what CKE depends on and what it built, and say what to do.
///
/// CKE's etcd, its leader and what is stored; Vault and the ends of authorities; of the cluster the members of etcd, the API servers and each
/// node: SSH, docker, clock, disks, certificates, images. Nothing is changed.
///
/// It ends with 0 when nothing is bad, warnings or not; with 1 when something is, or could not be looked at.
#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// Look at nothing of the cluster: neither at nodes nor at its etcd and API servers
    #[arg(long)]
    skip_nodes: bool,
    #[command(flatten)]
    output: Output,
}

impl Doctor {
    pub(crate) async fn run(self, connection: &Connection) -> anyhow::Result<()> {
        let sight = ask::all(connection, self.skip_nodes).await;
        let findings = judge::all(&sight);
        if self.output.wants_table() {
            output::table(&Finding::HEADER, findings.iter().map(Finding::row).collect())?;
        } else {
            output::json_2(&findings)?;
        }
        if findings.iter().any(|finding| finding.grade == Grade::Bad) {
            return Err(Silent(Exit::Failure).into());
        }
        Ok(())
    }
}
