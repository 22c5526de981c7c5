//! The moment in a handshake when the node shows its host key.

use crate::host_key::{Pinned, Policy, Verdict, judge};
use jiff::Timestamp;
use parking_lot::Mutex;
use russh::keys::{HashAlg, PublicKey, PublicKeyOrCertificate};
use std::sync::Arc;

/// What is known about a node before it shows its key.
#[derive(Debug, Clone)]
pub(super) struct Knowledge {
    pub(super) pinned: Option<Pinned>,
    pub(super) last_boot: Option<Timestamp>,
    pub(super) policy: Policy,
}

/// The key that a node showed, and what was decided.
#[derive(Debug, Clone)]
pub(super) struct Shown {
    /// As in `known_hosts`.
    pub(super) key: String,
    pub(super) finger_print: String,
    pub(super) verdict: Verdict,
}

/// Lets a handshake go on, or not.
pub(super) struct Gate {
    knowledge: Knowledge,
    shown: Arc<Mutex<Option<Shown>>>,
}

impl Gate {
    /// A gate, and the place where it leaves what it saw.
    pub(super) fn new(knowledge: Knowledge) -> (Self, Arc<Mutex<Option<Shown>>>) {
        let shown = Arc::default();
        let gate = Gate {
            knowledge,
            shown: Arc::clone(&shown),
        };
        (gate, shown)
    }

    fn look(&self, key: &PublicKey) -> Option<Verdict> {
        let text = key.to_openssh().ok()?;
        if let Some(before) = self.shown.lock().as_ref() {
            // Keys are exchanged again on a connection that lives long: the host key must stay.
            return Some(if before.key == text {
                before.verdict
            } else {
                Verdict::RefuseChanged
            });
        }
        let known = &self.knowledge;
        let verdict = judge(&text, known.pinned.as_ref(), known.last_boot, known.policy);
        *self.shown.lock() = Some(Shown {
            key: text,
            finger_print: key.fingerprint(HashAlg::Sha256).to_string(),
            verdict,
        });
        Some(verdict)
    }
}

impl russh::client::Handler for Gate {
    type Error = russh::Error;

    async fn check_server_key(&mut self, offered: &PublicKeyOrCertificate) -> Result<bool, Self::Error> {
        let verdict = self.look(&offered.public_key());
        Ok(matches!(
            verdict,
            Some(Verdict::Known | Verdict::Pin | Verdict::Replace)
        ))
    }
}

/// The finger print of a key written as in `known_hosts`, or the text itself where it is none.
pub(super) fn finger_print(key: &str) -> String {
    PublicKey::from_openssh(key).map_or_else(|_| key.to_owned(), |key| key.fingerprint(HashAlg::Sha256).to_string())
}
