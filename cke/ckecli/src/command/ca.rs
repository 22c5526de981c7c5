//! `ckecli ca`

use crate::connect::Connection;
use crate::{input, output};
use anyhow::{Context, bail};
use cke_model::certificate::Authority;
use clap::Subcommand;
use std::path::{Path, PathBuf};

/// Manage certificates of authorities.
#[derive(Debug, Subcommand)]
pub(crate) enum Ca {
    /// Store the certificate of an authority
    ///
    /// `ckecli vault init` makes the authorities in Vault and stores their certificates; this is for those made by other
    /// ways.
    Set {
        /// server, etcd-peer, etcd-client, kubernetes, kubernetes-aggregation or kubernetes-webhook
        #[arg(value_parser = authority)]
        name: Authority,
        /// X.509 certificate in PEM
        pem: PathBuf,
    },
    /// Show the certificate of an authority
    Get {
        /// server, etcd-peer, etcd-client, kubernetes, kubernetes-aggregation or kubernetes-webhook
        #[arg(value_parser = authority)]
        name: Authority,
    },
}

fn authority(name: &str) -> Result<Authority, String> {
    Authority::from_name(name).ok_or_else(|| format!("wrong CA name: {name}"))
}

impl Ca {
    pub(crate) async fn run(self, connection: &Connection) -> anyhow::Result<()> {
        match self {
            Self::Set { name, pem } => {
                let text = certificate(&pem)?;
                Ok(connection.storage().await?.put_ca(name, &text).await?)
            }
            Self::Get { name } => {
                let pem = connection.storage().await?.ca(name).await?;
                let pem = pem.with_context(|| format!("the certificate of {} is not stored", name.as_str()))?;
                Ok(output::emit(pem.as_bytes())?)
            }
        }
    }
}

fn certificate(path: &Path) -> anyhow::Result<String> {
    let (place, text) = (path.display(), input::text(path)?);
    let Ok((_, pem)) = x509_parser::pem::parse_x509_pem(text.as_bytes()) else {
        bail!("{place}: invalid PEM data");
    };
    pem.parse_x509()
        .with_context(|| format!("{place}: invalid certificate"))?;
    Ok(text)
}
