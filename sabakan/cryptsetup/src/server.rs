//! The keys of this machine at sabakan.

use std::time::Duration;

use reqwest::{Method, StatusCode, Url};
use serde::Deserialize;
use thiserror::Error;

use crate::key_id::KeyId;
use crate::plan::KeyState;
use crate::secret::Secret;

/// Says why a key is missing: `never` or `deleted`. Our server sets it on every 404 for a key, after a linearizable read of etcd; the
/// original does not know it.
const KEY_STATE: &str = "x-sabakan-key-state";
/// Carries the token of this boot, which a server may ask for.
const BOOT_TOKEN: &str = "x-sabakan-boot-token";
/// Longer answers are no shares.
const LONGEST_SHARE: usize = 4096;
/// A wait grows by this from one try to the next.
const BACK_OFF: Duration = Duration::from_secs(2);
/// A server that takes longer is as good as away.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Why sabakan could not be asked or told.
#[derive(Debug, Error)]
pub(crate) enum ServerError {
    /// The address is none.
    #[error("--server: {url:?} is not the URL of a sabakan server")]
    Url {
        /// What was given.
        url: String,
    },
    /// The certificate of the authority is no certificate, or TLS does not work at all.
    #[error("cannot make a TLS client with the certificate of --cert")]
    Tls(#[source] reqwest::Error),
    /// No answer.
    #[error("{method} {url}")]
    Request {
        /// What was tried.
        method: Method,
        /// Where.
        url: String,
        /// Why it failed.
        #[source]
        source: reqwest::Error,
    },
    /// An answer that is neither the key nor a clear *there is none*.
    #[error("{method} {url}: status {status}: {message}")]
    Status {
        /// What was tried.
        method: Method,
        /// Where.
        url: String,
        /// The answer's status.
        status: StatusCode,
        /// What it says.
        message: String,
    },
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
    http: reqwest::Client,
    base: Url,
    token: Option<Secret>,
    retries: u32,
}

/// How sabakan words an error.
#[derive(Default, Deserialize)]
struct ErrorBody {
    #[serde(default)]
    error: String,
    #[serde(default)]
    status: u16,
}

impl Keys {
    /// The keys of machine `serial` at `server`. A query of `server`, as a boot token, goes along with each request. With an authority
    /// (PEM), only servers that it vouches for are trusted.
    pub(crate) fn new(server: &str, serial: &str, authority: Option<&[u8]>, retries: u32) -> Result<Self, ServerError> {
        let bad = || ServerError::Url { url: server.to_owned() };
        let mut base = Url::parse(server).map_err(|_| bad())?;
        if !matches!(base.scheme(), "http" | "https") {
            return Err(bad());
        }
        base.path_segments_mut()
            .map_err(|()| bad())?
            .pop_if_empty()
            .extend(["api", "v1", "crypts", serial]);
        // Keys go to the server itself, past any proxy and along no redirect.
        // Trust no authority but the one given: there may be no others in an initrd.
        let trusted = authority
            .map(reqwest::Certificate::from_pem_bundle)
            .transpose()
            .map_err(ServerError::Tls)?;
        let builder = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(TIMEOUT)
            .connect_timeout(TIMEOUT / 2)
            .tls_certs_only(trusted.unwrap_or_default());
        Ok(Self {
            http: builder.build().map_err(ServerError::Tls)?,
            base,
            token: None,
            retries,
        })
    }

    /// Sends the token of this boot along with each request.
    pub(crate) fn with_boot_token(mut self, token: Option<Secret>) -> Self {
        self.token = token;
        self
    }

    /// Gets a share, trying again while there is trouble.
    pub(crate) async fn get(&self, id: &KeyId) -> Result<Stored, ServerError> {
        self.patiently(|| self.get_once(id)).await
    }

    /// Stores a share, trying again while there is trouble.
    pub(crate) async fn put(&self, id: &KeyId, share: &Secret) -> Result<(), ServerError> {
        self.patiently(|| self.put_once(id, share)).await
    }

    async fn patiently<T, F>(&self, attempt: impl Fn() -> F) -> Result<T, ServerError>
    where
        F: Future<Output = Result<T, ServerError>>,
    {
        let mut tries = 0;
        loop {
            match attempt().await {
                Err(error) if tries < self.retries => {
                    tries += 1;
                    let wait = BACK_OFF * tries;
                    let error = anyhow::Error::new(error);
                    tracing::warn!(
                        error = format!("{error:#}"),
                        wait_s = wait.as_secs(),
                        "sabakan does not answer; trying again"
                    );
                    tokio::time::sleep(wait).await;
                }
                outcome => return outcome,
            }
        }
    }

