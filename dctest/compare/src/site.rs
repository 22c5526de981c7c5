//! A site to measure: one etcd, and servers of one side on it. All of it goes when the value is dropped.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use reqwest::Client;
use tempfile::TempDir;

use crate::programs::Programs;
use crate::{certs, load};

/// A process that ends with its owner.
#[derive(Debug)]
pub struct Owned(Child);

impl Owned {
    /// Starts it, with all that it says in the file `log`.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn spawn(mut command: Command, log: &Path) -> anyhow::Result<Self> {
        let out = fs::File::create(log)?;
        let program = command.get_program().to_string_lossy().into_owned();
        command.stdin(Stdio::null()).stdout(out.try_clone()?).stderr(out);
        Ok(Self(
            command.spawn().with_context(|| format!("cannot start {program}"))?,
        ))
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        // It may have ended by itself; there is nobody to tell.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A running sabakan.
#[derive(Debug)]
pub struct Server {
    process: Owned,
    /// `http://127.0.0.1:PORT`.
    pub url: String,
    /// `https://127.0.0.1:PORT`.
    pub https: String,
    /// Where it serves metrics, with the path.
    pub metrics: String,
    /// The port of its DHCP server.
    pub dhcp: u16,
    /// From its start to its first answer.
    pub started_in: Duration,
    /// Where it keeps its files.
    pub data: PathBuf,
}

/// What stays when one program gives way to another: the ports and the data directory.
#[derive(Debug, Clone)]
pub struct Place {
    name: String,
    http: u16,
    https: u16,
    metrics: u16,
    dhcp: u16,
}

impl Server {
    /// Asks it to end, as a service manager does, and waits until it has.
    ///
    /// # Errors
    /// When it is still there after 20 s.
    pub async fn stop(&mut self) -> anyhow::Result<()> {
        Command::new("kill").arg(self.process.0.id().to_string()).status()?;
        let end = Instant::now() + Duration::from_secs(20);
        while self.process.0.try_wait()?.is_none() {
            if Instant::now() > end {
                bail!("{} did not end in 20 s after SIGTERM", self.url);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    /// Resident memory, in MiB.
    ///
    /// # Errors
    /// When the process is gone.
    pub fn resident_mib(&self) -> anyhow::Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.0.id()))?;
        let line = status
            .lines()
            .find_map(|l| l.strip_prefix("VmRSS:"))
            .context("no VmRSS")?;
        let kib: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
        Ok(kib / 1024)
    }

    /// The process's id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.process.0.id()
    }
}

/// One etcd and a folder for everything.
#[derive(Debug)]
pub struct Site {
    // Dropped in this order: the process before its folder.
    _etcd: Owned,
    folder: TempDir,
    etcd: String,
    programs: Programs,
    /// For requests to the servers.
    pub http: Client,
}

impl Site {
    /// Starts etcd and waits until it answers.
    ///
    /// # Errors
    /// When `etcd` is not on `PATH` or does not come up in 20 s.
    pub async fn start(programs: &Programs) -> anyhow::Result<Self> {
        let folder = TempDir::with_prefix("neco-bench-")?;
        certs::write(&folder.path().join("certs"))?;
        let (client, peer) = (
            format!("http://127.0.0.1:{}", port()?),
            format!("http://127.0.0.1:{}", port()?),
        );
        let mut command = Command::new("etcd");
        command.arg("--data-dir").arg(folder.path().join("etcd"));
        for flag in ["--listen-client-urls", "--advertise-client-urls"] {
            command.args([flag, &client]);
        }
        for flag in ["--listen-peer-urls", "--initial-advertise-peer-urls"] {
            command.args([flag, &peer]);
        }
        command.args(["--initial-cluster", &format!("default={peer}"), "--log-level", "error"]);
        let etcd = Owned::spawn(command, &folder.path().join("etcd.log"))?;
        let http = load::client()?;
        answered(&http, &format!("{client}/health")).await.context("etcd")?;
        Ok(Self {
            _etcd: etcd,
            folder,
            etcd: client,
            programs: programs.clone(),
            http,
        })
    }

