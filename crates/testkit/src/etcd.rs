//! Real etcd servers: one member or several, each a process with its own temporary data.
//!
//! ```no_run
//! # async fn example() {
//! let etcd = testkit::etcd::Etcd::start().await;
//! let three = testkit::etcd::Etcd::builder().members(3).start().await;
//! three.members()[0].freeze();
//! # }
//! ```
//!
//! The program is `bin/etcd` under `$NECO_CACHE` (default `~/.cache/neco`). Members die with the thread that started
//! them, so that a test that is killed leaves none behind; data and logs stay when a test fails.

mod member;
mod tls;

use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

pub use member::Member;
pub use tls::TlsFiles;

use crate::wait::{PATIENCE, wait_for};

/// The path of a program that the tests need.
///
/// # Panics
/// When it is not there.
pub fn tool(name: &str) -> PathBuf {
    let cache = std::env::var_os("NECO_CACHE")
        .map(PathBuf::from)
        .unwrap_or_else(|| PathBuf::from(std::env::var_os("HOME").expect("HOME is set")).join(".cache/neco"));
    let path = cache.join("bin").join(name);
    assert!(path.exists(), "{} is missing: run `make setup`", path.display());
    path
}

/// What a cluster is started with.
#[derive(Debug, Clone)]
pub struct Builder {
    members: usize,
    quota_bytes: Option<u64>,
    token_ttl: Option<Duration>,
    tls: bool,
    client_certificates: bool,
    as_cke: bool,
    spares: usize,
    places: Vec<(Ipv4Addr, String)>,
}

/// A cluster of real etcd processes.
#[derive(Debug)]
pub struct Etcd {
    members: Vec<Member>,
    spares: Vec<member::Addresses>,
    builder: Builder,
    tls: Option<TlsFiles>,
    user: Option<(String, String)>,
    folder: Option<TempDir>,
}

impl Builder {
    /// How many members, 1 unless said.
    #[must_use]
    pub fn members(mut self, count: usize) -> Builder {
        self.members = count;
        self
    }

    /// One member on each of these hosts: an address that the test reaches, and the network namespace that has it.
    #[must_use]
    pub fn on_hosts(mut self, places: &[(Ipv4Addr, String)]) -> Builder {
        self.members = places.len();
        self.places = places.to_vec();
        self
    }

    /// The size that the database may reach.
    #[must_use]
    pub fn quota_bytes(mut self, bytes: u64) -> Builder {
        self.quota_bytes = Some(bytes);
        self
    }

    /// How long a token of an idle user lives.
    #[must_use]
    pub fn token_ttl(mut self, ttl: Duration) -> Builder {
        self.token_ttl = Some(ttl);
        self
    }

    /// Clients speak TLS.
    #[must_use]
    pub fn tls(mut self) -> Builder {
        self.tls = true;
        self
    }

    /// Clients speak TLS and show a certificate.
    #[must_use]
    pub fn mutual_tls(mut self) -> Builder {
        self.client_certificates = true;
        self.tls()
    }

    /// As CKE runs it on nodes: members are named by their addresses, clients and peers show certificates, a client's common
    /// name is its user (`root` for [`Etcd::ctl`]). `spares` are prepared for members that join later.
    #[must_use]
    pub fn as_cke(mut self, spares: usize) -> Builder {
        self.as_cke = true;
        self.spares = spares;
        self.mutual_tls()
    }

