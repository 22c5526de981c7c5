//! One request and what its answer means.

use reqwest::{Method, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use crate::body::{Answer, Refusal, collect};
use crate::{Endpoint, Error, Secret};

/// What is asked of the server.
#[derive(Debug, Clone)]
pub(crate) struct Request<'a, B> {
    /// In a word, for errors.
    pub(crate) op: &'static str,
    pub(crate) method: Method,
    /// Without `/v1/`.
    pub(crate) path: &'a str,
    pub(crate) body: Option<B>,
}

/// The connection to a server, without any token.
#[derive(Debug, Clone)]
pub(crate) struct Wire {
    endpoint: Endpoint,
    base: reqwest::Url,
    http: reqwest::Client,
}

/// A request without a body.
pub(crate) const EMPTY: Option<()> = None;

impl Wire {
    pub(crate) fn new(endpoint: &Endpoint) -> Result<Wire, Error> {
        let (base, http) = endpoint.client()?;
        Ok(Wire {
            endpoint: endpoint.clone(),
            base,
            http,
        })
    }

    pub(crate) fn url(&self) -> &str {
        &self.endpoint.url
    }

    /// Sends it. `Ok(None)` is the server's word that there is nothing at this path.
    pub(crate) async fn send<T: DeserializeOwned, B: Serialize>(
        &self,
        request: &Request<'_, B>,
        token: Option<&Secret>,
    ) -> Result<Option<Answer<T>>, Error> {
        let (status, body) = self
            .exchange(request, token)
            .await
            .map_err(|e| self.broken(request, e))?;
        if status == StatusCode::NO_CONTENT || (status.is_success() && body.is_empty()) {
            return Ok(Some(Answer::empty()));
        }
        if status.is_success() {
            return serde_json::from_slice(&body)
                .map(Some)
                .map_err(|e| malformed(request, e));
        }
        let refusal: Refusal = serde_json::from_slice(&body).unwrap_or_default();
        if status == StatusCode::NOT_FOUND && refusal.errors.is_empty() {
            return Ok(None);
        }
        Err(refused(request, status, &refusal.errors.join("; ")))
    }

    /// The same for an endpoint that wraps nothing around its answer, and whose errors are statuses alone.
    pub(crate) async fn plain<T: DeserializeOwned, B: Serialize>(&self, request: &Request<'_, B>) -> Result<T, Error> {
        let (status, body) = self
            .exchange(request, None)
            .await
            .map_err(|e| self.broken(request, e))?;
        if !status.is_success() {
            return Err(refused(request, status, &String::from_utf8_lossy(&body)));
        }
        serde_json::from_slice(&body).map_err(|e| malformed(request, e))
    }

    async fn exchange<B: Serialize>(
        &self,
        request: &Request<'_, B>,
        token: Option<&Secret>,
    ) -> Result<(StatusCode, Zeroizing<Vec<u8>>), reqwest::Error> {
        let mut url = self.base.clone();
        let (path, query) = request.path.split_once('?').unwrap_or((request.path, ""));
        url.set_path(&format!("{}{path}", self.base.path()));
        url.set_query((!query.is_empty()).then_some(query));
        let mut builder = self.http.request(request.method.clone(), url);
        if let Some(token) = token {
            builder = builder.header("X-Vault-Token", token.expose());
        }
        if let Some(body) = &request.body {
            builder = builder.json(body);
        }
        let response = builder.send().await?;
        Ok((response.status(), collect(response).await?))
    }

    fn broken<B>(&self, request: &Request<'_, B>, source: reqwest::Error) -> Error {
        let (op, path) = (request.op, request.path.to_owned());
        // Without the URL: the path says it already.
        let source = source.without_url();
        if source.is_timeout() && !source.is_connect() {
            let after = self.endpoint.timeout;
            return Error::Timeout { op, path, after };
        }
        Error::Unreachable { op, path, source }
    }
}

fn malformed<B>(request: &Request<'_, B>, source: serde_json::Error) -> Error {
    Error::Malformed {
        op: request.op,
        path: request.path.to_owned(),
        source,
    }
}

/// Reads a refusal. A 403 is a matter of policy here; whether the token itself is bad is found out by asking.
fn refused<B>(request: &Request<'_, B>, status: StatusCode, message: &str) -> Error {
    let (op, path) = (request.op, request.path.to_owned());
    match status.as_u16() {
        403 => Error::PermissionDenied { op, path },
        503 if message.contains("sealed") => Error::Sealed { op, path },
        status @ (429 | 472 | 473 | 500 | 501 | 502 | 503 | 504) => Error::NotReady {
            op,
            path,
            status,
            message: message.to_owned(),
        },
        status => Error::Rejected {
            op,
            path,
            status,
            message: message.to_owned(),
        },
    }
}
