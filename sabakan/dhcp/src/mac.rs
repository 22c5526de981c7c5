//! The key of a lease: a client's hardware address (`chaddr`).
//!
//! One machine speaks as firmware, as iPXE and as Linux, with a client identifier of its own each time.
//! Only its hardware address stays the same, so option 61 plays no part here.

use std::fmt;

/// A hardware address of 1 to 16 octets, as `chaddr` and `hlen` carry it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Mac {
    octets: [u8; 16],
    len: u8,
}

impl Mac {
    /// Takes 1 to 16 octets; anything else is `None`.
    #[must_use]
    pub fn new(octets: &[u8]) -> Option<Mac> {
        let len = u8::try_from(octets.len()).ok().filter(|len| (1..=16).contains(len))?;
        let mut all = [0; 16];
        all.get_mut(..octets.len())?.copy_from_slice(octets);
        Some(Mac { octets: all, len })
    }

    /// The address that stands in a range's map for a declined one: it keeps the address taken, and no client
    /// may speak with it (the group bit is set). The shape is the stored format's.
    #[must_use]
    pub fn parked(index: u32) -> Mac {
        let [a, b, c, d] = index.to_be_bytes();
        let mut octets = [0; 16];
        octets[..6].copy_from_slice(&[0xff, 0, a, b, c, d]);
        Mac { octets, len: 6 }
    }

    /// The octets in use.
    #[must_use]
    pub fn octets(&self) -> &[u8] {
        &self.octets[..usize::from(self.len)]
    }

    /// Whether a client can own this address: not all zero, and not a group's.
    #[must_use]
    pub fn is_unicast(&self) -> bool {
        self.octets[0] & 1 == 0 && self.octets().iter().any(|octet| *octet != 0)
    }
}

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, octet) in self.octets().iter().enumerate() {
            if n > 0 {
                f.write_str(":")?;
            }
            write!(f, "{octet:02x}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
