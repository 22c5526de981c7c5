//! A real sabakan with a real etcd.

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use testkit::etcd::Etcd;
use testkit::wait::{PATIENCE, wait_for_blocking};

/// One server; it ends with the test. Its log stays in its directory when the test fails.
pub(crate) struct Site {
    host: Ipv4Addr,
    dir: tempfile::TempDir,
    server: Child,
    _etcd: Etcd,
    _runtime: tokio::runtime::Runtime,
}

/// The program of the workspace: beside the tests, built when it is not there yet.
fn program() -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    let path = tests.parent().unwrap().parent().unwrap().join("sabakan");
    if !path.exists() {
        let status = Command::new(env!("CARGO"))
            .args(["build", "--package", "sabakan", "--bin", "sabakan"])
            .status()
            .unwrap();
        assert!(status.success(), "sabakan cannot be built");
    }
    path
}

impl Site {
    pub(crate) fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let etcd = runtime.block_on(Etcd::start());
        let dir = tempfile::tempdir().unwrap();
        let host = testkit::own_loopback();
        let (cert, key) = certificate(&dir);
        let log = std::fs::File::create(dir.path().join("log")).unwrap();
        let server = Command::new(program())
            .arg(format!("-http={host}:10080"))
            .arg(format!("-https={host}:10443"))
            .arg(format!("-metrics={host}:10081"))
            .arg(format!("-dhcp-bind={host}:10067"))
            .arg(format!("-advertise-url=http://{host}:10080"))
            .arg(format!("-advertise-url-https=https://{host}:10443"))
            .arg(format!("-etcd-endpoints={}", etcd.endpoints().join(",")))
            .args(["-data-dir".into(), dir.path().join("data")])
            .args(["-server-cert".into(), cert, "-server-key".into(), key])
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut site = Self {
            host,
            dir,
            server,
            _etcd: etcd,
            _runtime: runtime,
        };
        wait_for_blocking("sabakan to serve", PATIENCE, || site.ready());
        site
    }

    fn ready(&mut self) -> Result<(), String> {
        let log = || std::fs::read_to_string(self.dir.path().join("log")).unwrap_or_default();
        if let Some(status) = self.server.try_wait().unwrap() {
            panic!("sabakan ended with {status}: {}", log());
        }
        let (code, _, errors) = self.run(&["version"]);
        if code == 0 { Ok(()) } else { Err(errors) }
    }

    /// Runs sabactl: exit code, standard output, standard error.
    pub(crate) fn run(&self, arguments: &[&str]) -> (i32, String, String) {
        let (http, https) = (
            format!("http://{}:10080", self.host),
            format!("https://{}:10443", self.host),
        );
        let mut command = super::sabactl(&["--server", &http, "--tls-server", &https, "--user", "alice"]);
        super::run(command.args(arguments))
    }

    /// Runs sabactl, which must succeed, and returns its output.
    pub(crate) fn ok(&self, arguments: &[&str]) -> String {
        let (code, out, errors) = self.run(arguments);
        assert_eq!(code, 0, "{arguments:?}: {errors}");
        out
    }

    /// A file in the site's directory.
    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.dir.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = std::fs::read_to_string(self.dir.path().join("log")).unwrap_or_default();
            println!("log of sabakan:\n{log}");
        }
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn certificate(dir: &tempfile::TempDir) -> (PathBuf, PathBuf) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (cert, key) = (dir.path().join("cert.pem"), dir.path().join("key.pem"));
    std::fs::write(&cert, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    (cert, key)
}
