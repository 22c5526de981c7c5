//! The start of a server on an etcd that is full: until it answers searches and renews a lease.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::{Duration, Instant};

use anyhow::ensure;
use neco_etcd::{Config, Etcd, Txn};
use serde_json::{Value, json};
use testkit::dhcp::Port;

use crate::network::relay;
use crate::site::{Server, Site};
use crate::table::Row;

/// Ranges with leases, and leases in each.
const RANGES: u32 = 1_000;
const IN_RANGE: u32 = 20;
/// The distance from a relay to the first address for lease, by [`super::inventory::configure`].
const TO_LEASES: u32 = 31;
/// As long as an operator's mind stays with it.
const PATIENCE: Duration = Duration::from_secs(60);

/// Stores 20,000 leases, starts a server, and gives it with the row.
///
/// # Errors
/// When it does not come up, or renews no lease.
pub async fn measure(site: &Site, machines: usize) -> anyhow::Result<(Server, Row)> {
    leases(site).await?;
    let begin = Instant::now();
    let server = site.server("reader").await?;
    renewed(&server).await?;
    let row = Row {
        what: format!("start to serving, {machines} machines, {} leases", RANGES * IN_RANGE),
        reach: "< 2 s, RSS < 200 MB",
        ours: format!(
            "{:.2} s, a lease renewed after {:.2} s, RSS {} MiB",
            server.started_in.as_secs_f64(),
            begin.elapsed().as_secs_f64(),
            server.resident_mib()?
        ),
        peer: String::new(),
    };
    Ok((server, row))
}

async fn leases(site: &Site) -> anyhow::Result<()> {
    let config = Config {
        endpoints: vec![site.etcd().to_owned()],
        ..Config::new("/sabakan/")
    };
    let etcd = Etcd::connect(&config).await?;
    let ranges: Vec<_> = (0..RANGES).collect();
    for some in ranges.chunks(100) {
        let txn = some.iter().fold(Txn::new(), |txn, range| {
            let first = Ipv4Addr::from(u32::from(relay(*range)) + TO_LEASES);
            txn.put(format!("lease-usages/{first}"), usage(*range).to_string())
        });
        etcd.commit(txn).await?;
    }
    Ok(())
}

fn usage(range: u32) -> Value {
    let entry = |n| (mac(range, n), json!({"index": n, "lease": "2037-01-01T00:00:00Z"}));
    (0..IN_RANGE).map(entry).collect::<serde_json::Map<_, _>>().into()
}

fn mac(range: u32, n: u32) -> String {
    let [_, _, a, b] = range.to_be_bytes();
    let [_, _, _, c] = n.to_be_bytes();
    format!("02:02:00:{a:02x}:{b:02x}:{c:02x}")
}

/// Asks for a stored client's lease until it is acknowledged.
async fn renewed(server: &Server) -> anyhow::Result<()> {
    let dhcp = SocketAddrV4::new(Ipv4Addr::LOCALHOST, server.dhcp);
    let client = Port::relay(relay(0), &[dhcp])?.client([2, 2, 0, 0, 0, 0]);
    let address = Ipv4Addr::from(u32::from(relay(0)) + TO_LEASES);
    let end = Instant::now() + PATIENCE;
    while Instant::now() < end {
        let soon = Duration::from_millis(50);
        if let Some(answer) = client.ask_within(&client.renewing(address), soon).await {
            ensure!(
                answer.yiaddr() == address,
                "a renewal of {address} gave {}",
                answer.yiaddr()
            );
            return Ok(());
        }
    }
    anyhow::bail!("no lease was renewed in {PATIENCE:?}")
}
