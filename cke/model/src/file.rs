//! A file for a node with its bytes in place: what [`crate::operation::NodeFile`] becomes when somebody who may know secrets has
//! resolved it.
//!
//! It is kept apart from operations so that a plan never holds a secret, and it cannot be serialized.

use std::fmt;

use zeroize::Zeroizing;

/// A file to write on a node. `Debug` shows how long it is, never what it holds.
#[derive(Clone, PartialEq, Eq)]
pub struct ResolvedFile {
    /// Absolute path on the node.
    pub path: String,
    /// What it holds; perhaps a private key, so the memory is cleared.
    pub bytes: Zeroizing<Vec<u8>>,
    /// Permission bits, `0o600` for what holds a key.
    pub mode: u32,
    /// Numeric user and group that own it.
    pub owner: u32,
}

impl fmt::Debug for ResolvedFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResolvedFile")
            .field("path", &self.path)
            .field("bytes", &format_args!("({} hidden)", self.bytes.len()))
            .field("mode", &format_args!("{:o}", self.mode))
            .field("owner", &self.owner)
            .finish()
    }
}
