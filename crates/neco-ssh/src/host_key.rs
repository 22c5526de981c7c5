//! Which host key a node may show: pinned at first contact, changed once after each boot that somebody saw.
//!
//! Nodes that boot over the network keep no host keys: each boot makes new ones. A changed key is therefore accepted when a
//! boot is known that came after the pinned key was last accepted, and only once for that boot; without such a boot it is an alert.
//! What is known of boots, and where pinned keys are kept, is the caller's ([`HostKeyStore`]); [`judge`] is pure.

mod store;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use store::{Answer, HostKeyStore, MemoryStore};

/// A host key that a node has shown, and that it has to show again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pinned {
    /// As in `known_hosts`, without the name: `ssh-ed25519 AAAA...`.
    pub key: String,
    /// When it was accepted; boots before that explain no other key.
    pub at: Timestamp,
}

/// How careful to be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Policy {
    /// Takes the first key, and a changed one once after a boot.
    #[default]
    AfterBoot,
    /// Takes pinned keys only: they are brought there by other ways.
    Strict,
    /// Takes every key, like CKE until 1.35: for sites where machines are made anew unseen.
    Any,
}

/// What to do with a key that a node shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is the pinned one.
    Known,
    /// Take it, and pin it.
    Pin,
    /// Take it instead of the pinned one, and pin it.
    Replace,
    /// No key is pinned, and none is taken for that reason.
    RefuseUnknown,
    /// It is not the pinned one.
    RefuseChanged,
}

/// Decides about the key that a node shows. `last_boot` is when the node was last seen to boot, or was told to.
#[must_use]
pub fn judge(offered: &str, pinned: Option<&Pinned>, last_boot: Option<Timestamp>, policy: Policy) -> Verdict {
    let Some(pinned) = pinned else {
        return if policy == Policy::Strict {
            Verdict::RefuseUnknown
        } else {
            Verdict::Pin
        };
    };
    let booted_since = last_boot.is_some_and(|boot| boot > pinned.at);
    match policy {
        _ if pinned.key == offered => Verdict::Known,
        Policy::Any => Verdict::Replace,
        Policy::AfterBoot if booted_since => Verdict::Replace,
        Policy::AfterBoot | Policy::Strict => Verdict::RefuseChanged,
    }
}

/// The record to keep of a key accepted `now`. A boot dated later than our own clock is used up as well.
#[must_use]
pub fn pin(offered: &str, last_boot: Option<Timestamp>, now: Timestamp) -> Pinned {
    Pinned {
        key: offered.to_owned(),
        at: last_boot.map_or(now, |boot| boot.max(now)),
    }
}

#[cfg(test)]
mod tests;
