//! Servers of images and assets in this process, on one real etcd.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

use std::{
    fmt,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use futures::{Stream, stream};
use hyper_util::service::TowerToHyperService;
use neco_etcd::{Config, Etcd};
use prometheus::Registry;
use sabakan_files::{
    Files, FilesError, Options,
    assets::AssetPut,
    front::{self, Front, Verdict},
    peer,
};
use sabakan_storage::{Actor, Storage, StorageOptions};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub struct Server {
    pub files: Files,
    pub addr: SocketAddr,
    pub dir: PathBuf,
    pub registry: Registry,
    pub stop: CancellationToken,
    running: Vec<JoinHandle<()>>,
}

pub async fn storage(etcd: &testkit::etcd::Etcd) -> Storage {
    rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
    let mut config = Config::new("/sabakan/");
    config.endpoints = etcd.endpoints();
    let client = Etcd::connect(&config).await.unwrap();
    Storage::open(client, StorageOptions::default()).await.unwrap()
}

pub fn options(dir: &Path, url: &str) -> Options {
    let mut options = Options::new(dir, url);
    options.jitter = Duration::from_millis(20);
    options.retry = Duration::from_millis(100);
    options.idle_timeout = Duration::from_secs(2);
    options.min_free = 0;
    options
}

impl Server {
    pub async fn start(storage: &Storage, dir: &Path) -> Self {
        Self::start_with(storage, dir, |_| {}).await
    }

    pub async fn start_with(storage: &Storage, dir: &Path, set: impl FnOnce(&mut Options)) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let mut options = options(dir, &format!("http://{addr}"));
        set(&mut options);
        let registry = Registry::new();
        // Blocking work of a server just stopped holds the directory for a moment longer.
        let files = testkit::wait::wait_for("the data directory is free", testkit::wait::PATIENCE, || async {
            let etcd = storage.etcd().clone();
            Files::open(options.clone(), etcd, storage.clone(), &registry).map_err(|error| format!("{error:?}"))
        })
        .await;
        let deciding = files.clone();
        let decide: front::Decide = Arc::new(move |parts, _| match peer::answer(&deciding, parts) {
            Ok(Some(reply)) => Verdict::Serve(reply),
            _ => Verdict::Handoff,
        });
        let metrics = front::Metrics::register(&registry).unwrap();
        let make = |_| TowerToHyperService::new(axum::Router::<()>::new());
        let front = Front::new(listener, front::Options::default(), metrics, decide, make);
        let stop = CancellationToken::new();
        let (at_front, at_files) = (stop.clone(), stop.clone());
        let following = files.clone();
        let running = vec![
            tokio::spawn(async move { front.run(at_front).await.unwrap() }),
            tokio::spawn(following.run(at_files)),
        ];
        Self {
            files,
            addr,
            dir: dir.to_owned(),
            registry,
            stop,
            running,
        }
    }

    /// Ends it; the data directory may then be opened again.
    pub async fn stop(self) {
        self.stop.cancel();
        for running in self.running {
            running.await.unwrap();
        }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}/api/v1/{path}", self.addr)
    }

    pub async fn get(&self, path: &str) -> reqwest::Response {
        client().get(self.url(path)).send().await.unwrap()
    }

    pub async fn upload(&self, id: &str, kernel: &[u8], initrd: &[u8]) -> Result<(), FilesError> {
        self.files
            .images()
            .upload(&actor(), "coreos", id, None, body(archive(kernel, initrd)))
            .await
    }

    pub async fn put(&self, name: &str, bytes: &[u8]) -> Result<i64, FilesError> {
        let put = AssetPut {
            name: name.to_owned(),
            content_type: "text/plain".to_owned(),
            len: bytes.len() as u64,
            sha256: None,
            options: [("version".to_owned(), "1.0.0".to_owned())].into(),
        };
        self.files
            .assets()
            .put(&actor(), put, body(bytes.to_vec()))
            .await
            .map(|status| status.id.0)
    }

    pub fn ids(&self) -> Vec<(String, bool)> {
        let index = self.files.images().index("coreos").unwrap();
        index.0.into_iter().map(|image| (image.id, image.exists)).collect()
    }

    pub fn image_dirs(&self) -> Vec<String> {
        names(&self.dir.join("images/coreos"))
    }

    pub fn metric(&self, name: &str) -> f64 {
        let families = self.registry.gather();
        // A family with labels is there from its first use on.
        let found = families.iter().filter(|family| family.name() == name);
        found
            .flat_map(|family| family.get_metric())
            .map(|m| m.get_gauge().get_value() + m.get_counter().get_value())
            .sum()
    }
}

pub fn client() -> reqwest::Client {
    rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()
        .unwrap()
}

pub fn actor() -> Actor {
    Actor {
        user: "op".into(),
        ip: "127.0.0.1".into(),
        host: "test".into(),
        request_id: "r1".into(),
    }
}

pub fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(dir)
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

pub fn body(bytes: Vec<u8>) -> impl Stream<Item = Result<Bytes, Infallible>> + Unpin {
    let pieces: Vec<_> = bytes
        .chunks(60_000)
        .map(|piece| Ok(Bytes::copy_from_slice(piece)))
        .collect();
    stream::iter(pieces)
}

#[derive(Debug)]
pub enum Infallible {}

impl fmt::Display for Infallible {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {}
    }
}

/// A tar archive as the original's client makes it.
pub fn archive(kernel: &[u8], initrd: &[u8]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, bytes) in [("kernel", kernel), ("initrd.gz", initrd)] {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, name, bytes).unwrap();
    }
    builder.into_inner().unwrap()
}
