//! Filling a sabakan with machines.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use reqwest::Client;
use serde_json::{Value, json};

/// Machines in a rack; the first of each rack is the boot server.
pub const IN_RACK: usize = 20;

/// Stores an IPAM configuration whose pools hold thousands of racks.
///
/// # Errors
/// When the server refuses it.
pub async fn configure(http: &Client, url: &str) -> anyhow::Result<()> {
    let ipam = json!({
        "max-nodes-in-rack": 28, "node-ipv4-pool": "10.0.0.0/9", "node-ipv4-range-size": 6, "node-ipv4-range-mask": 26,
        "node-ip-per-node": 3, "node-index-offset": 3, "node-gateway-offset": 1,
        "bmc-ipv4-pool": "10.128.0.0/10", "bmc-ipv4-offset": "0.0.1.0", "bmc-ipv4-range-size": 5,
        "bmc-ipv4-range-mask": 20, "bmc-ipv4-gateway-offset": 1,
    });
    put(http, &format!("{url}/api/v1/config/ipam"), &ipam).await?;
    let dhcp = json!({"gateway-offset": 1, "lease-minutes": 60, "dns-servers": ["10.0.0.2"]});
    put(http, &format!("{url}/api/v1/config/dhcp"), &dhcp).await
}

async fn put(http: &Client, url: &str, body: &Value) -> anyhow::Result<()> {
    let answer = http.put(url).json(body).send().await?;
    ensure!(answer.status().is_success(), "PUT {url}: {}", answer.status());
    Ok(())
}

/// Machine number `n`: deterministic, spread over racks, roles and labels.
#[must_use]
pub fn machine(n: usize) -> Value {
    let (rack, place) = (n / IN_RACK, n % IN_RACK);
    let role = if place == 0 {
        "boot"
    } else if place % 3 == 0 {
        "ss"
    } else {
        "cs"
    };
    json!({
        "serial": format!("SN{n:06}"), "rack": rack, "role": role, "bmc": {"type": "iDRAC-9"},
        "labels": {"product": format!("R{}", 600 + place), "datacenter": "dc1", "machine-type": format!("type-{place}")},
        "retire-date": "2030-01-01T00:00:00Z",
    })
}

/// Registers machines `from..to` in calls of `batch`; gives the time taken.
///
/// # Errors
/// When a call is refused.
pub async fn register(
    http: &Client,
    url: &str,
    range: std::ops::Range<usize>,
    batch: usize,
) -> anyhow::Result<Duration> {
    let all: Vec<_> = range.map(machine).collect();
    let start = Instant::now();
    for chunk in all.chunks(batch) {
        let answer = http.post(format!("{url}/api/v1/machines")).json(chunk).send().await?;
        let status = answer.status();
        let body = answer.text().await.context("the answer was cut")?;
        ensure!(status.is_success(), "POST machines: {status}: {body}");
    }
    Ok(start.elapsed())
}
