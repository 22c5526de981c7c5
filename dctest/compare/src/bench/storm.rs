//! A data center that comes back after a power cut: ten thousand machines boot at once, from one server that shares two
//! cores with all of them.

mod http;
mod machine;

use std::net::{Ipv4Addr, SocketAddrV4};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use testkit::dhcp::Port;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::{files, inventory};
use crate::load::millis;
use crate::programs::Programs;
use crate::site::{Server, Site};
use crate::table::Row;
use machine::Target;

const MACHINES: u32 = 10_000;
/// Machines that boot at a time: more would wait in their firmware's own back-off.
const AT_A_TIME: usize = 1_000;

/// Boots them all, and looks at etcd before and after.
///
/// # Errors
/// When a machine does not get through.
pub async fn measure(side: &Programs) -> anyhow::Result<Vec<Row>> {
    let site = Site::start(side).await?;
    let server = site.server("storm").await?;
    prepare(&site, &server).await?;
    let before = settled(&site).await?;
    let target = Target {
        relays: Port::relay(
            Ipv4Addr::UNSPECIFIED,
            &[SocketAddrV4::new(Ipv4Addr::LOCALHOST, server.dhcp)],
        )?,
        http: server.url.trim_start_matches("http://").parse()?,
    };
    let (took, mut each) = drain(&target).await?;
    each.sort();
    let after = settled(&site).await?;
    let at = |share: usize| each.get(each.len() * share / 100).copied().unwrap_or_default();
    Ok(vec![
        Row {
            what: format!("storm: {MACHINES} machines, {AT_A_TIME} at a time"),
            reach: "drained < 60 s",
            ours: format!(
                "{:.1} s; a machine p50 {}, p99 {}",
                took.as_secs_f64(),
                millis(at(50)),
                millis(at(99))
            ),
            peer: String::new(),
        },
        Row {
            what: "storm: etcd with its history, before and after".to_owned(),
            reach: "< 200 MB",
            ours: format!("{:.0} MB, {:.0} MB", before / 1e6, after / 1e6),
            peer: String::new(),
        },
        Row {
            what: "storm: memory of the server".to_owned(),
            reach: "bounded",
            ours: format!("RSS {} MiB", server.resident_mib()?),
            peer: String::new(),
        },
    ])
}

async fn prepare(site: &Site, server: &Server) -> anyhow::Result<()> {
    inventory::configure(&site.http, &server.url).await?;
    inventory::register(&site.http, &server.url, 0..usize::try_from(MACHINES)?, 5_000).await?;
    files::upload(&site.http, &server.url).await?;
    for role in ["boot", "cs", "ss"] {
        let url = format!("{}/api/v1/ignitions/{role}/1.0.0", server.url);
        let answer = site.http.put(&url).json(&template()).send().await?;
        let status = answer.status();
        ensure!(status.is_success(), "PUT {url}: {status}: {}", answer.text().await?);
    }
    Ok(())
}

/// A template of the size of a real one: thirty units that speak of their machine.
fn template() -> Value {
    let unit = |n: u32| {
        json!({"name": format!("unit-{n}.service"), "enabled": true, "contents": format!(
            "[Unit]\nDescription=Unit {n} of {{{{ .Spec.Serial }}}}\nAfter=network-online.target\n[Service]\n\
             ExecStart=/bin/echo {{{{ index .Spec.IPv4 0 }}}} {{{{ .Spec.Rack }}}} {{{{ MyURL }}}}\n\
             {{{{ if eq .Spec.Role \"boot\" }}}}Environment=BOOT=1{{{{ end }}}}\n\
             [Install]\nWantedBy=multi-user.target\n")})
    };
    json!({"version": "2.3", "meta": {}, "template": {
        "ignition": {"version": "2.3.0"},
        "systemd": {"units": (0..30).map(unit).collect::<Vec<_>>()},
    }})
}

/// Boots all machines; gives the time until the last is through, and what each took.
async fn drain(target: &Target) -> anyhow::Result<(Duration, Vec<Duration>)> {
    let start = Instant::now();
    let room = Arc::new(Semaphore::new(AT_A_TIME));
    let mut booting = JoinSet::new();
    let mut each = Vec::new();
    for n in 0..MACHINES {
        let permit = Arc::clone(&room).acquire_owned().await.context("closed")?;
        let target = target.clone();
        booting.spawn(async move {
            let start = Instant::now();
            let outcome = machine::boot(&target, n).await;
            drop(permit);
            outcome.map(|()| start.elapsed())
        });
        while let Some(done) = booting.try_join_next() {
            each.push(done??);
        }
    }
    while let Some(done) = booting.join_next().await {
        each.push(done??);
    }
    Ok((start.elapsed(), each))
}

/// The size of etcd's database once nothing is written any more.
async fn settled(site: &Site) -> anyhow::Result<f64> {
    let end = Instant::now() + Duration::from_secs(20);
    let mut last = site.etcd_bytes().await?;
    loop {
        tokio::time::sleep(Duration::from_secs(2)).await;
        let now = site.etcd_bytes().await?;
        if (now - last).abs() < 1.0 || Instant::now() > end {
            return Ok(now);
        }
        last = now;
    }
}
