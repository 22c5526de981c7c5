//! What is to be done next for a journal: pure.

use super::layout::{Header, Phase};
use std::collections::BTreeSet;

/// What etcd holds of a journal, but for its parts.
#[derive(Debug, Clone)]
pub(super) struct Observed {
    pub(super) header: Header,
    /// Numbers of the claims and chunks that are there.
    pub(super) claims: BTreeSet<u32>,
    pub(super) chunks: BTreeSet<u32>,
}

/// The next step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Plan {
    Claim(u32),
    Write(u32),
    Commit,
    /// Its writer is gone before the parts were complete.
    Abandon,
    Unwrite(u32),
    Unclaim(u32),
    /// Everything is taken back.
    Close,
}

/// Forward: claims in order, then chunks in order, then the commit. Back: the other way round.
pub(super) fn decide(seen: &Observed) -> Plan {
    let missing = |count: u32, there: &BTreeSet<u32>| (0..count).find(|n| !there.contains(n));
    match &seen.header.phase {
        Phase::Writing => Plan::Abandon,
        Phase::Forward => match (
            missing(seen.header.claims, &seen.claims),
            missing(seen.header.parts, &seen.chunks),
        ) {
            (Some(n), _) => Plan::Claim(n),
            (None, Some(n)) => Plan::Write(n),
            (None, None) => Plan::Commit,
        },
        Phase::Back { .. } => match (seen.chunks.last(), seen.claims.last()) {
            (Some(n), _) => Plan::Unwrite(*n),
            (None, Some(n)) => Plan::Unclaim(*n),
            (None, None) => Plan::Close,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sabakan_model::GoTime;

    fn observed(phase: Phase) -> Observed {
        let text = String::new;
        let header = Header {
            writer: text(),
            reader: 1,
            opened: GoTime::ZERO,
            phase,
            parts: 3,
            claims: 2,
            ipam_revision: 1,
            user: text(),
            ip: text(),
            host: text(),
            request_id: text(),
        };
        Observed {
            header,
            claims: BTreeSet::new(),
            chunks: BTreeSet::new(),
        }
    }

    /// Runs plans until nothing is left, and says what was done.
    fn run(mut seen: Observed) -> Vec<Plan> {
        let mut done = Vec::new();
        loop {
            let plan = decide(&seen);
            done.push(plan.clone());
            let _ = match plan {
                Plan::Claim(n) => seen.claims.insert(n),
                Plan::Write(n) => seen.chunks.insert(n),
                Plan::Unwrite(n) => seen.chunks.remove(&n),
                Plan::Unclaim(n) => seen.claims.remove(&n),
                Plan::Commit | Plan::Close | Plan::Abandon => return done,
            };
        }
    }

    #[test]
    fn forward_claims_then_writes_then_commits() {
        let want = [
            Plan::Claim(0),
            Plan::Claim(1),
            Plan::Write(0),
            Plan::Write(1),
            Plan::Write(2),
            Plan::Commit,
        ];
        assert_eq!(run(observed(Phase::Forward)), want);
    }

    #[test]
    fn back_takes_back_what_was_done_from_any_point() {
        for done in 0..=5u32 {
            let mut seen = observed(Phase::Back {
                reason: String::new(),
                again: false,
            });
            seen.claims = (0..done.min(2)).collect();
            seen.chunks = (0..done.saturating_sub(2)).collect();
            let plans = run(seen);
            assert_eq!(plans.len(), done as usize + 1);
            assert_eq!(plans.last(), Some(&Plan::Close));
        }
    }

    #[test]
    fn holes_are_filled() {
        let mut seen = observed(Phase::Forward);
        seen.claims = [1].into();
        seen.chunks = [0, 2].into();
        assert_eq!(run(seen), [Plan::Claim(0), Plan::Write(1), Plan::Commit]);
    }

    #[test]
    fn a_journal_without_all_parts_is_abandoned() {
        assert_eq!(run(observed(Phase::Writing)), [Plan::Abandon]);
    }
}
