//! Nodes: SSH, docker, containers, clock, disks, certificates, images.

use super::super::finding::Finding;
use super::super::sight::{Answer, CertificateSight, NodeSight};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// Certificates are refused by whose clock is behind by more than Vault backdates them.
const SKEW: u64 = 20;

/// kubelet begins to evict pods at 85 or 90 percent.
const FULL: u32 = 85;

const DAY: i64 = 24 * 60 * 60;

/// Seconds enough to plan for new certificates.
const SOON: i64 = 90 * DAY;

/// Names that the line about good nodes lists.
const LISTED: usize = 5;

type Nodes = BTreeMap<String, Answer<NodeSight>>;

/// What is wrong, node by node, and how many nodes are well.
pub(super) fn all(nodes: &Nodes, now: Timestamp) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut well = Vec::new();
    for (address, answer) in nodes {
        let found = match answer {
            Ok(seen) => judge(address, seen, now),
            Err(error) => vec![Finding::bad("ssh", address, error, "is it up? Try `ckecli ssh`")],
        };
        if found.is_empty() {
            well.push(address.as_str());
        }
        findings.extend(found);
    }
    if !well.is_empty() {
        let more = well.len().saturating_sub(LISTED);
        let mut named = well.iter().take(LISTED).copied().collect::<Vec<_>>().join(", ");
        if more > 0 {
            named = format!("{named} and {more} more");
        }
        let words = format!(
            "{} of {} are well: ssh, docker, clock, disks, certificates, images",
            well.len(),
            nodes.len()
        );
        findings.push(Finding::good("nodes", named, words));
    }
    findings
}

/// Where most nodes agree that our clock is wrong, it is.
pub(super) fn our_clock(nodes: &Nodes) -> Option<Finding> {
    let mut skews: Vec<i64> = nodes.values().flatten().filter_map(|node| node.skew).collect();
    skews.sort_unstable();
    let typical = *skews.get(skews.len() / 2)?;
    if skews.len() < 2 || typical.unsigned_abs() <= SKEW {
        return None;
    }
    let words = format!("most nodes' clocks differ from the one here by {typical} s");
    let advice = "look at the time service of this machine first";
    Some(Finding::bad("clock", "here", words, advice))
}

/// What is wrong with a node that answers.
pub(super) fn judge(address: &str, seen: &NodeSight, now: Timestamp) -> Vec<Finding> {
    let mut findings = Vec::new();
    match seen.skew {
        Some(skew) if skew.unsigned_abs() > SKEW => {
            let words = format!("its clock differs from ours by {skew} s");
            findings.push(Finding::warning(
                "clock",
                address,
                words,
                "look at its time service, and at ours",
            ));
        }
        Some(_) => {}
        None => findings.push(Finding::warning(
            "clock",
            address,
            "cannot be read",
            "log in with `ckecli ssh`",
        )),
    }
    findings.extend(containers(address, seen));
    findings.extend(disks(address, seen));
    findings.extend(
        seen.certificates
            .iter()
            .filter_map(|seen| certificate(address, seen, now)),
    );
    findings
}

/// docker, and what it should run and have.
fn containers(address: &str, seen: &NodeSight) -> Vec<Finding> {
    if seen.docker.is_none() {
        let advice = "log in with `ckecli ssh`; look at `systemctl status docker` and its journal";
        return vec![Finding::bad("docker", address, "does not answer", advice)];
    }
    let mut findings = Vec::new();
    if !seen.stopped.is_empty() {
        let words = format!("not running: {}", seen.stopped.join(", "));
        let advice = "`ckecli explain` with the address says why CKE does not start them; `docker logs` why they ended";
        findings.push(Finding::bad("containers", address, words, advice));
    }
    if !seen.missing_images.is_empty() {
        let words = format!("docker has no {}", seen.missing_images.join(", "));
        let advice =
            "they are pulled when they are needed: see that the registry answers, or `docker pull` them before";
        findings.push(Finding::warning("images", address, words, advice));
    }
    findings
}

fn disks(address: &str, seen: &NodeSight) -> Vec<Finding> {
    let full = seen.disks.iter().filter(|(_, _, used)| *used >= FULL);
    let told = full.map(|(place, kind, used)| {
        let words = format!("{place}: {used} % of its {kind} are used");
        match used {
            100.. => Finding::bad("disk", address, words, "remove what is not needed, now"),
            _ => Finding::warning("disk", address, words, "remove what is not needed"),
        }
    });
    told.collect()
}

/// One that ends soon, but never while more than a third of its life is left: some live for a day.
fn certificate(address: &str, seen: &CertificateSight, now: Timestamp) -> Option<Finding> {
    const WHAT: &str = "certificate";
    let place = format!("{address} {}", seen.path);
    let advice =
        "CKE writes it anew when it starts the component: remove the component's container when the node can spare it";
    let left = seen.ends.as_second() - now.as_second();
    let life = seen.ends.as_second() - seen.begins.as_second();
    if left <= 0 {
        return Some(Finding::bad(WHAT, place, format!("ended at {}", seen.ends), advice));
    }
    let words = format!("ends in {} days, at {}", left / DAY, seen.ends);
    (left <= SOON.min(life / 3)).then(|| Finding::warning(WHAT, place, words, advice))
}