    /// Starts it and waits until every member serves.
    pub async fn start(self) -> Etcd {
        let folder = tempfile::Builder::new().prefix("etcd-").tempdir().expect("a folder");
        let mut addresses: Vec<member::Addresses> = (0..self.members + self.spares)
            .map(|index| member::Addresses::choose(index, self.tls, self.places.get(index)))
            .collect();
        if self.as_cke {
            addresses.iter_mut().for_each(member::Addresses::become_ckes);
        }
        let tls = self.tls.then(|| {
            // Between loopback addresses a connection comes from 127.0.0.1, and peers look at that.
            let hosts = addresses.iter().map(|a| a.host).chain([Ipv4Addr::LOCALHOST]);
            let hosts = hosts.collect::<Vec<_>>();
            let user = if self.as_cke { "root" } else { "client" };
            TlsFiles::create(folder.path(), &hosts, self.client_certificates, user)
        });
        let spares = addresses.split_off(self.members);
        let members = addresses
            .iter()
            .map(|own| {
                let data = folder.path().join(&own.name);
                let arguments = self.arguments(own, &addresses, tls.as_ref());
                Member::start(own.clone(), data, arguments)
            })
            .collect();
        let etcd = Etcd {
            members,
            spares,
            builder: self,
            tls,
            user: None,
            folder: Some(folder),
        };
        for member in &etcd.members {
            member.wait_until_healthy().await;
        }
        etcd
    }

    fn arguments(&self, own: &member::Addresses, all: &[member::Addresses], tls: Option<&TlsFiles>) -> Vec<String> {
        let cluster: Vec<String> = all.iter().map(|a| format!("{}={}", a.name, a.peer)).collect();
        self.arguments_in(own, &cluster, "new", tls)
    }

    fn arguments_in(
        &self,
        own: &member::Addresses,
        cluster: &[String],
        state: &str,
        tls: Option<&TlsFiles>,
    ) -> Vec<String> {
        // One member elects itself; among several the time must outlast a busy machine.
        let alone = cluster.len() == 1 && self.spares == 0;
        let (beat, election) = if alone { (10, 100) } else { (100, 1000) };
        let mut arguments = own.arguments(&cluster.join(","), state);
        if self.as_cke {
            arguments.extend(tls.map(TlsFiles::peer_arguments).unwrap_or_default());
        }
        arguments.extend([
            format!("--heartbeat-interval={beat}"),
            format!("--election-timeout={election}"),
            "--unsafe-no-fsync".to_owned(),
            "--bcrypt-cost=4".to_owned(),
            "--log-level=warn".to_owned(),
        ]);
        arguments.extend(self.quota_bytes.map(|b| format!("--quota-backend-bytes={b}")));
        arguments.extend(self.token_ttl.map(|t| format!("--auth-token-ttl={}", t.as_secs())));
        arguments.extend(tls.map(TlsFiles::server_arguments).unwrap_or_default());
        arguments
    }
}

impl Etcd {
    /// One plain member.
    pub async fn start() -> Etcd {
        Etcd::builder().start().await
    }

    /// Says what to start.
    pub fn builder() -> Builder {
        Builder {
            members: 1,
            quota_bytes: None,
            token_ttl: None,
            tls: false,
            client_certificates: false,
            as_cke: false,
            spares: 0,
            places: Vec::new(),
        }
    }

    /// The clients' URLs of all members.
    pub fn endpoints(&self) -> Vec<String> {
        self.members.iter().map(|m| m.endpoint().to_owned()).collect()
    }

    /// The members, in the order of their names `m0`, `m1`, ...
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// The address of the next spare, for [`Etcd::join`].
    ///
    /// # Panics
    /// When none is left.
    pub fn spare(&self) -> Ipv4Addr {
        self.spares.first().expect("a spare is left").host
    }

    /// Starts the next spare as a member that was added; `cluster` is what `--initial-cluster` lists.
    ///
    /// # Panics
    /// When none is left.
    pub fn join(&mut self, cluster: &[String]) -> &Member {
        let own = self.spares.remove(0);
        let data = self
            .folder
            .as_ref()
            .expect("the folder is there")
            .path()
            .join(&own.name);
        let arguments = self.builder.arguments_in(&own, cluster, "existing", self.tls.as_ref());
        self.members.push(Member::start(own, data, arguments));
        self.members.last().expect("just pushed")
    }

    /// Starts a member that was killed again, without its data, as one that was added anew.
    pub fn join_again(&mut self, index: usize, cluster: &[String]) -> &Member {
        let own = self.members[index].addresses().clone();
        let arguments = self.builder.arguments_in(&own, cluster, "existing", self.tls.as_ref());
        self.members[index].lose_data();
        self.members[index].start_with(arguments);
        &self.members[index]
    }

