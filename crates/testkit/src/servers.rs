//! Real Kubernetes control planes: kube-apiserver on a real etcd, kube-controller-manager where a test wants it; no nodes.
//!
//! ```no_run
//! # async fn example() {
//! let plane = testkit::servers::ControlPlane::start().await;
//! let two = testkit::servers::ControlPlane::builder().api_servers(2).controllers("disruption").start().await;
//! two.kill(0);
//! println!("{}", plane.kubectl(&["get", "namespaces"]));
//! # }
//! ```
//!
//! Each API server listens on port 6443 of an address of its own in 127.0.0.0/8, with RBAC, and leaves the end points of
//! `default/kubernetes` to others, as CKE's do. The programs are in `bin` under `$NECO_CACHE`. They die with the thread
//! that started them; logs and data stay when a test fails.

mod pki;
mod server;

use std::fs;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::etcd::{Etcd, tool};
use crate::process::own_loopback;
use crate::wait::{PATIENCE, wait_for};
use pki::Authority;
pub use pki::Pair;
use server::Server;

/// Port of every API server.
pub const API_PORT: u16 = 6443;
/// Addresses of services.
pub const SERVICE_SUBNET: &str = "10.68.0.0/16";

/// What a control plane is started with.
#[derive(Debug, Clone)]
pub struct Builder {
    api_servers: usize,
    controllers: Option<String>,
}

/// A control plane of real processes.
#[derive(Debug)]
pub struct ControlPlane {
    etcd: Etcd,
    authority: Authority,
    admin: Pair,
    api_servers: Vec<(Ipv4Addr, Server)>,
    controller_manager: Option<Server>,
    folder: Option<TempDir>,
}

impl Builder {
    /// How many API servers, 1 unless said.
    #[must_use]
    pub fn api_servers(mut self, count: usize) -> Builder {
        self.api_servers = count;
        self
    }

    /// Starts kube-controller-manager with these controllers, as its `--controllers` takes them.
    #[must_use]
    pub fn controllers(mut self, names: &str) -> Builder {
        self.controllers = Some(names.to_owned());
        self
    }

    /// Starts it and waits until every API server is ready.
    pub async fn start(self) -> ControlPlane {
        let folder = tempfile::Builder::new()
            .prefix("kubernetes-")
            .tempdir()
            .expect("a folder");
        let etcd = Etcd::start().await;
        let authority = Authority::create(folder.path());
        let admin = authority.client("admin", Some("system:masters"));
        let hosts: Vec<Ipv4Addr> = (0..self.api_servers).map(|_| own_loopback()).collect();
        let api_servers = hosts.iter().enumerate().map(|(index, host)| {
            let arguments = authority.api_server_arguments(*host, &etcd.endpoints());
            let log = folder.path().join(format!("kube-apiserver-{index}.log"));
            (*host, Server::start("kube-apiserver", arguments, log))
        });
        let mut plane = ControlPlane {
            api_servers: api_servers.collect(),
            etcd,
            authority,
            admin,
            controller_manager: None,
            folder: Some(folder),
        };
        plane.write_kubeconfig("admin", &plane.admin);
        for index in 0..self.api_servers {
            plane.wait_until_ready(index).await;
        }
        if let Some(controllers) = &self.controllers {
            plane.start_controller_manager(controllers);
        }
        plane
    }
}

impl ControlPlane {
    /// One API server, nothing else.
    pub async fn start() -> ControlPlane {
        ControlPlane::builder().start().await
    }

    /// Says what to start.
    pub fn builder() -> Builder {
        Builder {
            api_servers: 1,
            controllers: None,
        }
    }

    /// The addresses of the API servers, which listen on [`API_PORT`].
    pub fn addresses(&self) -> Vec<String> {
        self.api_servers.iter().map(|(host, _)| host.to_string()).collect()
    }

    /// The certificate of the authority, in PEM.
    pub fn ca(&self) -> &str {
        self.authority.certificate()
    }

    /// The certificate and key of an administrator, in PEM.
    pub fn admin(&self) -> &Pair {
        &self.admin
    }

    /// A certificate of another user, in PEM.
    pub fn user(&self, name: &str, group: Option<&str>) -> Pair {
        self.authority.client(name, group)
    }

    /// Its etcd.
    pub fn etcd(&self) -> &Etcd {
        &self.etcd
    }

    /// A kubeconfig of the administrator for the first API server.
    pub fn kubeconfig(&self) -> PathBuf {
        self.path("admin.kubeconfig")
    }

    /// Kills an API server and waits for its end.
    pub fn kill(&self, index: usize) {
        self.api_servers[index].1.kill();
    }

