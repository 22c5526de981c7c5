//! Issuing certificates: roles on demand, a bound on how many at a time, never beyond the end of the authority.

use std::sync::Arc;

use cke_model::certificate::{Authority, Certificate};
use cke_storage::{ServiceAccount, Storage};
use futures::{StreamExt as _, TryStreamExt as _};
use jiff::{SignedDuration, Timestamp};
use neco_vault::{Issued, Options, Secret, Vault};
use tokio::sync::Semaphore;

use crate::expiry::end_of;
use crate::{Error, Profile};

/// Each costs Vault a new RSA key, about 0.1 s of CPU: more at a time would only make them all late.
const AT_A_TIME: usize = 8;

/// A certificate must end before its authority; Vault's clock may be ahead of ours by this.
const MARGIN: SignedDuration = SignedDuration::from_secs(60);

/// A certificate and its key, in PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyPair {
    /// The certificate.
    pub certificate: String,
    /// Its key.
    pub key: Secret,
}

impl From<ServiceAccount> for KeyPair {
    fn from(stored: ServiceAccount) -> KeyPair {
        KeyPair {
            certificate: stored.certificate,
            key: stored.key,
        }
    }
}

/// Issues certificates from Vault. Cloning it is cheap; clones share the bound.
#[derive(Debug, Clone)]
pub struct Issuer {
    vault: Vault,
    storage: Storage,
    permits: Arc<Semaphore>,
}

impl Issuer {
    /// Issues from this Vault, with the authorities' certificates from this state.
    #[must_use]
    pub fn new(vault: Vault, storage: Storage) -> Issuer {
        Issuer {
            vault,
            storage,
            permits: Arc::new(Semaphore::new(AT_A_TIME)),
        }
    }

    /// The Vault that it issues from.
    #[must_use]
    pub fn vault(&self) -> &Vault {
        &self.vault
    }

    /// Where the authorities' certificates are.
    #[must_use]
    pub fn storage(&self) -> &Storage {
        &self.storage
    }

    /// The certificate of an authority, in PEM, as it is stored.
    ///
    /// # Errors
    /// [`Error::NoCa`], [`Error::Storage`].
    pub async fn ca(&self, authority: Authority) -> Result<String, Error> {
        let stored = self.storage.ca(authority).await?;
        stored.ok_or(Error::NoCa(authority))
    }

    /// Issues a certificate.
    ///
    /// # Errors
    /// [`Error::Profile`], [`Error::Vault`], [`Error::CaEnded`].
    pub async fn issue(&self, certificate: &Certificate) -> Result<KeyPair, Error> {
        let profile = Profile::of(certificate)?;
        // The semaphore is never closed; were it, nothing would be bounded, which is no reason to stop.
        let _permit = self.permits.acquire().await.ok();
        let issued = self.issue_with_role(&profile, &profile.options).await;
        let issued = match issued {
            Err(refused) if ends_too_late(&refused) => self.issue_until_the_end(&profile).await?,
            other => other.map_err(Error::vault(wanted(&profile)))?,
        };
        Ok(KeyPair {
            certificate: issued.certificate,
            key: issued.private_key,
        })
    }

    /// Issues many, in the order of the requests.
    ///
    /// # Errors
    /// As [`Issuer::issue`], with the first that failed.
    pub async fn issue_all(&self, certificates: &[Certificate]) -> Result<Vec<KeyPair>, Error> {
        let requests = futures::stream::iter(certificates).map(|certificate| self.issue(certificate));
        requests.buffered(AT_A_TIME).try_collect().await
    }

    /// A missing role is made; one that exists is left as it is.
    async fn issue_with_role(&self, profile: &Profile, options: &Options) -> Result<Issued, neco_vault::Error> {
        let mount = profile.authority.vault_path();
        match self.vault.pki_issue(&mount, &profile.role, options).await {
            Err(refused) if said(&refused, "unknown role") => {
                tracing::info!(ca = mount, role = profile.role, "makes a role in vault");
                self.vault
                    .pki_put_role(&mount, &profile.role, &profile.role_options)
                    .await?;
                self.vault.pki_issue(&mount, &profile.role, options).await
            }
            other => other,
        }
    }

    /// Issues a certificate that ends with its authority, for one that would outlive it.
    async fn issue_until_the_end(&self, profile: &Profile) -> Result<Issued, Error> {
        let authority = profile.authority;
        let pem = self
            .vault
            .pki_ca(&authority.vault_path())
            .await
            .map_err(Error::vault(wanted(profile)))?;
        let pem = pem.ok_or(Error::NoCa(authority))?;
        let ends = end_of(&pem).map_err(|reason| Error::NotACertificate {
            what: format!("the CA {}", authority.as_str()),
            reason,
        })?;
        if ends - MARGIN <= Timestamp::now() {
            return Err(Error::CaEnded(authority));
        }
        tracing::warn!(ca = authority.as_str(), %ends, asked = profile.ttl(), "a certificate ends early, with its CA");
        let mut options = profile.options.clone();
        options.remove("ttl");
        options.insert("not_after", ends.to_string());
        let issued = self.issue_with_role(profile, &options).await;
        issued.map_err(Error::vault(wanted(profile)))
    }
}

fn wanted(profile: &Profile) -> String {
    let name = profile.options.get("common_name").map_or("", String::as_str);
    format!(
        "issue a certificate for {name} by the CA {}",
        profile.authority.as_str()
    )
}

fn said(error: &neco_vault::Error, text: &str) -> bool {
    error.rejection().is_some_and(|message| message.contains(text))
}

/// Vault's words for a certificate that would outlive its authority.
fn ends_too_late(error: &neco_vault::Error) -> bool {
    said(error, "beyond the expiration of the CA")
}
