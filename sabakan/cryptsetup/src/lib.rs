//! Full disk encryption of a machine, set up by itself at each boot.
//!
//! `sabakan-cryptsetup` finds the disks of the machine that it runs on and opens each as `/dev/mapper/crypt-<name>`. A disk's key is the
//! exclusive or of two or three shares: one in the disk's header, one kept by sabakan, and, where the machine has a TPM 2.0, one in
//! the TPM. None alone says anything about the key.
//!
//! The program formats disks, so it decides first and does then: [`plan::decide`] is a pure function from what was observed to a
//! [`plan::Plan`] with its reason, and `--dry-run` prints the plans. In doubt it refuses: it never formats over a valid header only
//! because a key is missing, nor makes a new key for the TPM because the old one cannot be read.
//!
//! It is *not* a key store and keeps no state: a machine without sabakan has no keys.

mod cli;
mod device;
mod disks;
mod dmcrypt;
mod glob;
mod hardening;
pub mod header;
mod key_id;
mod machine;
pub mod plan;
mod secret;
mod server;
pub mod tpm;

pub use cli::{Options, run};
pub use disks::{Disk, DisksError, find_disks};
pub use glob::BadPattern;
pub use key_id::{KeyId, Verdict};
pub use secret::Secret;
