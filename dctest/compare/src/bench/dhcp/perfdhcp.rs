//! The same question asked by Kea's own `perfdhcp`: every client is a new one behind a relay that is drawn for it, and none asks twice.
//!
//! It takes a list of relays, but listens at one address; servers answer at the relay's. So the network hands it what is meant for any
//! relay. A client that comes again would come from another rack: each rate is asked of a server that was started for it.

use std::fs;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::path::PathBuf;

use anyhow::{Context, ensure};
use tempfile::TempDir;
use tokio::process::Command;

use super::kea::Kea;
use super::sides::Sides;
use super::{PLAN, ROUNDS, ready, serve};
use crate::network::relay;
use crate::programs::Programs;
use crate::site::Site;
use crate::table::Row;

/// Clients of a run: relays are drawn, and hardly one of 500 is drawn for more than the 31 that a rack has addresses for.
const CLIENTS: u32 = 8_000;
/// A run is no longer than this.
const SECONDS: u32 = 4;
/// How long it waits for replies after the last DISCOVER.
const AFTER: f64 = 0.5;
/// Its own address: that of the loopback interface.
const OWN: Ipv4Addr = Ipv4Addr::LOCALHOST;
/// DISCOVERs a second at which the search for the peak starts.
const FROM: u32 = 2_000;
const FROM_FOR_THE_ORIGINAL: u32 = 200;
const STEADY: u32 = 1_000;

/// What it says of a run.
#[derive(Debug, Clone, Copy)]
struct Run {
    discovers: f64,
    acks: f64,
    offer_mean_ms: f64,
    /// Leases a second.
    rate: f64,
}

/// A round of one side.
#[derive(Debug)]
struct Figures {
    peak: f64,
    steady: Run,
}

/// Whom it asks.
#[derive(Debug, Clone, Copy)]
enum Peer<'a> {
    Sabakan(&'a Programs),
    Kea,
}

/// Measures all of them in turn.
///
/// # Errors
/// When a server does not come up, or `perfdhcp` or `nft` is missing.
pub(super) async fn measure(ours: &Programs, original: Option<&Programs>) -> anyhow::Result<Vec<Row>> {
    let relays = Relays::new(PLAN.racks)?;
    let mut sides = Sides {
        ours: Vec::new(),
        kea: Vec::new(),
        original: Vec::new(),
    };
    for _ in 0..ROUNDS {
        sides.ours.push(relays.figures(Peer::Sabakan(ours), FROM).await?);
        sides.kea.push(relays.figures(Peer::Kea, FROM).await?);
    }
    if let Some(programs) = original {
        let figures = relays.figures(Peer::Sabakan(programs), FROM_FOR_THE_ORIGINAL);
        sides.original.push(figures.await?);
    }
    Ok(sides.rows())
}

impl Sides<Figures> {
    fn rows(&self) -> Vec<Row> {
        vec![
            self.compared(
                "asked by perfdhcp: new clients, most in a second",
                "more than Kea, > 20 times the original",
                |f| f.peak,
                |f| format!("{:.0}/s", f.peak),
            ),
            self.beside(
                "asked by perfdhcp 1,000 times a second: OFFER",
                "mean < 5 ms",
                |f| f.steady.offer_mean_ms,
                |f| steady(&f.steady),
            ),
        ]
    }
}

fn steady(run: &Run) -> String {
    let given = 100.0 * run.acks / run.discovers;
    format!("mean {:.2} ms, {given:.1} % got a lease", run.offer_mean_ms)
}

/// The relays: their list, and a network that hands `perfdhcp` what is meant for them.
struct Relays(TempDir);

impl Relays {
    fn new(racks: u32) -> anyhow::Result<Self> {
        let relays = Self(TempDir::with_prefix("neco-bench-perfdhcp-")?);
        let list: String = (0..racks).map(|rack| format!("{}\n", relay(rack))).collect();
        fs::write(relays.list(), list)?;
        let (first, last) = (relay(0), relay(racks));
        // Without a table of connections: these are single packets.
        let rules = format!(
            "table ip relays {{ chain replies {{ type filter hook prerouting priority -300; \
             ip daddr {first}-{last} udp dport 67 notrack ip daddr set {OWN}; }}; }}"
        );
        nft(&rules)?;
        Ok(relays)
    }

    fn list(&self) -> PathBuf {
        self.0.path().join("relays")
    }

