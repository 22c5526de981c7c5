//! A server of images and assets without sabakan around it: no access rules, no other API.
//!
//! The tests kill it at every step of an upload and a pull; benchmarks hold it against other web servers. It is no part
//! of a package.

use std::{convert::Infallible, env, net::SocketAddr, path::PathBuf, pin::Pin, sync::Arc};

use anyhow::Context;
use http::{Method, Request, Response, StatusCode, request::Parts};
use http_body_util::BodyDataStream;
use hyper::{body::Incoming, service::service_fn};
use neco_etcd::{Config, Etcd};
use prometheus::Registry;
use sabakan_files::{
    Files, FilesError, Options,
    assets::AssetPut,
    content::{Content, Reply, body::SegmentBody},
    front::{self, Front, Verdict},
    peer,
};
use sabakan_storage::{Actor, Storage, StorageOptions};
use tokio_util::sync::CancellationToken;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let args: Vec<String> = env::args().skip(1).collect();
    match args.as_slice() {
        [word, dir, addr] if word == "plain" => serve_plain(PathBuf::from(dir), addr.parse()?).await,
        [dir, addr, endpoint, url] => serve(dir, addr.parse()?, endpoint, url).await,
        _ => anyhow::bail!("usage: files-server DATA_DIR ADDR ETCD URL | files-server plain DIR ADDR"),
    }
}

/// Serves a directory, for benchmarks.
async fn serve_plain(dir: PathBuf, addr: SocketAddr) -> anyhow::Result<()> {
    let decide: front::Decide =
        Arc::new(
            move |parts, _peer| match Content::open(&dir.join(parts.uri.path().trim_start_matches('/'))) {
                Ok(content) => Verdict::Serve(Reply::decide(&parts.method, &parts.headers, &content)),
                Err(_) => Verdict::Handoff,
            },
        );
    let make = |_peer| {
        service_fn(|_request: Request<Incoming>| async { Ok::<_, Infallible>(plain(StatusCode::NOT_FOUND, "")) })
    };
    let listener = std::net::TcpListener::bind(addr)?;
    let metrics = front::Metrics::register(&Registry::new())?;
    Ok(Front::new(listener, front::Options::default(), metrics, decide, make)
        .run(CancellationToken::new())
        .await?)
}

async fn serve(dir: &str, addr: SocketAddr, endpoint: &str, url: &str) -> anyhow::Result<()> {
    // The client for peers speaks plain HTTP only, and still wants to know who would do TLS. One is installed at most once.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let mut config = Config::new("/sabakan/");
    config.endpoints = vec![endpoint.to_owned()];
    let etcd = Etcd::connect(&config).await.context("connecting to etcd")?;
    let storage = Storage::open(etcd.clone(), StorageOptions::default())
        .await
        .context("opening the storage")?;
    let registry = Registry::new();
    let mut options = Options::new(dir, url);
    options.jitter = std::time::Duration::from_millis(20);
    options.retry = std::time::Duration::from_millis(200);
    let files = Files::open(options, etcd, storage, &registry)?;
    let stop = CancellationToken::new();
    let running = tokio::spawn(files.clone().run(stop.clone()));
    let deciding = files.clone();
    let decide: front::Decide = Arc::new(move |parts, _peer| match peer::answer(&deciding, parts) {
        Ok(Some(reply)) => Verdict::Serve(reply),
        _ => Verdict::Handoff,
    });
    let make = move |_peer| {
        let files = files.clone();
        service_fn(move |request| api(files.clone(), request))
    };
    let listener = std::net::TcpListener::bind(addr)?;
    let front = Front::new(
        listener,
        front::Options::default(),
        front::Metrics::register(&registry)?,
        decide,
        make,
    );
    front.run(stop).await?;
    Ok(running.await?)
}

type Answer = Result<Response<SegmentBody>, Infallible>;

fn api(files: Files, request: Request<Incoming>) -> Pin<Box<dyn Future<Output = Answer> + Send>> {
    Box::pin(async move {
        let (parts, body) = request.into_parts();
        let answer = handle(&files, &parts, body).await;
        Ok(answer.unwrap_or_else(|error| plain(error.status(), &format!("{error}\n"))))
    })
}

async fn handle(files: &Files, parts: &Parts, body: Incoming) -> Result<Response<SegmentBody>, FilesError> {
    if let Some(reply) = peer::answer(files, parts)? {
        return Ok(reply.into_response());
    }
    let actor = Actor::default();
    let path: Vec<&str> = parts.uri.path().trim_start_matches("/api/v1/").split('/').collect();
    let declared = parts
        .headers
        .get("content-length")
        .and_then(|len| len.to_str().ok()?.parse().ok());
    let body = BodyDataStream::new(body);
    match (&parts.method, path.as_slice()) {
        (&Method::PUT, ["images", os, id]) => {
            files.images().upload(&actor, os, id, declared, body).await?;
            Ok(plain(StatusCode::CREATED, ""))
        }
        (&Method::DELETE, ["images", os, id]) => {
            files.images().delete(&actor, os, id).await?;
            Ok(plain(StatusCode::OK, ""))
        }
        (&Method::PUT, ["assets", name]) => {
            let status = files
                .assets()
                .put(&actor, AssetPut::from_request(name, &parts.headers)?, body)
                .await?;
            let code = u16::try_from(status.status)
                .ok()
                .and_then(|code| StatusCode::from_u16(code).ok());
            Ok(plain(code.unwrap_or_default(), &status.id.to_string()))
        }
        (&Method::DELETE, ["assets", name]) => {
            files.assets().delete(&actor, name).await?;
            Ok(plain(StatusCode::OK, ""))
        }
        _ => Ok(plain(StatusCode::NOT_FOUND, "")),
    }
}

fn plain(status: StatusCode, text: &str) -> Response<SegmentBody> {
    Reply::text(status, "text/plain", text.to_owned()).into_response()
}
