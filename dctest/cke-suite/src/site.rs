//! A site: a fleet, and on its boot server CKE's etcd, a Vault that `ckecli vault init` prepared, the nodes' SSH key in it, and `cke`.
//!
//! The test itself runs in the boot server's network, as an operator does: whatever it starts is on the boot server.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;
use testkit::etcd::{Etcd, tool};
use testkit::fleet::{Builder, Fleet, User};
use testkit::vault::Vault;
use testkit::wait::wait_for;

use crate::cluster;
use crate::daemon::{Daemon, Options, tail};
use crate::programs::Programs;

/// How long a cluster may take on a machine that is busy with other tests; what is reached is measured by `make bench`.
pub const PATIENCE: Duration = Duration::from_secs(180);

/// The whole. Fields are dropped in their order: `cke` before what it talks to.
#[derive(Debug)]
pub struct Site {
    /// The daemon, when it runs.
    pub cke: Option<Daemon>,
    /// The programs in use.
    pub programs: Programs,
    /// CKE's etcd.
    pub etcd: Etcd,
    /// The Vault.
    pub vault: Vault,
    /// Boot server and nodes.
    pub fleet: Fleet,
    dir: TempDir,
}

/// Runs a test on a site of so many control planes and workers. Nothing is declared yet, and `cke` does not run.
///
/// # Panics
/// With the test's own panic.
pub fn run(control_planes: u8, workers: u8, test: impl AsyncFnOnce(&mut Site) + Send) {
    run_with(Programs::ours(), control_planes, workers, test);
}

/// The same with given programs.
///
/// # Panics
/// With the test's own panic.
pub fn run_with(programs: Programs, control_planes: u8, workers: u8, test: impl AsyncFnOnce(&mut Site) + Send) {
    let builder = Fleet::builder().control_planes(control_planes).workers(workers);
    run_on(programs, builder, test);
}

/// The same on a given fleet.
///
/// # Panics
/// With the test's own panic.
pub fn run_on(programs: Programs, builder: Builder, test: impl AsyncFnOnce(&mut Site) + Send) {
    let fleet = builder.start().expect("a fleet");
    let boot = fleet.boot().clone();
    boot.run(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(async {
            let mut site = Site::new(programs, fleet).await;
            test(&mut site).await;
        });
    });
}

impl Site {
    async fn new(programs: Programs, fleet: Fleet) -> Site {
        let dir = tempfile::Builder::new().prefix("site-").tempdir().expect("a folder");
        let site = Site {
            cke: None,
            etcd: Etcd::start().await,
            vault: Vault::start().await,
            programs,
            fleet,
            dir,
        };
        site.configure(&serde_json::json!({}));
        // As its documents ask of the Vault's administrator.
        let approle = serde_json::json!({"type": "approle"});
        site.vault.request("POST", "sys/auth/approle", &approle).await;
        site.prepare();
        site
    }