    /// Asks for more and more until twice in a row not all is given, each time a server that knows nobody.
    async fn figures(&self, peer: Peer<'_>, from: u32) -> anyhow::Result<Figures> {
        let steady = self.ask(peer, STEADY).await?;
        let (mut rate, mut peak, mut short) = (from, 0.0_f64, 0);
        while short < 2 {
            let run = self.ask(peer, rate).await?;
            peak = peak.max(run.rate);
            short = if run.rate < f64::from(rate) * 0.85 {
                short + 1
            } else {
                0
            };
            rate = rate / 2 * 3;
        }
        Ok(Figures { peak, steady })
    }

    async fn ask(&self, peer: Peer<'_>, rate: u32) -> anyhow::Result<Run> {
        match peer {
            Peer::Sabakan(programs) => {
                let site = Site::start(programs).await?;
                let (_server, address) = serve(&site).await?;
                self.run(address, rate).await
            }
            Peer::Kea => {
                let kea = Kea::start(PLAN.racks).await?;
                self.run(kea.address, rate).await
            }
        }
    }

    async fn run(&self, server: SocketAddrV4, rate: u32) -> anyhow::Result<Run> {
        ready(server).await?;
        let clients = CLIENTS.min(rate.saturating_mul(SECONDS)).to_string();
        let mut command = Command::new("perfdhcp");
        command.args(["-4", "-l", "lo", "-L", "67", "-R", &clients, "-n", &clients]);
        command.args(["-r", &rate.to_string(), "-N", &server.port().to_string()]);
        command.arg("-J").arg(self.list());
        command.args(["-W", &format!("{:.0}", AFTER * 1e6), &server.ip().to_string()]);
        let output = command
            .output()
            .await
            .context("perfdhcp is missing: install the packages that `make bench` names")?;
        let said = String::from_utf8_lossy(&output.stdout);
        // It ends with 3 where an exchange was not completed, which is what is measured.
        ensure!(matches!(output.status.code(), Some(0 | 3)), "perfdhcp: {said}");
        Run::read(&said).with_context(|| format!("perfdhcp said: {said}"))
    }
}

impl Drop for Relays {
    fn drop(&mut self) {
        // The network goes with the process.
        let _ = nft("delete table ip relays");
    }
}

fn nft(rules: &str) -> anyhow::Result<()> {
    let done = std::process::Command::new("nft").arg(rules).output();
    let done = done.context("nft is missing: install the packages that `make bench` names")?;
    ensure!(
        done.status.success(),
        "nft {rules}: {}",
        String::from_utf8_lossy(&done.stderr)
    );
    Ok(())
}

impl Run {
    /// Reads its report. Its rate counts the time that it waits at the end.
    fn read(said: &str) -> Option<Self> {
        let (head, rest) = said.split_once("***Statistics for: DISCOVER-OFFER***")?;
        let (discover, request) = rest.split_once("***Statistics for: REQUEST-ACK***")?;
        let acks = figure(request, "received packets: ")?;
        let took = acks / figure(head, "Rate: ")?;
        Some(Self {
            discovers: figure(discover, "sent packets: ")?,
            offer_mean_ms: figure(discover, "avg delay: ").unwrap_or(f64::NAN),
            rate: if acks > 0.0 { acks / (took - AFTER) } else { 0.0 },
            acks,
        })
    }
}

/// The number after a word.
fn figure(text: &str, word: &str) -> Option<f64> {
    text.lines()
        .filter_map(|line| line.strip_prefix(word))
        .find_map(|rest| rest.split_whitespace().next()?.parse().ok())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    const SAID: &str = "***Rate statistics***
Rate: 750 4-way exchanges/second, expected rate: 1000

***Statistics for: DISCOVER-OFFER***
sent packets: 8001
received packets: 6638
avg delay: 17.657 ms
***Statistics for: REQUEST-ACK***
sent packets: 6638
received packets: 6000
avg delay: 10.680 ms
";

    #[test]
    #[allow(clippy::float_cmp, reason = "numbers that are exact")]
    fn its_report_is_read() {
        let run = Run::read(SAID).unwrap();
        assert_eq!((run.discovers, run.acks, run.offer_mean_ms), (8001.0, 6000.0, 17.657));
        // 6,000 in 7.5 seconds.
        assert_eq!(run.rate, 800.0);
        assert!(Run::read("nothing").is_none());
    }
}
