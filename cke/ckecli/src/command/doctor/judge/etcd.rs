//! The cluster's etcd: who is down, who lags, who complains, who is full, and how much more may be lost.

use super::super::finding::Finding;
use super::super::sight::{Answer, EtcdSight};
use cke_etcd::MemberState;
use std::collections::{BTreeMap, BTreeSet};

const WHAT: &str = "etcd member";

/// Entries behind the furthest member that are no matter of the moment in which each was asked.
const LAG: u64 = 1_000;

/// Percent of the quota from which on somebody should make room: at 100 etcd takes no more writes.
const FULL: u64 = 80;

/// What etcd takes where it does not say.
const DEFAULT_QUOTA: u64 = 2 << 30;

const MIB: u64 = 1 << 20;

pub(super) fn judge(seen: &EtcdSight) -> Vec<Finding> {
    let answering = seen.states.values().flatten().count();
    let members = match &seen.members {
        None => return Vec::new(),
        Some(Ok(members)) => members,
        Some(Err(error)) => return vec![without_majority(error, answering, seen)],
    };
    let mut findings = strangers(members, &seen.declared);
    let furthest = seen
        .states
        .values()
        .flatten()
        .map(|state| state.applied)
        .max()
        .unwrap_or(0);
    for name in members {
        match seen.states.get(name) {
            Some(Ok(state)) => findings.extend(member(name, state, furthest)),
            Some(Err(error)) => findings.push(down(name, error)),
            None => findings.push(down(name, "was not asked")),
        }
    }
    findings.extend(complaints(&seen.states));
    findings.push(redundancy(members, &seen.states));
    findings
}

fn without_majority(error: &str, answering: usize, seen: &EtcdSight) -> Finding {
    let words = format!(
        "no majority of its members serves ({answering} of {} answer): {error}",
        seen.states.len()
    );
    let advice = "see `docker logs etcd` on the control planes and `ckecli explain`; where the data of most is gone, `ckecli etcd restore`";
    Finding::bad("etcd", "", words, advice)
}

fn down(name: &str, error: &str) -> Finding {
    let advice =
        "see `docker logs etcd` there; CKE starts it where it is stopped, and replaces it where its data is gone";
    Finding::bad(WHAT, name, error, advice)
}

/// Members that are none, and those that should be.
fn strangers(members: &BTreeSet<String>, declared: &BTreeSet<String>) -> Vec<Finding> {
    let missing = declared.difference(members);
    let missing = missing.map(|name| {
        Finding::warning(
            WHAT,
            name,
            "is no member yet",
            "`ckecli explain` says what CKE waits for",
        )
    });
    let strange = members.difference(declared);
    let strange = strange.map(|name| {
        Finding::warning(
            WHAT,
            name,
            "is a member and no control plane",
            "`ckecli explain` says what CKE waits for",
        )
    });
    missing.chain(strange).collect()
}

fn member(name: &str, state: &MemberState, furthest: u64) -> Vec<Finding> {
    let mut findings = Vec::new();
    if state.leader == 0 {
        let advice = "look at the network between control planes, and at `docker logs etcd` there";
        findings.push(Finding::bad(WHAT, name, "knows no leader", advice));
    }
    if state.learner {
        let advice = "CKE makes it a voter when it has caught up: look again, then at `docker logs etcd` there";
        findings.push(Finding::warning(WHAT, name, "is a learner", advice));
    }
    let lag = furthest.saturating_sub(state.applied);
    if lag > LAG {
        let advice = "look at the disk and the network of that node";
        findings.push(Finding::warning(
            WHAT,
            name,
            format!("lags {lag} entries behind"),
            advice,
        ));
    }
    findings.extend(room(name, state));
    if findings.is_empty() {
        let words = format!("etcd {}, {} MiB", state.version, state.db_size / MIB);
        findings.push(Finding::good(WHAT, name, words));
    }
    findings
}

fn room(name: &str, state: &MemberState) -> Option<Finding> {
    let quota = if state.quota == 0 { DEFAULT_QUOTA } else { state.quota };
    let full = state.db_size.saturating_mul(100) / quota;
    if full < FULL {
        return None;
    }
    let words = format!(
        "its file has {} of {} MiB, {} MiB are in use",
        state.db_size / MIB,
        quota / MIB,
        state.db_used / MIB
    );
    let advice = "make room with `etcdctl defrag`, or raise --quota-backend-bytes in options.etcd.extra_args";
    Some(Finding::warning(WHAT, name, words, advice))
}

/// Every member tells the alarms of all: each is told once.
fn complaints(states: &BTreeMap<String, Answer<MemberState>>) -> Vec<Finding> {
    let said: BTreeSet<&str> = states
        .values()
        .flatten()
        .flat_map(|state| &state.complaints)
        .map(|words| words.trim())
        .collect();
    let told = said.into_iter().map(|words| {
        let whose = states.iter().find(|(_, state)| {
            let id = state.as_ref().map_or(0, |state| state.id);
            id != 0 && words.contains(&format!("memberID:{id} "))
        });
        let place = whose.map_or("", |(name, _)| name.as_str());
        Finding::bad(WHAT, place, words, advice_for(words))
    });
    told.collect()
}

fn advice_for(complaint: &str) -> &'static str {
    if complaint.contains("NOSPACE") {
        "it takes no writes: compact, `etcdctl defrag` each member, `etcdctl alarm disarm`; or raise --quota-backend-bytes"
    } else if complaint.contains("CORRUPT") {
        "its data differs from the others': keep a backup, then remove its container and volume, and CKE adds it anew"
    } else {
        "see `docker logs etcd` on the control planes"
    }
}

/// How many more may be lost.
fn redundancy(members: &BTreeSet<String>, states: &BTreeMap<String, Answer<MemberState>>) -> Finding {
    let answers = |name: &&String| matches!(states.get(*name), Some(Ok(_)));
    let (all, up) = (members.len(), members.iter().filter(answers).count());
    let needed = all / 2 + 1;
    let words = format!("{up} of {all} members answer");
    match up.saturating_sub(needed) {
        0 if all > 1 => Finding::warning(
            "etcd",
            "",
            format!("{words}: it serves no more when another is lost"),
            "bring the others back before anything else; `ckecli etcd local-backup` keeps what there is",
        ),
        _ => Finding::good("etcd", "", words),
    }
}
