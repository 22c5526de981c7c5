//! Sending requests and reading answers; what the calls of the API have in common.

use crate::{Client, Error, StatusError};
use http::Method;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::{RequestBuilder, Response, Url};
use sabakan_model::{decode_stored, to_go_json};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::sync::atomic::Ordering;

/// What stays as it is in one element of a path.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~')
    .remove(b':')
    .remove(b'+');

/// An error of the API as JSON.
#[derive(Deserialize, Default)]
struct ApiError {
    #[serde(default)]
    error: Option<serde_json::Value>,
    #[serde(default)]
    request_id: Option<serde_json::Value>,
}

/// The revision of etcd that an answer knows.
const REVISION: &str = "x-sabakan-revision";
/// The revision that an answer must know at least.
const MIN_REVISION: &str = "x-sabakan-min-revision";

/// Most bytes of an error that are read.
const MAX_ERROR: usize = 64 * 1024;

impl Client {
    /// The URL of a path below `/api/v1`.
    pub(crate) fn url(&self, segments: &[&str]) -> Result<Url, Error> {
        let mut path = format!("{}/api/v1", self.base.path().trim_end_matches('/'));
        for segment in segments {
            if matches!(*segment, "" | "." | "..") {
                return Err(Error::Segment((*segment).to_owned()));
            }
            path.push('/');
            path.extend(utf8_percent_encode(segment, SEGMENT));
        }
        let mut url = self.base.clone();
        url.set_path(&path);
        Ok(url)
    }

    /// The URL of a path that stands beside `/api/v1`.
    pub(crate) fn root_url(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        url.set_path(&format!("{}/{path}", self.base.path().trim_end_matches('/')));
        url
    }

    pub(crate) fn request(&self, method: Method, url: Url) -> RequestBuilder {
        let request = self
            .http
            .request(method, url)
            .header("X-Sabakan-User", self.user.clone());
        if self.at_least > 0 {
            request.header(MIN_REVISION, self.at_least)
        } else {
            request
        }
    }

    pub(crate) async fn get_json<T: DeserializeOwned>(&self, segments: &[&str]) -> Result<T, Error> {
        self.read_json(self.request(Method::GET, self.url(segments)?)).await
    }

    pub(crate) async fn get_bytes(&self, segments: &[&str]) -> Result<Vec<u8>, Error> {
        let response = self.send(self.request(Method::GET, self.url(segments)?)).await?;
        Ok(body(response).await?.1)
    }

    pub(crate) async fn read_json<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, Error> {
        let (url, text) = body(self.send(request).await?).await?;
        decode_stored(&text).map_err(|source| Error::Decode { url, source })
    }

    pub(crate) async fn send_json<T: Serialize>(
        &self,
        method: Method,
        segments: &[&str],
        value: &T,
    ) -> Result<(), Error> {
        let url = self.url(segments)?;
        let encoded = |source| Error::Decode {
            url: url.to_string(),
            source,
        };
        let mut text = to_go_json(value).map_err(encoded)?;
        text.push(b'\n');
        let request = self
            .request(method, url.clone())
            .header(http::header::CONTENT_TYPE, "application/json");
        self.finish(request.body(text)).await
    }

    pub(crate) async fn send_bytes(&self, method: Method, segments: &[&str], bytes: Vec<u8>) -> Result<(), Error> {
        self.finish(self.request(method, self.url(segments)?).body(bytes)).await
    }

    pub(crate) async fn delete(&self, segments: &[&str]) -> Result<(), Error> {
        self.finish(self.request(Method::DELETE, self.url(segments)?)).await
    }

    /// Sends and reads the answer's status; a status of 400 or more is an error with the server's words.
    pub(crate) async fn send(&self, request: RequestBuilder) -> Result<Response, Error> {
        let (client, request) = request.build_split();
        let request = request.map_err(Error::setup)?;
        let (method, url) = (request.method().clone(), request.url().to_string());
        let answer = client.execute(request).await;
        let response = answer.map_err(|e| transport(method, url, e))?;
        let revision = response
            .headers()
            .get(REVISION)
            .and_then(|v| v.to_str().ok()?.parse().ok());
        self.seen.fetch_max(revision.unwrap_or(0), Ordering::Relaxed);
        if response.status().as_u16() < 400 {
            Ok(response)
        } else {
            Err(refusal(response).await)
        }
    }

    async fn finish(&self, request: RequestBuilder) -> Result<(), Error> {
        body(self.send(request).await?).await.map(drop)
    }
}

/// The whole body, with the URL for errors.
pub(crate) async fn body(response: Response) -> Result<(String, Vec<u8>), Error> {
    let url = response.url().to_string();
    match response.bytes().await {
        Ok(bytes) => Ok((url, bytes.to_vec())),
        Err(e) => Err(transport(Method::GET, url, e)),
    }
}

pub(crate) fn transport(method: Method, url: String, error: reqwest::Error) -> Error {
    let timed_out = error.is_timeout();
    Error::Transport {
        method,
        url,
        timed_out,
        source: error.without_url().into(),
    }
}

async fn refusal(response: Response) -> Error {
    let status = response.status();
    let header = |name: &str| {
        response
            .headers()
            .get(name)
            .and_then(|v| v.to_str().ok())
            .map(str::to_owned)
    };
    let retry_after = header("retry-after").and_then(|v| v.parse().ok());
    let key_state = header("x-sabakan-key-state");
    let id_in_header = header("x-cybozu-request-id");
    let text = response.bytes().await.unwrap_or_default();
    let parsed: Option<ApiError> = serde_json::from_slice(&text).ok();
    let plain = || {
        String::from_utf8_lossy(&text[..text.len().min(MAX_ERROR)])
            .trim()
            .to_owned()
    };
    let parsed = parsed.unwrap_or_default();
    let reason = parsed.error.map_or_else(plain, as_text);
    let request_id = parsed.request_id.map(as_text).or(id_in_header);
    Error::Status(Box::new(StatusError {
        status,
        reason,
        request_id,
        retry_after,
        key_state,
    }))
}

fn as_text(value: serde_json::Value) -> String {
    match value {
        serde_json::Value::String(text) => text,
        other => other.to_string(),
    }
}