    /// Writes `cke`'s configuration, with keys beside where etcd is; it is read at the next start.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn configure(&self, more: &Value) {
        let mut config = more.clone();
        config["endpoints"] = self.etcd.endpoints().into();
        std::fs::write(self.config(), config.to_string()).expect("write cke's configuration");
    }

    fn prepare(&self) {
        self.ckecli(&["vault", "init", "--endpoint", &self.vault.url()]);
        let key = self.fleet.boot().cke_key();
        self.ckecli(&["vault", "ssh-privkey", key.to_str().expect("a path of text")]);
        let planes = self.fleet.layout().nodes.iter();
        let planes = planes
            .filter(|node| node.role == testkit::fleet::Role::ControlPlane)
            .count();
        self.ckecli(&["constraints", "set", "control-plane-count", &planes.to_string()]);
    }

    /// A path in its folder.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Writes a text and gives its path.
    ///
    /// # Panics
    /// When it cannot be written.
    #[must_use]
    pub fn write(&self, name: &str, text: &str) -> String {
        let file = self.file(name);
        std::fs::write(&file, text).expect("write a file");
        file.to_str().expect("a path of text").to_owned()
    }

    /// A shell command that runs `script` as root on the node whose address is `$1`.
    #[must_use]
    pub fn on_node(&self, script: &str) -> String {
        let key = self.fleet.boot().key();
        let options =
            "-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -o ConnectTimeout=20";
        format!("ssh -i {} {options} root@$1 '{script}'", key.display())
    }

    fn config(&self) -> PathBuf {
        self.file("config.yml")
    }

    fn log(&self) -> PathBuf {
        self.file("cke.log")
    }

    /// The end of `cke`'s log.
    #[must_use]
    pub fn cke_says(&self, lines: usize) -> String {
        tail(&self.log(), lines)
    }

    /// Starts `cke`.
    pub fn start_cke(&mut self) {
        self.start_cke_with(&Options::default());
    }

    /// Starts `cke` with options.
    pub fn start_cke_with(&mut self, options: &Options) {
        self.cke = Some(Daemon::start(&self.programs.cke, &self.config(), &self.log(), options));
    }

    /// Another `cke`, beside the first.
    #[must_use]
    pub fn another_cke(&self, name: &str, options: &Options) -> Daemon {
        self.daemon(&self.programs.cke, name, options)
    }

    /// Another program in the place of `cke`, with a log of its own.
    #[must_use]
    pub fn daemon(&self, program: &Path, name: &str, options: &Options) -> Daemon {
        let log = self.file(&format!("{name}.log"));
        Daemon::start(program, &self.config(), &log, options)
    }

    /// Ends `cke` in order.
    ///
    /// # Panics
    /// When it does not run.
    pub fn stop_cke(&mut self) {
        self.cke.take().expect("cke runs").stop();
    }

    /// Runs `ckecli`, which must end well, and gives what it printed.
    ///
    /// # Panics
    /// When it does not.
    pub fn ckecli(&self, arguments: &[&str]) -> String {
        match self.try_ckecli(arguments) {
            (Some(0), out, _) => out,
            (code, out, err) => panic!("ckecli {arguments:?} ended with {code:?}: {out}{err}"),
        }
    }

    /// Runs `ckecli`: exit code, standard output, standard error.
    ///
    /// # Panics
    /// When it cannot be run.
    #[must_use]
    pub fn try_ckecli(&self, arguments: &[&str]) -> (Option<i32>, String, String) {
        let output: Output = Command::new(&self.programs.ckecli)
            .arg("--config")
            .arg(self.config())
            .args(arguments)
            .env("VAULT_TOKEN", self.vault.root_token())
            .env("VAULT_ADDR", self.vault.url())
            .stdin(Stdio::null())
            .output()
            .expect("run ckecli");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    }

    /// Declares a cluster.
    ///
    /// # Panics
    /// When it is refused.
    pub fn declare(&self, cluster: &Value) {
        self.ckecli(&["cluster", "set", &self.write("cluster.yml", &cluster.to_string())]);
    }

    /// Starts `cke`, declares a cluster of all nodes and waits until it is complete; gives the time from the declaration on.
    pub async fn bring_up(&mut self, user: User) -> Duration {
        self.bring_up_as(&cluster::of(&self.fleet, user)).await
    }

    /// The same for a given cluster.
    pub async fn bring_up_as(&mut self, cluster: &Value) -> Duration {
        let started = self.begin(cluster);
        self.wait_for_completed().await;
        let took = started.elapsed();
        self.write_kubeconfig();
        took
    }

    /// Starts `cke` and declares a cluster; gives the moment of the declaration.
    pub fn begin(&mut self, cluster: &Value) -> Instant {
        if self.programs.wants_cluster {
            let declared = Instant::now();
            self.declare(cluster);
            self.start_cke();
            return declared;
        }
        self.start_cke();
        let declared = Instant::now();
        self.declare(cluster);
        declared
    }

    /// What `ckecli` prints as JSON.
    ///
    /// # Panics
    /// When it ends badly or prints something else.
    pub fn ckecli_json(&self, arguments: &[&str]) -> Value {
        let out = self.ckecli(arguments);
        serde_json::from_str(&out).unwrap_or_else(|error| panic!("ckecli {arguments:?}: {error}: {out}"))
    }

    /// The operations that were recorded, the newest first.
    ///
    /// # Panics
    /// When a record is no JSON.
    #[must_use]
    pub fn history(&self) -> Vec<Value> {
        let text = self.ckecli(&["history"]);
        let records = serde_json::Deserializer::from_str(&text).into_iter();
        records.map(|record| record.expect("a record is JSON")).collect()
    }

    /// The status that the leader published; none before the first.
    #[must_use]
    pub fn status(&self) -> Option<Value> {
        let (code, out, _) = self.try_ckecli(&["status"]);
        (code == Some(0)).then(|| serde_json::from_str(&out).expect("the status is JSON"))
    }

    /// Waits until the phase is `completed`, in a status that was made after this call.
    pub async fn wait_for_completed(&mut self) {
        let before = self.status().map(|status| status["timestamp"].clone());
        self.wait_for_phase("completed", before).await;
    }

    async fn wait_for_phase(&mut self, wanted: &str, before: Option<Value>) {
        wait_for(&format!("phase {wanted}"), PATIENCE, || {
            let seen = self.look_for_phase(wanted, before.as_ref());
            async { seen }
        })
        .await;
    }

    fn look_for_phase(&mut self, wanted: &str, before: Option<&Value>) -> Result<(), String> {
        let said = |lines| format!("cke says {}", tail(&self.log(), lines));
        let said = (said(3), said(10));
        let runs = self.cke.as_mut().is_none_or(Daemon::runs);
        assert!(runs, "cke ended while phase {wanted} was waited for; {}", said.1);
        match self.status() {
            None => Err(format!("no status yet; {}", said.0)),
            Some(status) if status["phase"] == *wanted && Some(&status["timestamp"]) != before => Ok(()),
            Some(status) => Err(format!("{status}; {}", said.0)),
        }
    }

    /// Writes an administrator's kubeconfig for `kubectl`.
    ///
    /// # Panics
    /// When `ckecli` does not issue it.
    pub fn write_kubeconfig(&self) {
        let text = self.ckecli(&["kubernetes", "issue"]);
        std::fs::write(self.kubeconfig(), text).expect("write a kubeconfig");
    }

    /// Where the administrator's kubeconfig lies.
    #[must_use]
    pub fn kubeconfig(&self) -> PathBuf {
        self.file("kubeconfig")
    }

    /// Runs `kubectl`: what it printed, or what it said.
    ///
    /// # Errors
    /// When it does not end well.
    ///
    /// # Panics
    /// When it cannot be run.
    pub fn kubectl(&self, arguments: &[&str]) -> Result<String, String> {
        let output = self.kubectl_command(arguments).output().expect("run kubectl");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        if output.status.success() {
            Ok(text(&output.stdout))
        } else {
            let mut said = text(&output.stdout);
            write!(said, "{}", text(&output.stderr)).expect("write to a string");
            Err(said)
        }
    }

    /// A command that runs `kubectl` as the administrator.
    #[must_use]
    pub fn kubectl_command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(tool("kubectl"));
        command
            .arg("--kubeconfig")
            .arg(self.kubeconfig())
            .arg("--cache-dir")
            .arg(self.file("kubectl-cache"))
            .arg("--request-timeout=30s")
            .args(arguments)
            .stdin(Stdio::null());
        command
    }
}

impl Drop for Site {
    #[allow(clippy::print_stderr, reason = "a failed test says what cke said")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.dir.disable_cleanup(true);
            eprintln!(
                "cke's log is {}; it ends so:\n{}",
                self.log().display(),
                tail(&self.log(), 30)
            );
        }
    }
}
