//! A server killed at every step of an upload and of a pull: nothing is lost, nothing doubled.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod common;

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use common::{
    cluster::{archive, client, names},
    pattern, until,
};
use http::StatusCode;
use testkit::{etcd::Etcd, proxy::Proxy};

/// A real process that serves one data directory; killed when dropped.
struct Process {
    child: Child,
    addr: SocketAddr,
    dir: PathBuf,
}

impl Process {
    async fn start(etcd: &Etcd, dir: &Path, addr: SocketAddr) -> Self {
        Self::start_behind(addr, etcd, dir, addr).await
    }

    /// The same for a server that its peers know by another address.
    async fn start_behind(known: SocketAddr, etcd: &Etcd, dir: &Path, addr: SocketAddr) -> Self {
        let url = format!("http://{known}");
        let child = Command::new(env!("CARGO_BIN_EXE_files-server"))
            .args([dir.to_str().unwrap(), &addr.to_string(), &etcd.endpoints()[0], &url])
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let process = Self {
            child,
            addr,
            dir: dir.to_owned(),
        };
        until("the server listens", || std::net::TcpStream::connect(addr).is_ok()).await;
        process
    }

    /// SIGKILL, as a power cut would.
    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}/api/v1/{path}", self.addr)
    }

    async fn kernel(&self) -> Option<Vec<u8>> {
        let response = client().get(self.url("boot/coreos/kernel")).send().await.ok()?;
        let ok = response.status() == StatusCode::OK;
        ok.then_some(response.bytes().await.ok()?.to_vec())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail when the test has killed it already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An address that nobody else has; the same after a restart, as a boot server's is.
fn address() -> SocketAddr {
    (testkit::own_loopback(), 10080).into()
}

fn image(number: u8) -> (Vec<u8>, Vec<u8>) {
    let mut kernel = pattern(3_000_000);
    kernel[0] = number;
    let tar = archive(&kernel, &pattern(1_000_000));
    (kernel, tar)
}

/// A body that comes slowly enough to be killed within.
fn slowly(bytes: Vec<u8>) -> reqwest::Body {
    let pieces: Vec<_> = bytes.chunks(200_000).map(bytes::Bytes::copy_from_slice).collect();
    reqwest::Body::wrap_stream(futures::stream::unfold(pieces.into_iter(), |mut pieces| async {
        tokio::time::sleep(Duration::from_millis(10)).await;
        pieces.next().map(|piece| (Ok::<_, std::io::Error>(piece), pieces))
    }))
}

/// At which sight the process is killed.
type Sight = fn(&Path) -> bool;

const IN_THE_BODY: Sight = |dir| {
    let staging = dir.join("neco/files/staging");
    names(&staging)
        .iter()
        .any(|name| fs::metadata(staging.join(name).join("kernel")).is_ok_and(|meta| meta.len() > 500_000))
};
const AT_ITS_PLACE: Sight = |dir| !names(&dir.join("images/coreos")).is_empty();
const AT_THE_END_OF_THE_BODY: Sight = |dir| {
    let staging = dir.join("neco/files/staging");
    names(&staging)
        .iter()
        .any(|name| staging.join(name).join("initrd.gz").exists())
};

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_was_cut_by_a_crash_leaves_nothing_and_can_be_repeated() {
    let etcd = Etcd::start().await;
    let dir = tempfile::tempdir().unwrap();
    let addr = address();
    for (number, sight) in (1_u8..).zip([IN_THE_BODY, AT_THE_END_OF_THE_BODY, AT_ITS_PLACE]) {
        fs::remove_dir_all(dir.path()).unwrap();
        let id = format!("{number}.0");
        let process = Process::start(&etcd, dir.path(), addr).await;
        let (kernel, tar) = image(number);
        let request = client()
            .put(process.url(&format!("images/coreos/{id}")))
            .body(slowly(tar.clone()));
        let sending = tokio::spawn(request.send());
        while !sight(dir.path()) && !sending.is_finished() {
            tokio::task::yield_now().await;
        }
        process.kill();
        // Its answer, if it gave one before it died, must be kept.
        let answered = sending
            .await
            .unwrap()
            .is_ok_and(|response| response.status() == StatusCode::CREATED);
        let index = etcd.ctl(&["get", "--print-value-only", "/sabakan/images/coreos"]);
        let stored = index.contains(&format!("\"id\":\"{id}\""));
        assert!(stored || !answered, "what was answered 201 is in etcd");

        let process = Process::start(&etcd, dir.path(), addr).await;
        assert!(
            names(&dir.path().join("neco/files/staging")).is_empty(),
            "the next start clears what was half-done"
        );
        if stored {
            assert_eq!(
                process.kernel().await.as_ref(),
                Some(&kernel),
                "what is in etcd is on the disk"
            );
        }
        let again = client()
            .put(process.url(&format!("images/coreos/{id}")))
            .body(tar)
            .send()
            .await
            .unwrap();
        assert_eq!(again.status(), StatusCode::CREATED);
        assert_eq!(process.kernel().await, Some(kernel));
        let index = etcd.ctl(&["get", "--print-value-only", "/sabakan/images/coreos"]);
        assert_eq!(index.matches(&format!("\"id\":\"{id}\"")).count(), 1, "once: {index}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pull_that_was_cut_by_a_crash_goes_on_and_ends_whole() {
    let etcd = Etcd::start().await;
    let (a, b) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let addr = address();
    // On a slow network there is time to look, and to kill.
    let network = Proxy::start(addr.to_string()).await;
    network.delay(Duration::from_millis(2));
    let one = Process::start_behind(network.address(), &etcd, a.path(), addr).await;
    let kernel = pattern(60_000_000);
    let tar = archive(&kernel, &pattern(40_000_000));
    let stored = client()
        .put(one.url("images/coreos/1.0"))
        .body(tar)
        .send()
        .await
        .unwrap();
    assert_eq!(stored.status(), StatusCode::CREATED);

    let addr = address();
    let partial = b.path().join("neco/files/partial/image-coreos-1.0");
    let mut kills = 0;
    for least in [1_u64, 30_000_000, 70_000_000] {
        let two = Process::start(&etcd, b.path(), addr).await;
        let there = || b.path().join("images/coreos/1.0").exists();
        while fs::metadata(&partial).map_or(0, |meta| meta.len()) < least && !there() {
            tokio::task::yield_now().await;
        }
        kills += u8::from(!there());
        two.kill();
    }
    assert!(kills > 0, "killed within the pull");
    network.heal();
    let two = Process::start(&etcd, b.path(), addr).await;
    until("the image is whole", || {
        names(&b.path().join("images/coreos")) == ["1.0"]
    })
    .await;
    assert!(two.kernel().await == Some(kernel));
    until("staging is empty again", || {
        names(&two.dir.join("neco/files/staging")).is_empty()
    })
    .await;
    let index = || etcd.ctl(&["get", "--print-value-only", "/sabakan/images/coreos"]);
    until("both URLs are there, once", || index().matches("http://").count() == 2).await;
    drop(one);
}

#[tokio::test(flavor = "multi_thread")]
async fn assets_survive_a_crash_of_their_server() {
    let etcd = Etcd::start().await;
    let dir = tempfile::tempdir().unwrap();
    let addr = address();
    let bytes = pattern(2_000_000);
    let put = |process: &Process| {
        let request = client()
            .put(process.url("assets/a"))
            .header("content-type", "text/plain");
        request
            .header("content-length", bytes.len())
            .body(slowly(bytes.clone()))
            .send()
    };
    for sight in [
        (|dir: &Path| !names(&dir.join("neco/files/staging")).is_empty()) as Sight,
        |dir: &Path| !names(&dir.join("assets")).is_empty(),
    ] {
        let process = Process::start(&etcd, dir.path(), addr).await;
        let sending = tokio::spawn(put(&process));
        while !sight(dir.path()) && !sending.is_finished() {
            tokio::task::yield_now().await;
        }
        process.kill();
        let answered = sending
            .await
            .unwrap()
            .is_ok_and(|response| response.status().is_success());
        let stored = etcd.ctl(&["get", "--print-value-only", "/sabakan/assets/a"]);
        assert!(!stored.is_empty() || !answered);
    }
    let process = Process::start(&etcd, dir.path(), addr).await;
    assert!(put(&process).await.unwrap().status().is_success());
    let got = client().get(process.url("assets/a")).send().await.unwrap();
    let id = got.headers()["x-sabakan-asset-id"].to_str().unwrap().to_owned();
    assert!(got.bytes().await.unwrap() == bytes);
    until("one file is left", || {
        names(&dir.path().join("assets")) == [id.as_str()]
    })
    .await;
    let last = etcd.ctl(&["get", "--print-value-only", "/sabakan/assets"]);
    assert_eq!(last.trim(), id, "the number is the last that was given");
}
