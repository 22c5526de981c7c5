//! Keys and shares of keys in memory.

use rand::TryRng;
use rand::rngs::SysRng;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// Bytes that nobody shall see: `Debug` hides them, and their memory is cleared when they go.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Secret(Vec<u8>);

impl Secret {
    /// Takes the bytes over.
    #[must_use]
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// As many random bytes from the kernel, which waits until it has gathered enough randomness.
    ///
    /// # Errors
    /// When the kernel gives none.
    pub fn random(length: usize) -> Result<Self, rand::rngs::SysError> {
        let mut bytes = vec![0; length];
        SysRng.try_fill_bytes(&mut bytes)?;
        Ok(Self(bytes))
    }

    /// The bytes, for the one place that must have them.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// How many bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Bitwise exclusive or with the first bytes of `other`; none when `other` is shorter.
    #[must_use]
    pub fn xor(&self, other: &Self) -> Option<Self> {
        let other = other.0.get(..self.0.len())?;
        Some(Self(self.0.iter().zip(other).map(|(a, b)| a ^ b).collect()))
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Secret({} bytes)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::Secret;

    #[test]
    fn debug_hides_the_bytes() {
        assert_eq!(format!("{:?}", Secret::new(b"key".to_vec())), "Secret(3 bytes)");
    }

    #[test]
    fn xor_twice_gives_the_first_back() {
        let key = Secret::random(64).unwrap();
        let share = Secret::random(256).unwrap();
        let mixed = key.xor(&share).unwrap();
        assert_ne!(mixed, key);
        assert_eq!(mixed.xor(&share).unwrap(), key);
        assert!(share.xor(&key).is_none(), "a share must be as long as the key");
    }
}