    /// Stops an API server where it stands: its connections stay open and nothing is answered.
    pub fn freeze(&self, index: usize) {
        self.api_servers[index].1.freeze();
    }

    /// Lets a frozen API server go on.
    pub fn thaw(&self, index: usize) {
        self.api_servers[index].1.thaw();
    }

    /// Starts a killed API server again and waits until it is ready.
    pub async fn start_again(&self, index: usize) {
        self.api_servers[index].1.start_again();
        self.wait_until_ready(index).await;
    }

    /// Runs `kubectl` as the administrator and gives what it printed.
    ///
    /// # Panics
    /// When it fails.
    pub fn kubectl(&self, arguments: &[&str]) -> String {
        self.try_kubectl(arguments)
            .unwrap_or_else(|said| panic!("kubectl {arguments:?}: {said}"))
    }

    /// Makes or changes the objects of a manifest.
    ///
    /// # Panics
    /// When the API server refuses them.
    pub fn apply(&self, manifest: &str) {
        let file = tempfile::NamedTempFile::new().expect("a file");
        fs::write(file.path(), manifest).expect("write a manifest");
        let path = file.path().to_str().expect("a path of text");
        self.kubectl(&["apply", "--server-side", "--field-manager=test", "-f", path]);
    }

    fn try_kubectl(&self, arguments: &[&str]) -> Result<String, String> {
        let mut command = Command::new(tool("kubectl"));
        command
            .arg("--kubeconfig")
            .arg(self.kubeconfig())
            .args(arguments)
            .stdin(Stdio::null());
        // Its cache of kinds would be shared with every other test.
        command.arg("--cache-dir").arg(self.path("kubectl-cache"));
        let output = command.output().expect("run kubectl");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        if output.status.success() {
            Ok(text(&output.stdout))
        } else {
            Err(text(&output.stderr))
        }
    }

    async fn wait_until_ready(&self, index: usize) {
        let (host, server) = &self.api_servers[index];
        let url = format!("--server=https://{host}:{API_PORT}");
        wait_for(&format!("API server {host} to be ready"), PATIENCE * 4, || async {
            // It makes its own namespaces in the background, and says before that it is ready.
            let look = |arguments: &[&str]| self.try_kubectl(&[&[url.as_str(), "get"], arguments].concat());
            let namespaces = ["namespaces", "default", "kube-system"];
            match tokio::task::block_in_place(|| look(&["--raw", "/readyz"]).and_then(|_| look(&namespaces))) {
                Ok(_) => Ok(()),
                Err(said) => Err(format!("{said}{}", server.last_words())),
            }
        })
        .await;
    }

    fn start_controller_manager(&mut self, controllers: &str) {
        let pair = self.user("system:kube-controller-manager", None);
        let kubeconfig = self.write_kubeconfig("controller-manager", &pair);
        let arguments = vec![
            format!("--kubeconfig={}", kubeconfig.display()),
            format!("--controllers={controllers}"),
            "--leader-elect=false".to_owned(),
            "--secure-port=0".to_owned(),
            "--use-service-account-credentials=true".to_owned(),
            format!(
                "--service-account-private-key-file={}",
                self.authority.key_path().display()
            ),
        ];
        let log = self.path("kube-controller-manager.log");
        self.controller_manager = Some(Server::start("kube-controller-manager", arguments, log));
    }

    /// Writes a kubeconfig for a user, with the certificate and the key in files beside it.
    fn write_kubeconfig(&self, name: &str, pair: &Pair) -> PathBuf {
        let file = |ending: &str| self.path(&format!("{name}.{ending}"));
        fs::write(file("crt"), &pair.certificate).expect("write a certificate");
        fs::write(file("key"), &pair.key).expect("write a key");
        let config = format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: test\n\
             contexts: [{{name: test, context: {{cluster: test, user: test}}}}]\n\
             clusters: [{{name: test, cluster: {{server: \"https://{}:{API_PORT}\", certificate-authority: ca.crt}}}}]\n\
             users: [{{name: test, user: {{client-certificate: {name}.crt, client-key: {name}.key}}}}]\n",
            self.api_servers[0].0,
        );
        fs::write(file("kubeconfig"), config).expect("write a kubeconfig");
        file("kubeconfig")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder
            .as_ref()
            .expect("the folder is there until the end")
            .path()
            .join(name)
    }
}

impl Drop for ControlPlane {
    #[allow(clippy::print_stderr, reason = "a failed test says where its logs are")]
    fn drop(&mut self) {
        self.controller_manager.iter().for_each(Server::kill);
        self.api_servers.iter().for_each(|(_, server)| server.kill());
        if std::thread::panicking()
            && let Some(folder) = self.folder.take()
        {
            eprintln!("Kubernetes' logs stay in {}", folder.keep().display());
        }
    }
}
