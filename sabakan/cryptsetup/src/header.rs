//! The header at the head of an encrypted disk: 2 MiB, of which the first 400 bytes say something.
//!
//! | offset | length | version 3 |
//! |---|---|---|
//! | 0 | 20 | `\x80sabakan-cryptsetup3` |
//! | 20 | 1 | key size in bytes |
//! | 21 | 1 | TPM version: 0 none, 1 TPM 1.2, 2 TPM 2.0 |
//! | 22 | 1 | length of the cipher's name |
//! | 23 | 105 | the cipher's name |
//! | 128 | 16 | identifier of the key |
//! | 144 | key size | the share of the key that lies on the disk |
//!
//! Version 2 has no TPM byte: the cipher's length is at 21, its name at 22. Everything else is filled with 0x88. All that matters lies
//! in the first sector, so that a header appears, changes and goes in one atomic write.

use thiserror::Error;
use zeroize::Zeroizing;

use crate::key_id::KeyId;
use crate::secret::Secret;

/// Bytes before the encrypted data.
pub const HEADER_SIZE: usize = 2 * 1024 * 1024;
/// Bytes that hold all that a header says; a disk writes as many at once or not at all.
pub const SECTOR: usize = 512;
/// The longest key: its size is one byte.
pub const LONGEST_KEY: usize = 255;
/// The longest name of a cipher.
pub const LONGEST_CIPHER: usize = 105;

const MAGIC_2: &[u8; 20] = b"\x80sabakan-cryptsetup2";
const MAGIC_3: &[u8; 20] = b"\x80sabakan-cryptsetup3";
const FILL: u8 = 0x88;
const ID: usize = 128;
const SHARE: usize = 144;

/// Which TPM holds a share of the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(into = "u8")]
pub struct TpmVersion(pub u8);

impl TpmVersion {
    /// No TPM.
    pub const NONE: Self = Self(0);
    /// TPM 2.0.
    pub const TPM2: Self = Self(2);
}

impl From<TpmVersion> for u8 {
    fn from(version: TpmVersion) -> Self {
        version.0
    }
}

/// What a header says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// dm-crypt's name of the cipher, as `aes-xts-plain64`.
    pub cipher: String,
    /// Identifier of the key at sabakan.
    pub id: KeyId,
    /// The share of the key that lies on the disk; as long as the key.
    pub share: Secret,
    /// Which TPM holds a share.
    pub tpm: TpmVersion,
}

/// What the head of a disk is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// No header of ours.
    None,
    /// A header of version 3.
    V3(Header),
    /// A header of version 2, as the header that it is converted to.
    V2(Header),
}

/// A header that has the magic bytes and yet makes no sense.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum HeaderError {
    /// The disk ends before the header does.
    #[error("the disk is too short for a header: {0} bytes")]
    TooShort(usize),
    /// A key of no bytes.
    #[error("the header's key size is 0")]
    NoKey,
    /// The name's length is out of range.
    #[error("the header's cipher name has {0} bytes, and 1 to {LONGEST_CIPHER} are possible")]
    CipherLength(usize),
    /// The name is no name.
    #[error("the header's cipher name is not plain text")]
    Cipher,
}

/// Reads the head of a disk, of which the first [`SECTOR`] bytes are enough.
///
/// # Errors
/// When there is a header and it is damaged.
pub fn parse(head: &[u8]) -> Result<Found, HeaderError> {
    let Some(sector) = head.get(..SECTOR) else {
        return Err(HeaderError::TooShort(head.len()));
    };
    if sector.starts_with(MAGIC_3) {
        Ok(Found::V3(fields(sector, TpmVersion(sector[21]), 22)?))
    } else if sector.starts_with(MAGIC_2) {
        Ok(Found::V2(fields(sector, TpmVersion::NONE, 21)?))
    } else {
        Ok(Found::None)
    }
}

fn fields(sector: &[u8], tpm: TpmVersion, cipher_at: usize) -> Result<Header, HeaderError> {
    let key_size = usize::from(sector[20]);
    if key_size == 0 {
        return Err(HeaderError::NoKey);
    }
    let length = usize::from(sector[cipher_at]);
    if length == 0 || length > LONGEST_CIPHER {
        return Err(HeaderError::CipherLength(length));
    }
    let name = &sector[cipher_at + 1..=cipher_at + length];
    if !is_cipher(name) {
        return Err(HeaderError::Cipher);
    }
    let mut id = [0; 16];
    id.copy_from_slice(&sector[ID..SHARE]);
    Ok(Header {
        cipher: String::from_utf8_lossy(name).into_owned(),
        id: KeyId(id),
        share: Secret::new(sector[SHARE..SHARE + key_size].to_vec()),
        tpm,
    })
}

/// Whether a name can be a cipher's: printable ASCII without spaces.
#[must_use]
pub fn is_cipher(name: &[u8]) -> bool {
    !name.is_empty() && name.len() <= LONGEST_CIPHER && name.iter().all(u8::is_ascii_graphic)
}

impl Header {
    /// The header's bytes on the disk, all [`HEADER_SIZE`] of them, in version 3. None when a field is too long.
    #[must_use]
    pub fn encode(&self) -> Option<Zeroizing<Vec<u8>>> {
        if !is_cipher(self.cipher.as_bytes()) {
            return None;
        }
        let key_size = u8::try_from(self.share.len()).ok()?;
        let cipher_length = u8::try_from(self.cipher.len()).ok()?;
        let mut bytes = Zeroizing::new(vec![FILL; HEADER_SIZE]);
        bytes[..20].copy_from_slice(MAGIC_3);
        bytes[20] = key_size;
        bytes[21] = self.tpm.0;
        bytes[22] = cipher_length;
        bytes[23..23 + self.cipher.len()].copy_from_slice(self.cipher.as_bytes());
        bytes[ID..SHARE].copy_from_slice(&self.id.0);
        bytes[SHARE..SHARE + self.share.len()].copy_from_slice(self.share.expose());
        Some(bytes)
    }

    /// The disk's key from the share in the header, sabakan's and, where there is one, the TPM's. The same sum makes sabakan's share
    /// from the key. None when a share is too short.
    #[must_use]
    pub fn combine(&self, other: &Secret, tpm: Option<&Secret>) -> Option<Secret> {
        if other.len() != self.share.len() {
            return None;
        }
        let sum = self.share.xor(other)?;
        tpm.map_or(Some(sum.clone()), |tpm| sum.xor(tpm))
    }
}

#[cfg(test)]
mod tests;
