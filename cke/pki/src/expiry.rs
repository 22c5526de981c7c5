//! When certificates end, and which of them end soon. Pure: what was read on nodes goes in, names come out.
//!
//! Making certificates anew before they end is an addition, off by default; whoever decides about it asks [`ending_soon`].

#[cfg(test)]
mod tests;

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use x509_parser::pem::parse_x509_pem;

/// A certificate that was seen somewhere.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Seen {
    /// Address of the node.
    pub node: String,
    /// Path of the file there.
    pub path: String,
    /// When it begins to be valid.
    pub begins: Timestamp,
    /// When it ends.
    pub ends: Timestamp,
}

/// A certificate that should be made anew.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Ending {
    /// Which.
    pub seen: Seen,
    /// How long it is still good; zero when it has ended.
    pub left: Duration,
}

/// When to make certificates anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RotationPolicy {
    /// Nothing is made anew unless this is set.
    pub enabled: bool,
    /// The time before its end at which a certificate is due.
    pub before: Duration,
}

impl Default for RotationPolicy {
    /// Off; with ninety days, should somebody switch it on.
    fn default() -> RotationPolicy {
        RotationPolicy {
            enabled: false,
            before: Duration::from_secs(90 * 24 * 3600),
        }
    }
}

/// The certificates that end within `before`, but never while more than a third of their life is left: else one with a short
/// life would be made anew all the time. The next to end comes first.
#[must_use]
pub fn ending_soon(seen: &[Seen], before: Duration, now: Timestamp) -> Vec<Ending> {
    let mut ending: Vec<Ending> = seen.iter().filter_map(|s| judge(s, before, now)).collect();
    ending.sort_by(|a, b| a.left.cmp(&b.left).then_with(|| a.seen.cmp(&b.seen)));
    ending
}

fn judge(seen: &Seen, before: Duration, now: Timestamp) -> Option<Ending> {
    let left = between(now, seen.ends);
    let life = between(seen.begins, seen.ends);
    (left <= before.min(life / 3)).then(|| Ending {
        seen: seen.clone(),
        left,
    })
}

/// Zero where `to` is not after `from`.
fn between(from: Timestamp, to: Timestamp) -> Duration {
    Duration::try_from(to.duration_since(from)).unwrap_or_default()
}

/// Reads a certificate that was found in a file; none where the text holds none.
#[must_use]
pub fn seen_in(node: &str, path: &str, pem: &str) -> Option<Seen> {
    let (begins, ends) = validity(pem).ok()?;
    Some(Seen {
        node: node.to_owned(),
        path: path.to_owned(),
        begins,
        ends,
    })
}

/// When the certificate in this PEM ends; else what is wrong with the PEM.
pub(crate) fn end_of(pem: &str) -> Result<Timestamp, String> {
    validity(pem).map(|(_, ends)| ends)
}

fn validity(pem: &str) -> Result<(Timestamp, Timestamp), String> {
    let (_, block) = parse_x509_pem(pem.as_bytes()).map_err(|_| "invalid PEM data".to_owned())?;
    let certificate = block.parse_x509().map_err(|e| format!("invalid certificate: {e}"))?;
    let at = |time: x509_parser::time::ASN1Time| Timestamp::from_second(time.timestamp()).map_err(|e| e.to_string());
    let validity = certificate.validity();
    Ok((at(validity.not_before)?, at(validity.not_after)?))
}