    async fn get_once(&self, id: &KeyId) -> Result<Stored, ServerError> {
        let (status, state, body) = self.send(Method::GET, id, Vec::new()).await?;
        match status {
            StatusCode::OK if !body.is_empty() && body.len() <= LONGEST_SHARE => Ok(Stored::Share(Secret::new(body))),
            StatusCode::NOT_FOUND => match missing(state.as_deref(), &body) {
                Some(state) => Ok(Stored::Missing(state)),
                None => Err(self.unusable(Method::GET, id, status, &body)),
            },
            _ => Err(self.unusable(Method::GET, id, status, &body)),
        }
    }

    async fn put_once(&self, id: &KeyId, share: &Secret) -> Result<(), ServerError> {
        let (status, _, body) = self.send(Method::PUT, id, share.expose().to_vec()).await?;
        if status.is_success() {
            Ok(())
        } else {
            self.after_conflict(id, share, status, &body).await
        }
    }

    /// A try whose answer was lost may have stored the share: then the next one is refused, and the share is there.
    async fn after_conflict(
        &self,
        id: &KeyId,
        share: &Secret,
        status: StatusCode,
        body: &[u8],
    ) -> Result<(), ServerError> {
        if status == StatusCode::CONFLICT
            && let Stored::Share(stored) = self.get_once(id).await?
            && stored == *share
        {
            return Ok(());
        }
        Err(self.unusable(Method::PUT, id, status, body))
    }

    async fn send(
        &self,
        method: Method,
        id: &KeyId,
        body: Vec<u8>,
    ) -> Result<(StatusCode, Option<String>, Vec<u8>), ServerError> {
        let url = self.url(id);
        let failed = |source: reqwest::Error| ServerError::Request {
            method: method.clone(),
            url: without_query(url.clone()),
            source: source.without_url(),
        };
        let mut request = self
            .http
            .request(method.clone(), url.clone())
            .header("x-sabakan-user", "root")
            .body(body);
        if let Some(token) = &self.token {
            request = request.header(BOOT_TOKEN, token.expose());
        }
        let answer = request.send().await.map_err(failed)?;
        let state = answer
            .headers()
            .get(KEY_STATE)
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned);
        let status = answer.status();
        let body = answer.bytes().await.map_err(failed)?;
        Ok((status, state, body.to_vec()))
    }

    fn url(&self, id: &KeyId) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.push(&id.to_string());
        }
        url
    }

    fn unusable(&self, method: Method, id: &KeyId, status: StatusCode, body: &[u8]) -> ServerError {
        let error: ErrorBody = serde_json::from_slice(body).unwrap_or_default();
        let message = if error.error.is_empty() {
            "no reason is given".to_owned()
        } else {
            error.error
        };
        ServerError::Status {
            method,
            url: without_query(self.url(id)),
            status,
            message,
        }
    }
}

/// What a 404 means. One that is not sabakan's own (a proxy's, a wrong address's) means nothing.
fn missing(state: Option<&str>, body: &[u8]) -> Option<KeyState> {
    let error: ErrorBody = serde_json::from_slice(body).unwrap_or_default();
    match state {
        Some("deleted") => Some(KeyState::Deleted),
        Some("never") => Some(KeyState::Never),
        _ => (error.status == 404).then_some(KeyState::Unsaid),
    }
}

/// A token in the query is not for logs.
fn without_query(mut url: Url) -> String {
    url.set_query(None);
    url.to_string()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_missing_key_has_a_reason_or_none() {
        let body = br#"{"error":"not found","status":404}"#;
        assert_eq!(missing(Some("deleted"), body), Some(KeyState::Deleted));
        assert_eq!(missing(Some("never"), body), Some(KeyState::Never));
        assert_eq!(missing(None, body), Some(KeyState::Unsaid));
        assert_eq!(missing(Some("new word"), body), Some(KeyState::Unsaid));
        assert_eq!(missing(None, b"<html>404 page not found</html>"), None);
    }

    #[test]
    fn urls_keep_the_servers_path_and_token_and_escape_the_serial() {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let keys = Keys::new("http://10.0.0.1:10080/x/?token=t", "a/b", None, 0).unwrap();
        let id = KeyId([0xAB; 16]);
        let hex = "ab".repeat(16);
        assert_eq!(
            keys.url(&id).as_str(),
            format!("http://10.0.0.1:10080/x/api/v1/crypts/a%2Fb/{hex}?token=t")
        );
        assert!(
            !keys
                .unusable(Method::GET, &id, StatusCode::FORBIDDEN, b"")
                .to_string()
                .contains("token")
        );
        for bad in ["", "10.0.0.1:10080", "ftp://x"] {
            assert!(Keys::new(bad, "s", None, 0).is_err(), "{bad}");
        }
    }
}
