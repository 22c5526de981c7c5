//! A real etcd, and the program pointed at it.
#![allow(dead_code, unused_imports, reason = "each test file uses its part")]

pub(crate) mod prepared;

use assert_cmd::Command;
use cke_storage::{PREFIX, Storage};
use neco_etcd::{Config, Etcd};
use std::path::PathBuf;
use tempfile::TempDir;
use testkit::etcd::Etcd as Server;

/// An etcd with a configuration file for it.
pub(crate) struct Site {
    pub(crate) server: Server,
    pub(crate) etcd: Etcd,
    pub(crate) storage: Storage,
    pub(crate) folder: TempDir,
}

impl Site {
    pub(crate) async fn start() -> Self {
        let server = Server::start().await;
        let config = Config {
            endpoints: server.endpoints(),
            prefix: Some(PREFIX.to_owned()),
            ..Config::default()
        };
        let etcd = Etcd::connect(&config).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let text = format!("endpoints: {:?}\n", server.endpoints());
        std::fs::write(folder.path().join("config.yml"), text).unwrap();
        Self {
            server,
            storage: Storage::new(etcd.clone()),
            etcd,
            folder,
        }
    }

    /// The program in this site's folder.
    pub(crate) fn ckecli(&self, arguments: &[&str]) -> Command {
        let mut command = ckecli(&["--config", &self.path("config.yml")]);
        command.current_dir(self.folder.path()).args(arguments);
        command
    }

    /// What a command that succeeds prints.
    pub(crate) fn ok(&self, arguments: &[&str]) -> String {
        let (code, out, errors) = run(&mut self.ckecli(arguments));
        assert_eq!(code, 0, "{arguments:?}: {errors}");
        out
    }

    /// What a command that fails says.
    pub(crate) fn fails(&self, arguments: &[&str]) -> String {
        let (code, out, errors) = run(&mut self.ckecli(arguments));
        assert_eq!((code, out.as_str()), (1, ""), "{arguments:?}: {errors}");
        assert!(errors.starts_with("Error: "), "{arguments:?}: {errors}");
        errors
    }

    /// A file in the site's folder.
    pub(crate) fn file(&self, name: &str, text: &str) -> String {
        std::fs::write(self.folder.path().join(name), text).unwrap();
        self.path(name)
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    pub(crate) async fn value(&self, key: &str) -> Option<String> {
        let kv = self.etcd.get(key).await.unwrap();
        kv.map(|kv| String::from_utf8(kv.value).unwrap())
    }
}

/// The program without the settings of whoever runs the tests.
pub(crate) fn ckecli(arguments: &[&str]) -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("ckecli"));
    for name in ["CKECLI_CONFIG", "VAULT_TOKEN", "VAULT_ADDR", "VAULT_CACERT"] {
        command.env_remove(name);
    }
    command.args(arguments);
    command
}

/// Exit code, standard output and standard error.
pub(crate) fn run(command: &mut Command) -> (i32, String, String) {
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// A file of the test vectors.
pub(crate) fn recording() -> serde_json::Value {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors/cke-cluster.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}