    /// A folder that goes with the site.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Which side's programs run here.
    #[must_use]
    pub fn side(&self) -> &'static str {
        self.programs.name
    }

    /// Where etcd answers.
    #[must_use]
    pub fn etcd(&self) -> &str {
        &self.etcd
    }

    /// The size of etcd's database, history included, in bytes.
    ///
    /// # Errors
    /// When etcd does not tell.
    pub async fn etcd_bytes(&self) -> anyhow::Result<f64> {
        let text = self
            .http
            .get(format!("{}/metrics", self.etcd))
            .send()
            .await?
            .text()
            .await?;
        let line = text
            .lines()
            .find_map(|l| l.strip_prefix("etcd_mvcc_db_total_size_in_bytes "));
        Ok(line.context("etcd does not tell its size")?.trim().parse()?)
    }

    /// Where a program of this side lies.
    #[must_use]
    pub fn program(&self, name: &str) -> PathBuf {
        self.programs.folder.join(name)
    }

    /// Starts a sabakan on the site's etcd, and waits until it answers.
    ///
    /// # Errors
    /// When it does not come up in 20 s; its log is named.
    pub async fn server(&self, name: &str) -> anyhow::Result<Server> {
        self.start_at(&Self::place(name)?, &self.programs).await
    }

    /// A place for a server: free ports, and a name for its folder.
    ///
    /// # Errors
    /// When no port can be bound.
    pub fn place(name: &str) -> anyhow::Result<Place> {
        Ok(Place {
            name: name.to_owned(),
            http: port()?,
            https: port()?,
            metrics: port()?,
            dhcp: port()?,
        })
    }

    /// Ends what runs at a place, and starts these programs there.
    ///
    /// # Errors
    /// When the old one does not end, or the new one does not come up.
    pub async fn start_after(&self, place: &Place, programs: &Programs, server: &mut Server) -> anyhow::Result<()> {
        server.stop().await?;
        *server = self.start_at(place, programs).await?;
        Ok(())
    }

    /// Starts a sabakan of these programs at a place, and waits until it answers.
    ///
    /// # Errors
    /// When it does not come up in 20 s; its last words are in the error.
    pub async fn start_at(&self, place: &Place, programs: &Programs) -> anyhow::Result<Server> {
        let Place {
            name,
            http,
            https,
            metrics,
            dhcp,
        } = place;
        let data = self.folder.path().join(name);
        fs::create_dir_all(&data)?;
        let certs = self.folder.path().join("certs");
        let mut command = Command::new(programs.folder.join("sabakan"));
        command.args([
            "-http",
            &format!("127.0.0.1:{http}"),
            "-https",
            &format!("127.0.0.1:{https}"),
        ]);
        command.args([
            "-metrics",
            &format!("127.0.0.1:{metrics}"),
            "-dhcp-bind",
            &format!("0.0.0.0:{dhcp}"),
        ]);
        command.args(["-etcd-endpoints", &self.etcd, "-loglevel", "warning"]);
        command.args(["-advertise-url", &format!("http://127.0.0.1:{http}")]);
        command.args(["-advertise-url-https", &format!("https://127.0.0.1:{https}")]);
        command.arg("-data-dir").arg(&data);
        command.arg("-server-cert").arg(certs.join("server.crt"));
        command.arg("-server-key").arg(certs.join("server.key.insecure"));
        let log = self.folder.path().join(format!("{name}-{}.log", programs.name));
        let start = Instant::now();
        let process = Owned::spawn(command, &log)?;
        let url = format!("http://127.0.0.1:{http}");
        answered(&self.http, &format!("{url}/health"))
            .await
            .with_context(|| show(&log))?;
        let metrics = format!("http://127.0.0.1:{metrics}/metrics");
        Ok(Server {
            process,
            url,
            https: format!("https://127.0.0.1:{https}"),
            metrics,
            dhcp: *dhcp,
            started_in: start.elapsed(),
            data,
        })
    }
}

fn show(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    let last: Vec<_> = text.lines().rev().take(5).collect();
    format!(
        "sabakan did not come up; its last words:\n{}",
        last.into_iter().rev().collect::<Vec<_>>().join("\n")
    )
}

/// A port that was free a moment ago.
///
/// # Errors
/// When no port can be bound.
pub fn port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// Waits until `url` answers with a success.
///
/// # Errors
/// After 20 s without one.
pub async fn answered(http: &Client, url: &str) -> anyhow::Result<()> {
    let end = Instant::now() + Duration::from_secs(20);
    loop {
        match http.get(url).send().await {
            Ok(answer) if answer.status().is_success() => return Ok(()),
            outcome if Instant::now() > end => bail!("{url} did not answer in 20 s: {outcome:?}"),
            _ => tokio::time::sleep(Duration::from_millis(5)).await,
        }
    }
}
