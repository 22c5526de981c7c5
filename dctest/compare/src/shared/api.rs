//! The few requests that the checks make.

use std::future::Future;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::Value;

use crate::site::Server;

/// How long a change may take to be seen by the other server.
pub(super) const SOON: Duration = Duration::from_secs(10);

/// How long a file may take to reach the other server: the original waits up to 30 s before it pulls.
pub(super) const PULLED: Duration = Duration::from_secs(90);

pub(super) fn at(http: &Client, method: Method, server: &Server, path: &str) -> RequestBuilder {
    let base = if path.starts_with("crypts/") {
        &server.https
    } else {
        &server.url
    };
    http.request(method, format!("{base}/api/v1/{path}"))
}

/// Sends it, and fails unless it succeeds.
pub(super) async fn send(request: RequestBuilder) -> anyhow::Result<Vec<u8>> {
    let answer = request.send().await?;
    let (url, status) = (answer.url().clone(), answer.status());
    let body = answer.bytes().await?;
    if !status.is_success() {
        bail!("{url}: {status}: {}", String::from_utf8_lossy(&body));
    }
    Ok(body.to_vec())
}

pub(super) async fn get(http: &Client, server: &Server, path: &str) -> anyhow::Result<Vec<u8>> {
    send(at(http, Method::GET, server, path)).await
}

pub(super) async fn json(http: &Client, server: &Server, path: &str) -> anyhow::Result<Value> {
    let body = get(http, server, path).await?;
    serde_json::from_slice(&body).with_context(|| format!("{path} is no JSON"))
}

pub(super) async fn put(
    http: &Client,
    server: &Server,
    path: &str,
    body: impl Into<reqwest::Body>,
) -> anyhow::Result<()> {
    send(at(http, Method::PUT, server, path).body(body)).await.map(drop)
}

pub(super) async fn delete(http: &Client, server: &Server, path: &str) -> anyhow::Result<()> {
    send(at(http, Method::DELETE, server, path)).await.map(drop)
}

/// Fails unless the path is answered 404.
pub(super) async fn gone(http: &Client, server: &Server, path: &str) -> anyhow::Result<()> {
    let status = at(http, Method::GET, server, path).send().await?.status();
    if status != 404 {
        bail!("{}/{path} is answered {status}, not 404", server.url);
    }
    Ok(())
}

/// Asks again until the condition holds.
pub(super) async fn soon<T, F>(patience: Duration, condition: impl Fn() -> F) -> anyhow::Result<T>
where
    F: Future<Output = anyhow::Result<T>>,
{
    let end = Instant::now() + patience;
    loop {
        match condition().await {
            Ok(value) => return Ok(value),
            Err(error) if Instant::now() > end => return Err(error.context(format!("not in {patience:?}"))),
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

/// Fails with both values unless they are the same.
pub(super) fn same<T: PartialEq + std::fmt::Debug>(one: &T, other: &T) -> anyhow::Result<()> {
    if one != other {
        bail!("{one:?} is not {other:?}");
    }
    Ok(())
}
