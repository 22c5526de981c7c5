//! Turning what a plan calls a file into its bytes, with the mode and the owner that they need.

mod owner;

use std::collections::BTreeMap;

use cke_model::ResolvedFile;
use cke_model::certificate::{Authority, Certificate};
use cke_model::operation::{Content, NodeFile, NodeFiles};
use futures::{StreamExt as _, TryStreamExt as _};
use tokio::sync::OnceCell;
use zeroize::Zeroizing;

use crate::encryption::EncryptionKeys;
use crate::kubeconfig::Kubeconfig;
use crate::{Error, Issuer, KeyPair};

/// More files than this are not in work at a time; the issuer bounds certificates by itself.
const AT_A_TIME: usize = 32;

impl Issuer {
    /// The bytes of a file; a key pair becomes two files.
    ///
    /// # Errors
    /// [`Error`], for what the content names.
    pub async fn resolve(&self, file: &NodeFile) -> Result<Vec<ResolvedFile>, Error> {
        self.resolve_with(file, &Shared::default()).await
    }

    /// The bytes of all files of many nodes, by address and in order. What they share is read once.
    ///
    /// # Errors
    /// [`Error`], of the first file that failed.
    pub async fn resolve_all(&self, nodes: &[NodeFiles]) -> Result<BTreeMap<String, Vec<ResolvedFile>>, Error> {
        let shared = Shared::default();
        let files = nodes
            .iter()
            .flat_map(|n| n.files.iter().map(move |file| (&n.node, file)));
        let resolved = futures::stream::iter(files).map(|(node, file)| async {
            let files = self.resolve_with(file, &shared).await?;
            Ok::<_, Error>((node.clone(), files))
        });
        let all: Vec<_> = resolved.buffered(AT_A_TIME).try_collect().await?;
        let mut by_node: BTreeMap<String, Vec<ResolvedFile>> = BTreeMap::new();
        for (node, files) in all {
            by_node.entry(node).or_default().extend(files);
        }
        Ok(by_node)
    }

    async fn resolve_with(&self, file: &NodeFile, shared: &Shared) -> Result<Vec<ResolvedFile>, Error> {
        let one = |file| Ok(vec![file]);
        let path = file.path.as_str();
        match &file.content {
            Content::Text(text) => one(public(path, text)),
            Content::Ca(authority) => one(public(path, shared.ca(self, *authority).await?)),
            Content::KeyPair(certificate) => Ok(pair(path, &self.issue(certificate).await?)),
            Content::ServiceAccountKeyPair => Ok(pair(path, shared.service_account(self).await?)),
            Content::ServiceAccountKey => one(secret(path, shared.service_account(self).await?.key.expose())),
            Content::Kubeconfig {
                cluster,
                user,
                server,
                certificate,
            } => one(self
                .kubeconfig(path, (cluster, user, server), certificate, shared)
                .await?),
            Content::EncryptionConfiguration => one(secret(path, &shared.encryption(self).await?.configuration())),
        }
    }

    async fn kubeconfig(
        &self,
        path: &str,
        (cluster, user, server): (&str, &str, &str),
        certificate: &Certificate,
        shared: &Shared,
    ) -> Result<ResolvedFile, Error> {
        let (ca, pair) = tokio::try_join!(shared.ca(self, Authority::Kubernetes), self.issue(certificate))?;
        let kubeconfig = Kubeconfig {
            cluster,
            user,
            server,
            ca,
            pair: &pair,
        };
        Ok(secret(path, &kubeconfig.to_yaml()))
    }
}

/// What files of one plan share, read when the first asks for it.
#[derive(Default)]
struct Shared {
    authorities: [OnceCell<String>; Authority::ALL.len()],
    service_account: OnceCell<KeyPair>,
    encryption: OnceCell<EncryptionKeys>,
}

impl Shared {
    async fn ca(&self, issuer: &Issuer, authority: Authority) -> Result<&str, Error> {
        let index = Authority::ALL.iter().position(|a| *a == authority);
        let cell = index
            .and_then(|i| self.authorities.get(i))
            .ok_or(Error::NoCa(authority))?;
        let pem = cell.get_or_try_init(|| issuer.ca(authority)).await?;
        Ok(pem.as_str())
    }

    async fn service_account(&self, issuer: &Issuer) -> Result<&KeyPair, Error> {
        let read = || issuer.service_account();
        self.service_account.get_or_try_init(read).await
    }

    async fn encryption(&self, issuer: &Issuer) -> Result<&EncryptionKeys, Error> {
        self.encryption.get_or_try_init(|| issuer.encryption_keys()).await
    }
}

fn pair(path: &str, pair: &KeyPair) -> Vec<ResolvedFile> {
    vec![
        public(&format!("{path}.crt"), &pair.certificate),
        secret(&format!("{path}.key"), pair.key.expose()),
    ]
}

/// Everybody may read it: nothing secret, and the observer reads configuration as the SSH user.
fn public(path: &str, text: &str) -> ResolvedFile {
    resolved(path, text, 0o644)
}

/// Only the user of the image may read it.
fn secret(path: &str, text: &str) -> ResolvedFile {
    resolved(path, text, 0o600)
}

fn resolved(path: &str, text: &str, mode: u32) -> ResolvedFile {
    ResolvedFile {
        path: path.to_owned(),
        bytes: Zeroizing::new(text.as_bytes().to_vec()),
        mode,
        owner: owner::of(path),
    }
}