    /// The certificates, when it was started with TLS.
    ///
    /// # Panics
    /// When it was not.
    pub fn tls(&self) -> &TlsFiles {
        self.tls.as_ref().expect("this etcd was started without TLS")
    }

    /// The index of the member that leads now.
    pub async fn leader(&self) -> usize {
        wait_for("a leader of etcd", PATIENCE, || async {
            for (index, member) in self.members.iter().enumerate() {
                if member.leads().await {
                    return Ok(index);
                }
            }
            Err("no member says that it leads")
        })
        .await
    }

    /// Runs `etcdctl` and gives what it printed.
    ///
    /// # Panics
    /// When it fails.
    pub fn ctl(&self, arguments: &[&str]) -> String {
        let mut command = Command::new(tool("etcdctl"));
        command.arg("--endpoints").arg(self.endpoints().join(","));
        // Its own patience is five seconds, which a busy machine may need.
        command.args(["--dial-timeout=30s", "--command-timeout=60s"]);
        if let Some(tls) = &self.tls {
            command.args(tls.client_arguments());
        }
        if let Some((name, password)) = &self.user {
            command.arg(format!("--user={name}:{password}"));
        }
        let output = command.args(arguments).output().expect("run etcdctl");
        let (out, err) = (
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr),
        );
        assert!(output.status.success(), "etcdctl {arguments:?}: {out}{err}");
        out.into_owned()
    }

    /// Turns authentication on, with a user who has all rights on the keys under `prefix`.
    pub fn enable_auth(&mut self, name: &str, password: &str, prefix: &str) {
        self.ctl(&["user", "add", "root:root"]);
        self.ctl(&["user", "grant-role", "root", "root"]);
        self.ctl(&["user", "add", &format!("{name}:{password}")]);
        self.ctl(&["role", "add", name]);
        self.ctl(&["role", "grant-permission", name, "--prefix=true", "readwrite", prefix]);
        self.ctl(&["user", "grant-role", name, name]);
        self.ctl(&["auth", "enable"]);
        self.user = Some(("root".to_owned(), "root".to_owned()));
    }

    /// Stops all members, copies their data aside and starts them again.
    pub async fn backup(&self) -> Backup {
        let copy = tempfile::Builder::new()
            .prefix("etcd-backup-")
            .tempdir()
            .expect("a folder");
        self.kill_all();
        for member in &self.members {
            copy_folder(member.data(), &copy.path().join(member.name()));
        }
        self.restart_all().await;
        Backup(copy)
    }

    /// Stops all members and starts them with the data of a backup: etcd goes back in time.
    pub async fn restore(&self, backup: &Backup) {
        self.kill_all();
        for member in &self.members {
            fs::remove_dir_all(member.data()).expect("remove etcd's data");
            copy_folder(&backup.0.path().join(member.name()), member.data());
        }
        self.restart_all().await;
    }

    /// Kills every member.
    pub fn kill_all(&self) {
        self.members.iter().for_each(Member::kill);
    }

    /// Starts every member that was killed and waits until all serve.
    pub async fn restart_all(&self) {
        self.members.iter().for_each(Member::start_again);
        for member in &self.members {
            member.wait_until_healthy().await;
        }
    }
}

/// The data of a cluster, put aside.
#[derive(Debug)]
pub struct Backup(TempDir);

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("create a folder");
    for entry in fs::read_dir(from).expect("read a folder") {
        let entry = entry.expect("read a folder");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("the type of a file").is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), &target).expect("copy a file");
        }
    }
}

impl Drop for Etcd {
    #[allow(clippy::print_stderr, reason = "a failed test says where its data is")]
    fn drop(&mut self) {
        self.kill_all();
        if std::thread::panicking()
            && let Some(folder) = self.folder.take()
        {
            eprintln!("etcd's data and logs stay in {}", folder.keep().display());
        }
    }
}
