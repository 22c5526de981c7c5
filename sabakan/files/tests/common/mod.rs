//! What the tests of the front share.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

pub mod cluster;

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use axum::{Router, extract::ConnectInfo, routing};
use hyper_util::service::TowerToHyperService;
use prometheus::Registry;
use sabakan_files::{
    content::{Content, Reply},
    front::{Front, Metrics, Options, Verdict},
};
use testkit::wait::{PATIENCE, holds, wait_for};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

/// A front that serves one directory under `/files/` and echoes what comes under `/api/`.
pub struct TestFront {
    pub addr: SocketAddr,
    pub stop: CancellationToken,
    pub metrics: Metrics,
    pub running: JoinHandle<std::io::Result<()>>,
    pub dir: tempfile::TempDir,
}

pub fn start(options: Options) -> TestFront {
    let dir = tempfile::tempdir().unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    let metrics = Metrics::register(&Registry::new()).unwrap();
    let root: PathBuf = dir.path().to_owned();
    let decide = Arc::new(move |parts: &http::request::Parts, _peer: SocketAddr| {
        match parts
            .uri
            .path()
            .strip_prefix("/files/")
            .map(|name| Content::open(&root.join(name)))
        {
            Some(Ok(content)) => Verdict::Serve(Reply::decide(&parts.method, &parts.headers, &content)),
            _ => Verdict::Handoff,
        }
    });
    let router = Router::new()
        .route("/api/echo", routing::post(|body: String| async move { body }))
        .route("/api/large", routing::get(|| async { vec![0_u8; 64 << 20] }))
        .route(
            "/api/peer",
            routing::get(|ConnectInfo(peer): ConnectInfo<SocketAddr>| async move { peer.to_string() }),
        );
    let make =
        move |peer: SocketAddr| TowerToHyperService::new(router.clone().layer(axum::Extension(ConnectInfo(peer))));
    let front = Front::new(listener, options, metrics.clone(), decide, make);
    let stop = CancellationToken::new();
    let running = tokio::spawn(front.run(stop.clone()));
    TestFront {
        addr,
        stop,
        metrics,
        running,
        dir,
    }
}

/// Bytes that differ from place to place.
pub fn pattern(len: usize) -> Vec<u8> {
    (0..len)
        .map(|at| u8::try_from((at * 31 + at / 251) % 256).unwrap())
        .collect()
}

pub fn write(dir: &Path, name: &str, bytes: &[u8]) {
    std::fs::write(dir.join(name), bytes).unwrap();
}

/// Sends `request` and reads until the server closes, or `patience` is over.
pub async fn talk(addr: SocketAddr, request: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(addr).await.unwrap();
    stream.write_all(request).await.unwrap();
    let mut answer = Vec::new();
    tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer))
        .await
        .expect("the server closes in time")
        .unwrap();
    answer
}

/// Polls until `condition` holds.
pub async fn until(what: &str, mut condition: impl FnMut() -> bool) {
    wait_for(what, PATIENCE, || std::future::ready(holds(condition(), "not yet"))).await;
}
