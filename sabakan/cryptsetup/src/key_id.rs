//! The identifier of a disk's key, which says whether the shares that were brought together are the right ones.
//!
//! The header's format gives 16 bytes for a random identifier and nothing to check a key with: a plain dm-crypt device opens with any
//! key, and shows garbage that the next program formats. The bytes need not be random, only unique, so ours are two hashes:
//!
//! | bytes | what |
//! |---|---|
//! | 0..8 | of the share in the header: says that the identifier was made this way |
//! | 8..16 | of the disk's key: says whether the key is right |
//!
//! Both are of at least 128 random bits, so that they tell nothing about them. An identifier of the original program is random: there
//! the first half does not fit (but once in 2^64), and the verdict is [`Verdict::Unknown`].

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::secret::Secret;

/// Shorter keys get a random identifier: a hash of them could be searched.
const SHORTEST_HASHED: usize = 16;

/// The identifier under which sabakan keeps a disk's share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct KeyId(pub [u8; 16]);

/// Whether the shares make the key that the identifier was made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// They do.
    Right,
    /// They do not: one of the shares belongs to something else.
    Wrong,
    /// The identifier does not tell: the disk was formatted by the original program.
    Unknown,
}

impl KeyId {
    /// The identifier for a new disk with this share in its header and this key.
    ///
    /// # Errors
    /// When the kernel gives no random bytes.
    pub fn new(share: &Secret, key: &Secret) -> Result<Self, rand::rngs::SysError> {
        if share.len() < SHORTEST_HASHED {
            let random = Secret::random(16)?;
            let mut bytes = [0; 16];
            bytes.copy_from_slice(random.expose());
            return Ok(Self(bytes));
        }
        let made = mark(share);
        Ok(join(made, check(&made, key)))
    }

    /// Whether `key` is the key of the disk whose header holds `share`.
    #[must_use]
    pub fn verdict(&self, share: &Secret, key: &Secret) -> Verdict {
        let made = mark(share);
        if share.len() < SHORTEST_HASHED || self.0[..8] != made {
            Verdict::Unknown
        } else if self.0[8..] == check(&made, key) {
            Verdict::Right
        } else {
            Verdict::Wrong
        }
    }
}

/// Hexadecimal, as in sabakan's URLs.
impl std::fmt::Display for KeyId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

fn mark(share: &Secret) -> [u8; 8] {
    hash(b"sabakan-cryptsetup: made with this share", &[], share)
}

fn check(made: &[u8; 8], key: &Secret) -> [u8; 8] {
    hash(b"sabakan-cryptsetup: the key", made, key)
}

fn hash(purpose: &[u8], salt: &[u8], secret: &Secret) -> [u8; 8] {
    let digest = Sha256::new()
        .chain_update(purpose)
        .chain_update(salt)
        .chain_update(secret.expose())
        .finalize();
    let mut half = [0; 8];
    half.copy_from_slice(&digest[..8]);
    half
}

fn join(first: [u8; 8], second: [u8; 8]) -> KeyId {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&first);
    bytes[8..].copy_from_slice(&second);
    KeyId(bytes)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::{KeyId, Verdict};
    use crate::secret::Secret;

    #[test]
    fn an_identifier_knows_its_key() {
        let (share, key) = (Secret::random(64).unwrap(), Secret::random(64).unwrap());
        let id = KeyId::new(&share, &key).unwrap();
        assert_eq!(id.verdict(&share, &key), Verdict::Right);
        assert_eq!(id.verdict(&share, &Secret::random(64).unwrap()), Verdict::Wrong);
    }

    #[test]
    fn a_random_identifier_tells_nothing() {
        let (share, key) = (Secret::random(64).unwrap(), Secret::random(64).unwrap());
        assert_eq!(KeyId(*b"0123456789abcdef").verdict(&share, &key), Verdict::Unknown);
        let short = Secret::random(15).unwrap();
        let id = KeyId::new(&short, &short).unwrap();
        assert_eq!(id.verdict(&short, &short), Verdict::Unknown);
    }

    #[test]
    fn identifiers_differ() {
        let key = Secret::random(64).unwrap();
        let ids: Vec<_> = (0..2)
            .map(|_| KeyId::new(&Secret::random(64).unwrap(), &key).unwrap())
            .collect();
        assert_ne!(ids[0], ids[1]);
        assert_eq!(ids[0].to_string().len(), 32);
    }
}
