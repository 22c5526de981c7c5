//! A real server of Vault's API: OpenBao, one process, initialised and unsealed with one key.
//!
//! ```no_run
//! # async fn example() {
//! let vault = testkit::vault::Vault::start().await;
//! vault.seal().await;
//! let durable = testkit::vault::Vault::builder().durable().tls().start().await;
//! durable.kill();
//! durable.restart().await;
//! # }
//! ```
//!
//! The program is `bin/bao` under `$NECO_CACHE` (default `~/.cache/neco`). It listens twice: for the code under test, with
//! TLS where asked for, and in plain for the test itself, so that a proxy or a bad certificate never stands in its way.

mod files;
mod request;

use std::fs::File;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;

use nix::sys::signal::Signal;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::etcd::tool;
use crate::process::{die_with_parent, freeze, own_loopback, signal};
use crate::wait::{PATIENCE, wait_for};

/// Port for the code under test, as everywhere.
const PORT: u16 = 8200;
/// Port for the test itself.
const STATUS_PORT: u16 = 8202;

/// What a server is started with.
#[derive(Debug, Clone, Default)]
pub struct Builder {
    durable: bool,
    tls: bool,
}

impl Builder {
    /// What it stores survives a kill.
    #[must_use]
    pub fn durable(mut self) -> Builder {
        self.durable = true;
        self
    }

    /// Clients speak TLS.
    #[must_use]
    pub fn tls(mut self) -> Builder {
        self.tls = true;
        self
    }

    /// Starts, initialises and unseals it.
    pub async fn start(self) -> Vault {
        let folder = tempfile::Builder::new().prefix("vault-").tempdir().expect("a folder");
        let host = own_loopback();
        let ca = files::write(folder.path(), host, &self);
        let mut vault = Vault {
            host,
            ca,
            tls: self.tls,
            root_token: String::new(),
            unseal_key: String::new(),
            process: Mutex::new(None),
            folder: Some(folder),
        };
        vault.start_again();
        let keys = vault.initialise().await;
        vault.unseal_key = text(&keys, "/keys/0");
        vault.root_token = text(&keys, "/root_token");
        vault.unseal().await;
        vault
    }
}

/// A running server.
#[derive(Debug)]
pub struct Vault {
    host: Ipv4Addr,
    ca: String,
    tls: bool,
    root_token: String,
    unseal_key: String,
    process: Mutex<Option<Child>>,
    folder: Option<TempDir>,
}

impl Vault {
    /// A plain server that keeps everything in memory.
    pub async fn start() -> Vault {
        Vault::builder().start().await
    }

    /// Says what to start.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// The URL for clients.
    pub fn url(&self) -> String {
        format!("{}://{}", if self.tls { "https" } else { "http" }, self.address())
    }

    /// `host:port` for clients, to put a proxy before it.
    pub fn address(&self) -> String {
        format!("{}:{PORT}", self.host)
    }

    /// The certificate of the authority that the server's is from, in PEM; it is valid for 127.0.0.1, too.
    pub fn ca_pem(&self) -> &str {
        &self.ca
    }

    /// A token that may do everything.
    pub fn root_token(&self) -> &str {
        &self.root_token
    }

    /// Seals it: it answers nothing any more but that it is sealed.
    pub async fn seal(&self) {
        self.request("PUT", "sys/seal", &json!({})).await;
    }

    /// Unseals it and waits until it serves.
    pub async fn unseal(&self) {
        self.request("PUT", "sys/unseal", &json!({"key": self.unseal_key}))
            .await;
        wait_for("vault to be active", PATIENCE, || async {
            let health = self
                .try_request("GET", "sys/health?standbyok=false", &Value::Null)
                .await?;
            match health.status {
                200 => Ok(()),
                status => Err(format!("{status}: {}", health.body)),
            }
        })
        .await;
    }

    /// Kills it (SIGKILL) and waits for its end.
    pub fn kill(&self) {
        if let Some(mut child) = self.process().take() {
            child.kill().ok();
            child.wait().ok();
        }
    }

    /// Stops it where it stands (SIGSTOP): its connections stay open and nothing is answered.
    pub fn freeze(&self) {
        freeze(self.pid());
    }

    /// Lets a frozen server go on (SIGCONT).
    pub fn thaw(&self) {
        signal(self.pid(), Signal::SIGCONT);
    }

    /// Starts a killed server again and unseals it. Only a durable one remembers anything.
    pub async fn restart(&self) {
        self.start_again();
        self.wait_for_initialised(true).await;
        self.unseal().await;
    }

    /// Asks it something with the root token, by another way than the code under test.
    ///
    /// # Panics
    /// When it answers with an error.
    pub async fn request(&self, method: &str, path: &str, body: &Value) -> Value {
        let answer = self
            .try_request(method, path, body)
            .await
            .unwrap_or_else(|e| panic!("{method} {path}: {e}"));
        assert!(
            answer.status < 300,
            "{method} {path}: {} {}",
            answer.status,
            answer.body
        );
        answer.body
    }

    async fn try_request(&self, method: &str, path: &str, body: &Value) -> Result<request::Answer, String> {
        let place = (self.host, STATUS_PORT);
        request::send(place, method, path, &self.root_token, body)
            .await
            .map_err(|e| format!("{e}; {}", self.last_words()))
    }

    async fn initialise(&self) -> Value {
        self.wait_for_initialised(false).await;
        let shares = json!({"secret_shares": 1, "secret_threshold": 1});
        self.request("PUT", "sys/init", &shares).await
    }

    async fn wait_for_initialised(&self, wanted: bool) {
        wait_for("vault to listen", PATIENCE, || async {
            let answer = self.try_request("GET", "sys/init", &Value::Null).await?;
            match answer.body.get("initialized") {
                Some(Value::Bool(is)) if *is == wanted => Ok(()),
                _ => Err(format!("{} {}", answer.status, answer.body)),
            }
        })
        .await;
    }

    fn start_again(&self) {
        let folder = self.folder();
        let log = File::options()
            .create(true)
            .append(true)
            .open(folder.join("log"))
            .expect("open vault's log");
        let mut command = Command::new(tool("bao"));
        command
            .args(["server", "-log-level=warn"])
            .arg(format!("-config={}", folder.join(files::CONFIG).display()))
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a second handle"))
            .stderr(log);
        die_with_parent(&mut command);
        *self.process() = Some(command.spawn().expect("start bao"));
    }

    fn last_words(&self) -> String {
        let log = std::fs::read_to_string(self.folder().join("log")).unwrap_or_default();
        let tail: Vec<&str> = log.lines().rev().take(3).collect();
        format!("its log ends with {tail:?}")
    }

    fn folder(&self) -> PathBuf {
        self.folder
            .as_ref()
            .expect("the folder is there until the end")
            .path()
            .to_owned()
    }

    fn pid(&self) -> u32 {
        self.process().as_ref().expect("vault runs").id()
    }

    fn process(&self) -> std::sync::MutexGuard<'_, Option<Child>> {
        self.process.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Drop for Vault {
    #[allow(clippy::print_stderr, reason = "a failed test says where its data is")]
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking()
            && let Some(folder) = self.folder.take()
        {
            eprintln!("vault's data and log stay in {}", folder.keep().display());
        }
    }
}

fn text(value: &Value, pointer: &str) -> String {
    let found = value.pointer(pointer).and_then(Value::as_str);
    found
        .unwrap_or_else(|| panic!("no {pointer} in vault's answer"))
        .to_owned()
}
