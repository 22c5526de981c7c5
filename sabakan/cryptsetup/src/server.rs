//! The keys of this machine at sabakan.

use std::time::Duration;

use sabakan_client::{BootToken, Client, Error};

use crate::key_id::KeyId;
use crate::plan::KeyState;
use crate::secret::Secret;

/// Longer answers are no shares.
const LONGEST_SHARE: usize = 255;
/// A wait grows by this from one try to the next.
const BACK_OFF: Duration = Duration::from_secs(2);
/// A server that takes longer is as good as away.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Where and how to reach sabakan.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) server: String,
    pub(crate) serial: String,
    /// Certificate of the only authority that is trusted, as PEM.
    pub(crate) authority: Option<String>,
    /// The token of this boot.
    pub(crate) token: Option<BootToken>,
    /// Tries after the first.
    pub(crate) retries: u32,
}

/// What sabakan has under an identifier.
#[derive(Debug)]
pub(crate) enum Stored {
    /// A share.
    Share(Secret),
    /// Nothing.
    Missing(KeyState),
}

/// The store of one machine's keys.
#[derive(Clone, Debug)]
pub(crate) struct Keys {
    client: Client,
    serial: String,
    retries: u32,
}

impl Keys {
    pub(crate) fn new(options: Options) -> Result<Self, Error> {
        // Keys go to the server itself, past any proxy and along no redirect; in an initrd there may be no authorities.
        let client = Client::new(&sabakan_client::Options {
            user: Some("root".to_owned()),
            ca_pem: options.authority,
            private: true,
            boot_token: options.token,
            connect_timeout: TIMEOUT / 2,
            read_timeout: TIMEOUT,
            ..sabakan_client::Options::new(options.server)
        })?;
        Ok(Self {
            client,
            serial: options.serial,
            retries: options.retries,
        })
    }

    /// Gets a share, trying again while there is trouble.
    pub(crate) async fn get(&self, id: &KeyId) -> Result<Stored, Error> {
        self.patiently(|| self.get_once(id)).await
    }

    /// Stores a share, trying again while there is trouble.
    pub(crate) async fn put(&self, id: &KeyId, share: &Secret) -> Result<(), Error> {
        self.patiently(|| self.put_once(id, share)).await
    }

    async fn patiently<T, F>(&self, attempt: impl Fn() -> F) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let mut tries = 0;
        loop {
            match attempt().await {
                Err(error) if tries < self.retries => {
                    tries += 1;
                    let wait = BACK_OFF * tries;
                    let error = format!("{:#}", anyhow::Error::new(error));
                    tracing::warn!(error, wait_s = wait.as_secs(), "sabakan has no answer; trying again");
                    tokio::time::sleep(wait).await;
                }
                outcome => return outcome,
            }
        }
    }

    async fn get_once(&self, id: &KeyId) -> Result<Stored, Error> {
        match self.client.crypt(&self.serial, &id.to_string()).await {
            // What is too long is no share, and its length will be refused.
            Ok(mut share) => {
                share.truncate(LONGEST_SHARE + 1);
                Ok(Stored::Share(Secret::new(share)))
            }
            Err(error) => missing(&error).map(Stored::Missing).ok_or(error),
        }
    }

    /// A try whose answer was lost may have stored the share: then the next one is refused, and the share is there.
    async fn put_once(&self, id: &KeyId, share: &Secret) -> Result<(), Error> {
        let stored = self
            .client
            .put_crypt(&self.serial, &id.to_string(), share.expose().to_vec())
            .await;
        match stored {
            Err(error) if error.is_conflict() => match self.get_once(id).await? {
                Stored::Share(there) if there == *share => Ok(()),
                _ => Err(error),
            },
            stored => stored,
        }
    }
}

/// What a 404 means. One that is not sabakan's own (a proxy's, a wrong address's) means nothing: sabakan's has the id of the request.
fn missing(error: &Error) -> Option<KeyState> {
    let Error::Status(status) = error else { return None };
    match status.key_state.as_deref() {
        _ if !error.is_not_found() => None,
        Some("deleted") => Some(KeyState::Deleted),
        Some("never") => Some(KeyState::Never),
        _ => status.request_id.is_some().then_some(KeyState::Unsaid),
    }
}

#[cfg(test)]
mod tests {
    use sabakan_client::StatusError;

    use super::*;

    fn answer(status: u16, key_state: Option<&str>, request_id: Option<&str>) -> Option<KeyState> {
        missing(&Error::Status(Box::new(StatusError {
            status: status.try_into().unwrap_or_default(),
            reason: String::new(),
            request_id: request_id.map(str::to_owned),
            retry_after: None,
            key_state: key_state.map(str::to_owned),
        })))
    }

    #[test]
    fn a_missing_key_has_a_reason_or_none() {
        assert_eq!(answer(404, Some("deleted"), Some("1")), Some(KeyState::Deleted));
        assert_eq!(answer(404, Some("never"), None), Some(KeyState::Never));
        assert_eq!(answer(404, None, Some("")), Some(KeyState::Unsaid));
        assert_eq!(answer(404, Some("new word"), Some("1")), Some(KeyState::Unsaid));
        assert_eq!(answer(404, None, None), None, "not sabakan's");
        assert_eq!(answer(503, Some("deleted"), Some("1")), None);
    }
}
