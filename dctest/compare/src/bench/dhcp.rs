//! Leases from DISCOVER to ACK over 500 racks: sabakan, durable in etcd, beside Kea with its memfile and the original; asked by
//! clients of our own, and by Kea's `perfdhcp`.

mod kea;
mod load;
mod perfdhcp;
mod report;
mod sides;

use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Duration;

use anyhow::ensure;

use super::inventory;
use crate::programs::Programs;
use crate::site::{Server, Site};
use crate::table::Row;
use kea::Kea;
use load::Load;
use report::Report;
use sides::Sides;

/// How a server is loaded.
#[derive(Debug, Clone, Copy)]
struct Plan {
    racks: u32,
    clients: u32,
    /// New clients at a time.
    window: usize,
    /// DISCOVERs a second at which the search for the peak starts.
    from: u32,
}

const PLAN: Plan = Plan {
    racks: 500,
    clients: 10_000,
    window: 256,
    from: 2_000,
};
/// The original does not get through more clients in a minute.
const FOR_THE_ORIGINAL: Plan = Plan {
    clients: 4_000,
    from: 300,
    ..PLAN
};
/// Rounds of ours and Kea in turn; the median of each figure counts.
const ROUNDS: usize = 3;

/// What a server did.
struct Figures {
    new: Report,
    steady: Report,
    /// The most leases a second at any rate.
    peak: f64,
    /// DISCOVERs a second past the peak, and leases a second under them.
    beyond: (u32, f64),
}

/// Measures all of them in turn.
///
/// # Errors
/// When a server does not come up, or `kea-dhcp4` is missing.
pub async fn measure(ours: &Programs, original: Option<&Programs>) -> anyhow::Result<Vec<Row>> {
    let (mut own, mut peer) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        own.push(sabakan(ours, PLAN).await?);
        peer.push(kea(PLAN).await?);
    }
    let its = match original {
        Some(programs) => vec![sabakan(programs, FOR_THE_ORIGINAL).await?],
        None => Vec::new(),
    };
    let sides = Sides {
        ours: own,
        kea: peer,
        original: its,
    };
    let mut rows = sides.rows();
    rows.extend(perfdhcp::measure(ours, original).await?);
    Ok(rows)
}

async fn sabakan(side: &Programs, plan: Plan) -> anyhow::Result<Figures> {
    let site = Site::start(side).await?;
    let (_server, address) = serve(&site).await?;
    figures(address, plan).await
}

/// A server of sabakan's kind that knows its ranges, and where it answers DHCP.
async fn serve(site: &Site) -> anyhow::Result<(Server, SocketAddrV4)> {
    let server = site.server("dhcp").await?;
    inventory::configure(&site.http, &server.url).await?;
    let address = SocketAddrV4::new(Ipv4Addr::LOCALHOST, server.dhcp);
    Ok((server, address))
}

async fn kea(plan: Plan) -> anyhow::Result<Figures> {
    let kea = Kea::start(plan.racks).await?;
    figures(kea.address, plan).await
}

async fn figures(server: SocketAddrV4, plan: Plan) -> anyhow::Result<Figures> {
    ready(server).await?;
    let load = Load::new(server, plan.racks, plan.clients)?;
    let new = load.closed(plan.window).await?;
    let steady = load.open(1_000, Duration::from_secs(5)).await?;
    let (peak, beyond) = peak(&load, plan.from).await?;
    Ok(Figures {
        new,
        steady,
        peak,
        beyond,
    })
}

/// The first lease proves that the configuration has arrived; it is not counted.
async fn ready(server: SocketAddrV4) -> anyhow::Result<()> {
    let first = Load::new(server, 1, 1)?.closed(1).await?;
    ensure!(first.acks.len() == 1, "the DHCP server at {server} gives no lease");
    Ok(())
}

/// Asks for more and more until twice in a row not all is given; gives the most leases a second, and what twice that
/// rate gives.
async fn peak(load: &Load, from: u32) -> anyhow::Result<(f64, (u32, f64))> {
    let (mut rate, mut most, mut short) = (from, 0.0_f64, 0);
    while short < 2 {
        let given = load.open(rate, Duration::from_millis(1500)).await?.rate();
        most = most.max(given);
        short = if given < f64::from(rate) * 0.85 { short + 1 } else { 0 };
        rate = rate / 2 * 3;
    }
    let asked = twice(most);
    let given = load.open(asked, Duration::from_secs(5)).await?.rate();
    Ok((most.max(given), (asked, given)))
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a rate is a small positive number, and casts of floats saturate"
)]
fn twice(rate: f64) -> u32 {
    (rate * 2.0) as u32
}

impl Sides<Figures> {
    fn rows(&self) -> Vec<Row> {
        let beyond = |f: &Figures| f.beyond.1;
        vec![
            self.compared(
                "new clients, DISCOVER to ACK",
                "more than Kea, > 20 times the original",
                |f| f.new.rate(),
                |f| leases(&f.new),
            ),
            self.compared(
                "known clients, DISCOVER to ACK, most in a second",
                "more than Kea",
                |f| f.peak,
                |f| format!("{:.0}/s", f.peak),
            ),
            self.beside(
                "1,000 DISCOVERs a second: OFFER",
                "mean < 5 ms",
                |f| f.steady.offer_mean_ms(),
                |f| offers(&f.steady),
            ),
            self.beside("past the peak", "no collapse", beyond, past),
        ]
    }
}

fn leases(report: &Report) -> String {
    match report.given_up {
        0 => format!("{:.0}/s", report.rate()),
        n => format!("{:.0}/s ({n} got none)", report.rate()),
    }
}

fn offers(report: &Report) -> String {
    format!(
        "mean {:.2} ms, {:.0} leases/s, ACK p99 {:.1} ms",
        report.offer_mean_ms(),
        report.rate(),
        report.ack_p99_ms()
    )
}

fn past(figures: &Figures) -> String {
    let (asked, given) = figures.beyond;
    format!("{given:.0}/s of {asked}/s asked")
}
