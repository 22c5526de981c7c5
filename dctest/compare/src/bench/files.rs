//! Kernel downloads by many clients: sabakan's throughput and CPU beside nginx's, with `wrk` as the load on both.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use reqwest::Client;
use tempfile::TempDir;

use crate::archive;
use crate::programs::Programs;
use crate::site::{self, Site};
use crate::table::Row;

const KERNEL_MIB: usize = 32;
const CLIENTS: u32 = 200;
const SECONDS: u64 = 8;

/// What a server did under `wrk`.
#[derive(Debug, Clone, Copy)]
struct Served {
    bytes_per_second: f64,
    cpu_seconds_per_gb: f64,
}

/// Serves one kernel to 200 clients, by sabakan and by nginx, three times in turn; the ratio is the median's.
///
/// # Errors
/// When `wrk` or `nginx` is missing, or a server does not answer.
pub async fn measure(ours: &Programs) -> anyhow::Result<Vec<Row>> {
    let site = Site::start(ours).await?;
    let server = site.server("files").await?;
    upload(&site.http, &server.url).await?;
    let kernel = format!("{}/api/v1/boot/coreos/kernel", server.url);
    let nginx = Nginx::start(&site.http).await?;
    let mut pairs = Vec::new();
    for _ in 0..3 {
        pairs.push((load(&kernel, &[server.pid()])?, load(&nginx.url, &nginx.pids()?)?));
    }
    Ok(rows(pairs))
}

fn rows(mut pairs: Vec<(Served, Served)>) -> Vec<Row> {
    let ratio = |(a, b): &(Served, Served)| a.bytes_per_second / b.bytes_per_second;
    pairs.sort_by(|a, b| ratio(a).total_cmp(&ratio(b)));
    let Some((a, b)) = pairs.get(pairs.len() / 2) else {
        return Vec::new();
    };
    let rate = |s: &Served| format!("{:.2} GB/s", s.bytes_per_second / 1e9);
    let cost = |s: &Served| format!("{:.2} CPU-s/GB", s.cpu_seconds_per_gb);
    vec![
        Row {
            what: format!("kernel of {KERNEL_MIB} MiB, {CLIENTS} clients: throughput"),
            reach: "within 10 % of nginx",
            ours: format!("{}, {:.2} of nginx's", rate(a), a.bytes_per_second / b.bytes_per_second),
            peer: format!("nginx {}", rate(b)),
        },
        Row {
            what: format!("kernel of {KERNEL_MIB} MiB, {CLIENTS} clients: CPU"),
            reach: "within 1.5 times nginx",
            ours: format!(
                "{}, {:.2} of nginx's",
                cost(a),
                a.cpu_seconds_per_gb / b.cpu_seconds_per_gb
            ),
            peer: format!("nginx {}", cost(b)),
        },
    ]
}

/// An image whose kernel is large and whose initrd is small.
pub(super) async fn upload(http: &Client, url: &str) -> anyhow::Result<()> {
    let kernel = vec![0x5a_u8; KERNEL_MIB << 20];
    let archive = archive::tar([("kernel", kernel.as_slice()), ("initrd.gz", b"small")])?;
    let answer = http
        .put(format!("{url}/api/v1/images/coreos/1.0.0"))
        .body(archive)
        .send()
        .await?;
    ensure!(answer.status().is_success(), "PUT image: {}", answer.status());
    Ok(())
}

fn load(url: &str, pids: &[u32]) -> anyhow::Result<Served> {
    let before = cpu_seconds(pids)?;
    let out = Command::new("wrk")
        .args(["-t", "1", "-c", &CLIENTS.to_string(), "-d", &format!("{SECONDS}s"), url])
        .output()
        .context("cannot run wrk: install the package of that name")?;
    let text = String::from_utf8_lossy(&out.stdout);
    ensure!(!text.contains("Non-2xx"), "{url} answered with errors:\n{text}");
    let rate = text
        .lines()
        .find_map(|l| l.strip_prefix("Transfer/sec:"))
        .context("wrk printed no rate")?;
    let bytes_per_second = bytes(rate.trim())?;
    let total = bytes_per_second * Duration::from_secs(SECONDS).as_secs_f64();
    Ok(Served {
        bytes_per_second,
        cpu_seconds_per_gb: (cpu_seconds(pids)? - before) / (total / 1e9),
    })
}

/// `1.25GB`, as wrk prints it (powers of 1024).
fn bytes(text: &str) -> anyhow::Result<f64> {
    for (unit, size) in [("GB", 30), ("MB", 20), ("KB", 10)] {
        if let Some(number) = text.strip_suffix(unit) {
            return Ok(number.parse::<f64>()? * 2_f64.powi(size));
        }
    }
    bail!("a rate that we do not know: {text}")
}

fn cpu_seconds(pids: &[u32]) -> anyhow::Result<f64> {
    let mut ticks = 0;
    for pid in pids {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
        let fields: Vec<_> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        // utime and stime are fields 14 and 15 of proc(5); the first after the name is field 3.
        for field in fields.get(11..13).context("a short /proc/PID/stat")? {
            ticks += field.parse::<u32>()?;
        }
    }
    // USER_HZ is 100 on every Linux that we run on.
    Ok(f64::from(ticks) / 100.0)
}

struct Nginx {
    master: std::process::Child,
    folder: TempDir,
    url: String,
}

impl Nginx {
    async fn start(http: &Client) -> anyhow::Result<Self> {
        let folder = TempDir::with_prefix("neco-bench-nginx-")?;
        let port = site::port()?;
        fs::write(folder.path().join("kernel"), vec![0x5a_u8; KERNEL_MIB << 20])?;
        fs::write(folder.path().join("nginx.conf"), configuration(folder.path(), port))?;
        // Its workers run as another user, who must reach the file.
        Command::new("chmod").args(["-R", "a+rX"]).arg(folder.path()).status()?;
        let master = Command::new("nginx")
            .arg("-p")
            .arg(folder.path())
            .arg("-c")
            .arg(folder.path().join("nginx.conf"))
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("cannot start nginx")?;
        let url = format!("http://127.0.0.1:{port}/kernel");
        let nginx = Self { master, folder, url };
        site::answered(http, &nginx.url).await?;
        Ok(nginx)
    }

    fn pids(&self) -> anyhow::Result<Vec<u32>> {
        let master = self.master.id();
        let children = fs::read_to_string(format!("/proc/{master}/task/{master}/children"))?;
        Ok(children.split_whitespace().map(str::parse).collect::<Result<_, _>>()?)
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // The master takes its workers with it on a polite signal only.
        let _ = Command::new("kill")
            .args(["-TERM", &self.master.id().to_string()])
            .status();
        let _ = self.master.wait();
        let _ = self.folder.path();
    }
}

fn configuration(folder: &Path, port: u16) -> String {
    let at = folder.display();
    format!(
        "daemon off; worker_processes 2; pid {at}/pid; error_log {at}/error.log;\n\
         events {{ worker_connections 1024; }}\n\
         http {{ access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000;\n\
         client_body_temp_path {at}/t1; proxy_temp_path {at}/t2; fastcgi_temp_path {at}/t3; uwsgi_temp_path {at}/t4;\n\
         scgi_temp_path {at}/t5; server {{ listen 127.0.0.1:{port}; root {at}; }} }}\n"
    )
}
