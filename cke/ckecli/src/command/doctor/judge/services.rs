//! What runs beside the cluster: the leader, what is stored, Vault.

use super::super::finding::Finding;
use super::super::sight::{Answer, LeaderSight, StoredSight, VaultSight};
use jiff::Timestamp;

/// A leader looks at the cluster once a minute unless it is told otherwise; steps have deadlines of ten minutes.
const PATIENCE: i64 = 15 * 60;

/// More than this, and the clock of who wrote it is ahead of ours.
const AHEAD: i64 = 5;

/// Authorities are made for a hundred years: one that ends within a year has to be replaced with care.
const AUTHORITY_DAYS: i64 = 365;

const DAY: i64 = 24 * 60 * 60;

pub(super) fn leader(seen: &LeaderSight, now: Timestamp) -> Finding {
    const WHAT: &str = "leader";
    let Some(name) = &seen.name else {
        return Finding::bad(
            WHAT,
            "",
            "nobody leads",
            "start cke on a boot server, or look at its log",
        );
    };
    let Some((phase, read_at)) = &seen.status else {
        let advice = "look at its log if that stays";
        return Finding::warning(WHAT, name, "leads and has no status yet", advice);
    };
    let age = |at: &Timestamp| now.as_second() - at.as_second();
    let words = format!("phase {phase}, {} s ago", age(read_at));
    if age(read_at) < -AHEAD {
        let advice = "the clocks of boot servers differ: look at their time service";
        return Finding::warning(WHAT, name, words, advice);
    }
    let (words, age) = match &seen.step {
        Some((step, since)) => (format!("{words}; at {step} for {} s", age(since)), age(since)),
        None => (words, age(read_at)),
    };
    if age > PATIENCE {
        let advice = "it is stuck: look at its log; end it, and another server leads";
        return Finding::bad(WHAT, name, words, advice);
    }
    Finding::good(WHAT, name, words)
}

pub(super) fn stored(seen: &StoredSight) -> Vec<Finding> {
    let unreadable = seen.unreadable.iter();
    let unreadable =
        unreadable.map(|(key, why)| Finding::bad("key in etcd", key, why, "set it again, or delete the key"));
    let mut findings: Vec<_> = unreadable.collect();
    findings.push(match &seen.cluster {
        None => Finding::warning(
            "declaration",
            "",
            "no cluster is declared",
            "run `ckecli cluster set`, or set up sabakan",
        ),
        Some(Ok(nodes)) => Finding::good("declaration", "", format!("{nodes} nodes")),
        Some(Err(error)) => Finding::bad("declaration", "", error, "mend it with `ckecli cluster set`"),
    });
    if let Some(freeze) = &seen.frozen {
        let words = format!("frozen by {} since {}: {}", freeze.by, freeze.since, freeze.why);
        findings.push(Finding::warning("brake", "", words, "`ckecli thaw` lets CKE go on"));
    }
    findings
}

pub(super) fn vault(seen: &Answer<VaultSight>, now: Timestamp) -> Vec<Finding> {
    let seen = match seen {
        Ok(seen) => seen,
        Err(error) => {
            let advice = "is Vault running, unsealed, and configured?";
            return vec![Finding::bad("vault", "", error, advice)];
        }
    };
    let mut findings = vec![Finding::good("vault", &seen.url, "lets CKE in")];
    findings.extend(seen.authorities.iter().map(|(name, end)| authority(name, end, now)));
    match &seen.ssh_keys {
        None => {}
        Some(Ok(true)) => findings.push(Finding::good("ssh keys", "", "there are some")),
        Some(Ok(false)) => findings.push(Finding::bad(
            "ssh keys",
            "",
            "there is none",
            "run `ckecli vault ssh-privkey`",
        )),
        Some(Err(error)) => findings.push(Finding::bad("ssh keys", "", error, "look at Vault")),
    }
    if let Some(error) = &seen.no_encryption_key {
        findings.push(Finding::bad("encryption key", "", error, "run `ckecli vault enckey`"));
    }
    findings
}

fn authority(name: &str, end: &Answer<Timestamp>, now: Timestamp) -> Finding {
    const WHAT: &str = "authority";
    let end = match end {
        Ok(end) => end,
        Err(error) => return Finding::bad(WHAT, name, error, "run `ckecli vault init`, or `ckecli ca set`"),
    };
    let left = end.as_second() - now.as_second();
    let days = left / DAY;
    match left {
        left if left <= 0 => Finding::bad(
            WHAT,
            name,
            format!("ended {} days ago", -days),
            "make a new authority in Vault",
        ),
        _ if days < AUTHORITY_DAYS => {
            Finding::warning(WHAT, name, format!("ends in {days} days"), "plan for a new authority")
        }
        _ => Finding::good(WHAT, name, format!("ends in {days} days")),
    }
}
