//! `ckecli etcd`

mod restore;

use crate::connect::Connection;
use crate::output;
use anyhow::{Context, bail};
use cke_etcd::{Access, ClusterEtcd, endpoint_of};
use cke_model::certificate::{Authority, Certificate};
use cke_pki::{Issuer, KeyPair};
use clap::{Args, Subcommand, ValueEnum};
use jiff::Timestamp;
use serde::Serialize;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Manage the etcd of Kubernetes.
#[derive(Debug, Subcommand)]
pub(crate) enum EtcdCommand {
    /// Add a user to the etcd that CKE manages (not the one that CKE uses)
    UserAdd {
        /// Name, not root and not backup
        name: String,
        /// The user may only touch keys that begin with this
        prefix: String,
    },
    /// Issue a client certificate for a user
    Issue {
        /// Life of the certificate
        #[arg(long, default_value = "87600h")]
        ttl: String,
        #[command(flatten)]
        format: CertificateFormat,
        /// Name of the user
        name: String,
    },
    /// Issue a client certificate for root, good for two hours
    RootIssue {
        #[command(flatten)]
        format: CertificateFormat,
    },
    LocalBackup(LocalBackup),
    Restore(restore::Restore),
}

/// How a certificate is handed out.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct CertificateFormat {
    /// JSON on standard output, or files in the present folder
    #[arg(long, value_name = "FORMAT", default_value = "json")]
    output: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Json,
    File,
}

/// Take a snapshot of the etcd that CKE manages.
///
/// It is saved as etcd-YYYYMMDD-hhmmss.backup, in UTC. The oldest are removed when there are too many.
#[derive(Debug, Args)]
pub(crate) struct LocalBackup {
    /// Folder for the snapshots
    #[arg(long, default_value = "/var/cke/etcd-backups")]
    dir: PathBuf,
    /// How many snapshots are kept
    #[arg(long, default_value_t = 10, value_name = "NUMBER")]
    max_backups: usize,
}

/// A certificate as it is printed.
#[derive(Serialize)]
struct Issued<'a> {
    certificate: &'a str,
    private_key: &'a str,
    ca_certificate: &'a str,
}

impl EtcdCommand {
    pub(crate) async fn run(self, connection: &Connection) -> anyhow::Result<()> {
        match self {
            Self::UserAdd { name, prefix } => user_add(connection, &name, &prefix).await,
            Self::Issue { ttl, format, name } => {
                file_name(&name)?;
                let certificate = Certificate::EtcdClient {
                    user: name.clone(),
                    ttl,
                };
                issue(connection, &certificate, &name, format).await
            }
            Self::RootIssue { format } => issue(connection, &Certificate::EtcdRoot, "root", format).await,
            Self::LocalBackup(backup) => backup.run(connection).await,
            Self::Restore(restore) => Box::pin(restore.run(connection)).await,
        }
    }
}

/// The name of a user is part of a file's name.
fn file_name(user: &str) -> anyhow::Result<()> {
    if user.is_empty() || user.contains(['/', '\0']) {
        bail!("{user:?} cannot be the name of a user");
    }
    Ok(())
}

async fn user_add(connection: &Connection, name: &str, prefix: &str) -> anyhow::Result<()> {
    if ["", "root", "backup"].contains(&name) {
        bail!("bad etcd username: {name:?}");
    }
    if prefix.is_empty() {
        bail!("bad etcd prefix: it is empty");
    }
    Ok(cluster_etcd(connection).await?.add_user(name, prefix).await?)
}

/// The cluster's etcd, as root.
async fn cluster_etcd(connection: &Connection) -> anyhow::Result<ClusterEtcd> {
    let storage = connection.storage().await?;
    let cluster = storage.require_cluster().await?;
    let endpoints: Vec<_> = cluster
        .control_planes()
        .map(|node| endpoint_of(&node.address))
        .collect();
    if endpoints.is_empty() {
        bail!("no control plane in the declared cluster");
    }
    let issuer = connection.issuer().await?;
    Ok(Access::new(issuer).etcd(endpoints).await?)
}

async fn issue(
    connection: &Connection,
    certificate: &Certificate,
    user: &str,
    format: CertificateFormat,
) -> anyhow::Result<()> {
    let issuer: Issuer = connection.issuer().await?;
    let ca = issuer.ca(Authority::Server).await?;
    let pair = issuer.issue(certificate).await?;
    match format.output {
        Format::Json => output::json_2(&Issued {
            certificate: &pair.certificate,
            private_key: pair.key.expose(),
            ca_certificate: &ca,
        }),
        Format::File => write_files(user, &ca, &pair),
    }
}

fn write_files(user: &str, ca: &str, pair: &KeyPair) -> anyhow::Result<()> {
    let names = [
        "etcd-ca.crt".to_owned(),
        format!("etcd-{user}.crt"),
        format!("etcd-{user}.key"),
    ];
    write(&names[0], ca, 0o644)?;
    write(&names[1], &pair.certificate, 0o644)?;
    write(&names[2], pair.key.expose(), 0o600)?;
    Ok(output::line(&format!("cert files:  {}", names.join(" ")))?)
}

/// Writes a file; one that exists gets the mode as well before anything is in it.
fn write(name: &str, text: &str, mode: u32) -> anyhow::Result<()> {
    let place = || format!("cannot write {name}");
    let mut options = std::fs::OpenOptions::new();
    let mut file = options
        .write(true)
        .create(true)
        .truncate(true)
        .mode(mode)
        .open(Path::new(name))
        .with_context(place)?;
    let permissions = std::os::unix::fs::PermissionsExt::from_mode(mode);
    file.set_permissions(permissions).with_context(place)?;
    file.write_all(text.as_bytes()).with_context(place)
}

impl LocalBackup {
    async fn run(self, connection: &Connection) -> anyhow::Result<()> {
        let etcd = cluster_etcd(connection).await?;
        let backup = etcd.back_up(&self.dir, self.max_backups, Timestamp::now()).await?;
        let name = backup.path.file_name().unwrap_or_default();
        output::line(&format!("created backup {}", name.display()))?;
        for old in backup.removed {
            output::line(&format!("removed {old}"))?;
        }
        Ok(())
    }
}
