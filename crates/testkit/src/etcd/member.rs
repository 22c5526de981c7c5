//! One etcd process and what can be done to it.

use std::fs::File;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use nix::sys::signal::Signal;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::tool;
use crate::process::{die_with_parent, freeze, own_loopback, signal};
use crate::wait::{PATIENCE, wait_for};

/// A frozen member accepts and does not answer.
const STATUS_TIMEOUT: Duration = Duration::from_secs(2);

/// Where a member listens.
#[derive(Debug, Clone)]
pub(super) struct Addresses {
    pub(super) name: String,
    pub(super) host: Ipv4Addr,
    pub(super) client: String,
    pub(super) peer: String,
    /// Health and metrics without TLS, for the tests themselves.
    pub(super) status: String,
    /// The network namespace that it runs in; none: the test's own.
    netns: Option<String>,
}

impl Addresses {
    /// The place that is given, or an address of its own in 127.0.0.0/8: unlike a free port, nobody else takes it in the meantime.
    pub(super) fn choose(index: usize, tls: bool, place: Option<&(Ipv4Addr, String)>) -> Addresses {
        let host = place.map_or_else(own_loopback, |(host, _)| *host);
        let scheme = if tls { "https" } else { "http" };
        Addresses {
            name: format!("m{index}"),
            host,
            client: format!("{scheme}://{host}:2379"),
            peer: format!("http://{host}:2380"),
            status: format!("http://{host}:2381"),
            netns: place.map(|(_, netns)| netns.clone()),
        }
    }

    /// Named by its address, and peers speak TLS.
    pub(super) fn become_ckes(&mut self) {
        self.name = self.host.to_string();
        self.peer = format!("https://{}:2380", self.host);
    }

    pub(super) fn arguments(&self, cluster: &str, state: &str) -> Vec<String> {
        vec![
            format!("--name={}", self.name),
            format!("--listen-client-urls={}", self.client),
            format!("--advertise-client-urls={}", self.client),
            format!("--listen-peer-urls={}", self.peer),
            format!("--initial-advertise-peer-urls={}", self.peer),
            format!("--listen-metrics-urls={}", self.status),
            format!("--initial-cluster={cluster}"),
            format!("--initial-cluster-state={state}"),
        ]
    }
}

/// One member of a cluster.
#[derive(Debug)]
pub struct Member {
    addresses: Addresses,
    data: PathBuf,
    arguments: Vec<String>,
    process: Mutex<Option<Child>>,
}

impl Member {
    pub(super) fn start(addresses: Addresses, data: PathBuf, arguments: Vec<String>) -> Member {
        let member = Member {
            addresses,
            data,
            arguments,
            process: Mutex::new(None),
        };
        member.start_again();
        member
    }

    /// Its name within the cluster.
    pub fn name(&self) -> &str {
        &self.addresses.name
    }

    /// The URL for clients.
    pub fn endpoint(&self) -> &str {
        &self.addresses.client
    }

    /// `host:port` for clients, to put a proxy before it.
    pub fn address(&self) -> String {
        format!("{}:2379", self.addresses.host)
    }

    /// The id of its process, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.process().as_ref().map(Child::id)
    }

    /// Kills it (SIGKILL) and waits for its end. Nothing happens when it does not run.
    pub fn kill(&self) {
        if let Some(mut child) = self.process().take() {
            child.kill().ok();
            child.wait().ok();
        }
    }

    /// Stops it where it stands (SIGSTOP): its connections stay open and nothing is answered.
    pub fn freeze(&self) {
        freeze(self.pid().expect("the member runs"));
    }

    /// Lets a frozen member go on (SIGCONT).
    pub fn thaw(&self) {
        signal(self.pid().expect("the member runs"), Signal::SIGCONT);
    }

    /// Starts it again on the data that it has, unless it runs.
    pub fn start_again(&self) {
        let mut process = self.process();
        if process.is_some() {
            return;
        }
        let log = self.data.with_extension("log");
        let log = File::options()
            .create(true)
            .append(true)
            .open(log)
            .expect("open etcd's log");
        let mut command = crate::netns::command_in(self.addresses.netns.as_deref(), &tool("etcd"));
        command
            .arg("--data-dir")
            .arg(&self.data)
            .args(&self.arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log);
        die_with_parent(&mut command);
        *process = Some(command.spawn().expect("start etcd"));
    }

    /// Waits until it serves, which needs a majority of its cluster.
    pub async fn wait_until_healthy(&self) {
        wait_for(&format!("etcd {} to serve", self.name()), PATIENCE, || async {
            match self.status("/health").await {
                Some(text) if text.contains(r#""health":"true""#) => Ok(()),
                Some(text) => Err(text),
                None => Err(self.last_words()),
            }
        })
        .await;
    }

    /// The address that it listens on.
    pub fn host(&self) -> Ipv4Addr {
        self.addresses.host
    }

    /// Removes the data of a member that was killed.
    pub fn lose_data(&self) {
        assert!(self.pid().is_none(), "{} still runs", self.name());
        std::fs::remove_dir_all(&self.data).expect("remove etcd's data");
    }

    /// The folder of its data.
    pub fn data(&self) -> &Path {
        &self.data
    }

    pub(super) fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    pub(super) fn start_with(&mut self, arguments: Vec<String>) {
        self.arguments = arguments;
        self.start_again();
    }

    /// Whether it says that it leads its cluster.
    pub async fn leads(&self) -> bool {
        let metrics = self.status("/metrics").await.unwrap_or_default();
        metrics.lines().any(|line| line == "etcd_server_is_leader 1")
    }

    /// What it answers on its status address; plain HTTP/1.0, so that no client is needed.
    async fn status(&self, path: &str) -> Option<String> {
        let asked = tokio::time::timeout(STATUS_TIMEOUT, async {
            let mut stream = TcpStream::connect((self.addresses.host, 2381)).await?;
            stream
                .write_all(format!("GET {path} HTTP/1.0\r\n\r\n").as_bytes())
                .await?;
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).await?;
            Ok::<_, std::io::Error>(String::from_utf8_lossy(&answer).into_owned())
        });
        asked.await.ok()?.ok()
    }

    /// Whether it still runs, and the end of its log.
    fn last_words(&self) -> String {
        let state = match self.process().as_mut().map(Child::try_wait) {
            Some(Ok(Some(status))) => format!("it ended with {status}"),
            Some(_) => "it does not answer".to_owned(),
            None => "it was killed".to_owned(),
        };
        let log = std::fs::read_to_string(self.data.with_extension("log")).unwrap_or_default();
        let tail: Vec<&str> = log.lines().rev().take(3).collect();
        format!("{state}; its log ends with {tail:?}")
    }

    fn process(&self) -> std::sync::MutexGuard<'_, Option<Child>> {
        self.process.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.kill();
    }
}
