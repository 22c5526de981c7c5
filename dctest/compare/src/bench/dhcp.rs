//! Leases from DISCOVER to ACK over 500 racks: sabakan, durable in etcd, beside Kea with its memfile and the original.

mod kea;
mod load;
mod report;

use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Duration;

use anyhow::ensure;

use super::inventory;
use crate::programs::Programs;
use crate::site::Site;
use crate::table::Row;
use kea::Kea;
use load::Load;
use report::Report;

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
/// The original is at its best with few at a time, and does not get through more clients in a minute.
const FOR_THE_ORIGINAL: Plan = Plan {
    clients: 4_000,
    window: 32,
    from: 100,
    ..PLAN
};
/// Rounds of ours and Kea in turn; the one whose ratio is the median counts.
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
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        rounds.push((sabakan(ours, PLAN).await?, kea(PLAN).await?));
    }
    let original = match original {
        Some(programs) => Some(sabakan(programs, FOR_THE_ORIGINAL).await?),
        None => None,
    };
    let ratio = |(a, b): &(Figures, Figures)| a.peak / b.peak;
    rounds.sort_by(|a, b| ratio(a).total_cmp(&ratio(b)));
    let Some((ours, kea)) = rounds.get(ROUNDS / 2) else {
        return Ok(Vec::new());
    };
    Ok(rows(ours, kea, original.as_ref()))
}

async fn sabakan(side: &Programs, plan: Plan) -> anyhow::Result<Figures> {
    let site = Site::start(side).await?;
    let server = site.server("dhcp").await?;
    inventory::configure(&site.http, &server.url).await?;
    figures(SocketAddrV4::new(Ipv4Addr::LOCALHOST, server.dhcp), plan).await
}

async fn kea(plan: Plan) -> anyhow::Result<Figures> {
    let kea = Kea::start(plan.racks).await?;
    figures(kea.address, plan).await
}

async fn figures(server: SocketAddrV4, plan: Plan) -> anyhow::Result<Figures> {
    // The first lease proves that the configuration has arrived; it is not counted.
    let first = Load::new(server, 1, 1)?.closed(1).await?;
    ensure!(first.acks.len() == 1, "the DHCP server at {server} gives no lease");
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

/// Asks for more and more until no more is given; gives the most leases a second, and what twice that rate gives.
async fn peak(load: &Load, from: u32) -> anyhow::Result<(f64, (u32, f64))> {
    let (mut rate, mut most) = (from, 0.0_f64);
    loop {
        let given = load.open(rate, Duration::from_millis(1500)).await?.rate();
        most = most.max(given);
        if given < f64::from(rate) * 0.85 {
            break;
        }
        rate = rate / 2 * 3;
    }
    let asked = twice(most).max(rate);
    let given = load.open(asked, Duration::from_secs(5)).await?.rate();
    Ok((most, (asked, given)))
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a rate is a small positive number, and casts of floats saturate"
)]
fn twice(rate: f64) -> u32 {
    (rate * 2.0) as u32
}

fn rows(ours: &Figures, kea: &Figures, original: Option<&Figures>) -> Vec<Row> {
    let sides = Sides { ours, kea, original };
    vec![
        sides.compared(
            "DISCOVER to ACK, most in a second",
            |f| f.peak,
            |f| format!("{:.0}/s", f.peak),
        ),
        sides.compared("DISCOVER to ACK, new clients", |f| f.new.rate(), |f| leases(&f.new)),
        sides.beside("1,000 DISCOVERs a second: OFFER", "mean < 5 ms", |f| offers(&f.steady)),
        sides.beside("past the peak", "no collapse", past),
    ]
}

#[derive(Clone, Copy)]
struct Sides<'a> {
    ours: &'a Figures,
    kea: &'a Figures,
    original: Option<&'a Figures>,
}

impl Sides<'_> {
    fn compared(self, what: &str, rate: impl Fn(&Figures) -> f64, text: impl Fn(&Figures) -> String) -> Row {
        let mut row = self.beside(what, "more than Kea, > 20 times the original", text);
        let ours = rate(self.ours);
        row.ours += &format!(": {:.1} times Kea", ours / rate(self.kea));
        if let Some(original) = self.original {
            row.ours += &format!(", {:.0} times the original", ours / rate(original));
        }
        row
    }

    fn beside(self, what: &str, reach: &'static str, text: impl Fn(&Figures) -> String) -> Row {
        let mut peer = format!("Kea {}", text(self.kea));
        if let Some(original) = self.original {
            peer += &format!("; original {}", text(original));
        }
        Row {
            what: format!("DHCP, 500 racks, {what}"),
            reach,
            ours: text(self.ours),
            peer,
        }
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
