//! Letting Vault forget certificates that have ended.

use cke_model::certificate::Authority;

use crate::{Error, Issuer};

/// A certificate is forgotten when it ended this long ago.
const SAFETY_BUFFER: &str = "1m0s";

/// What became of one authority's tidying.
#[derive(Debug)]
pub struct Tidied {
    /// Which.
    pub authority: Authority,
    /// Vault's words, or why it did not begin.
    pub outcome: Result<Vec<String>, Error>,
}

impl Issuer {
    /// Starts tidying at every authority; one that fails does not keep the others from it.
    pub async fn tidy(&self) -> Vec<Tidied> {
        let each = Authority::ALL.map(|authority| async move {
            let outcome = self.vault().pki_tidy(&authority.vault_path(), SAFETY_BUFFER).await;
            Tidied {
                authority,
                outcome: outcome.map_err(Error::vault(format!("tidy the CA {}", authority.as_str()))),
            }
        });
        futures::future::join_all(each).await
    }
}
