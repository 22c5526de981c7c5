//! `ckecli kubernetes`

use crate::connect::Connection;
use crate::exit::say;
use crate::output;
use anyhow::Context;
use cke_model::Cluster;
use cke_model::names::port;
use cke_pki::KubernetesUser;
use clap::{Args, Subcommand};
use std::time::Duration;

/// Manage Kubernetes.
#[derive(Debug, Subcommand)]
pub(crate) enum Kubernetes {
    Issue(Issue),
}

/// Write a kubeconfig with a new client certificate to standard output.
#[derive(Debug, Args)]
pub(crate) struct Issue {
    /// Life of the certificate
    #[arg(long, default_value = KubernetesUser::DEFAULT_TTL)]
    ttl: String,
    /// Group of the user
    #[arg(short, long, default_value = KubernetesUser::ADMINISTRATORS)]
    group: String,
    /// Name of the user; cke:user:YOURNAME tells people apart in audit logs [default: cke:user:admin]
    #[arg(short, long)]
    user: Option<String>,
    /// URL of the API server; the service's name within a pod, the first control plane elsewhere
    #[arg(long, value_name = "URL")]
    server: Option<String>,
}

impl Kubernetes {
    pub(crate) async fn run(self, connection: &Connection) -> anyhow::Result<()> {
        let Self::Issue(issue) = self;
        issue.run(connection).await
    }
}

/// The name of the API's service, known to pods.
const SERVICE: &str = "kubernetes.default.svc";

/// A name server that knows the name says so at once; one that is away must not hold anybody up.
const LOOK_UP: Duration = Duration::from_millis(500);

impl Issue {
    async fn run(self, connection: &Connection) -> anyhow::Result<()> {
        if self.user.is_none() {
            say(
                "issuing a certificate for user \"cke:user:admin\" (previously \"admin\")\n\
                 NOTE: pass --user=cke:user:YOURNAME for per-person audit attribution",
            );
        }
        let issuer = connection.issuer().await?;
        let cluster = connection.storage().await?.require_cluster().await?;
        let server = match self.server {
            Some(server) => server,
            None => server_of(&cluster).await?,
        };
        let who = KubernetesUser {
            cluster: cluster.name,
            server,
            user: self.user.unwrap_or_else(|| KubernetesUser::DEFAULT_NAME.to_owned()),
            group: self.group,
            ttl: self.ttl,
        };
        let kubeconfig = issuer.user_kubeconfig(&who).await?;
        Ok(output::line(&kubeconfig)?)
    }
}

async fn server_of(cluster: &Cluster) -> anyhow::Result<String> {
    let known = tokio::time::timeout(LOOK_UP, tokio::net::lookup_host((SERVICE, port::API_SERVER))).await;
    if matches!(known, Ok(Ok(_))) {
        return Ok(format!("https://{SERVICE}"));
    }
    let first = cluster
        .control_planes()
        .next()
        .context("no control plane in the declared cluster")?;
    let address = if first.address.contains(':') {
        format!("[{}]", first.address)
    } else {
        first.address.clone()
    };
    Ok(format!("https://{address}:{}", port::API_SERVER))
}
