//! The share of the key that lies in a TPM 2.0: random bytes in an NV index that the owner may read and write.
//!
//! All disks of a machine use the first bytes of the same 256. The index is made once: *there is no such index* is a definite answer of
//! the TPM, and so is *it was never written* (power went between the two commands). Any other error says nothing about the key, which
//! then stays as it is.

mod wire;

use std::io::{Read, Write};
use std::path::Path;
use std::time::Duration;

use thiserror::Error;
use tpm2_protocol::data::TpmaNv;

use crate::secret::Secret;

/// The NV index, as the original has it.
pub const NV_INDEX: u32 = 0x0100_0000;
/// Bytes of the key in a TPM; a disk uses as many as its own key has.
pub const KEY_LENGTH: usize = 256;
/// How often a command that the TPM puts off is sent again.
const RETRIES: u32 = 20;

/// What is in the TPM.
#[derive(Debug)]
pub enum Share {
    /// The device speaks TPM 1.2, which is not supported.
    NotTpm2,
    /// No key was ever stored.
    Empty {
        /// Whether the index is there, unwritten.
        defined: bool,
    },
    /// The key.
    Key(Secret),
}

/// Why the TPM's key could not be read or made.
#[derive(Debug, Error)]
pub enum TpmError {
    /// The device cannot be opened, or a command not be sent.
    #[error("TPM: {operation}")]
    Io {
        /// What was tried.
        operation: &'static str,
        /// Why it failed.
        #[source]
        source: std::io::Error,
    },
    /// The TPM refused a command.
    #[error("TPM: {operation} failed with 0x{code:03x}")]
    Refused {
        /// The command.
        operation: &'static str,
        /// TPM_RC, from part 2 of the TPM 2.0 library specification.
        code: u32,
    },
    /// An answer that makes no sense.
    #[error("TPM: the answer to {operation} is malformed")]
    Malformed {
        /// The command.
        operation: &'static str,
    },
    /// The index belongs to something else.
    #[error("TPM: index 0x{NV_INDEX:08x} is there and is not ours: {why}")]
    Foreign {
        /// What is different.
        why: &'static str,
    },
    /// What was written is not what is read.
    #[error("TPM: the key that was stored is not the key that is read")]
    Changed,
    /// The kernel gave no random bytes.
    #[error("no random bytes for a TPM key")]
    Random(#[source] rand::rngs::SysError),
}

/// A TPM behind its device file (or a socket, in tests).
#[derive(Debug)]
pub struct Tpm<D> {
    device: D,
}

impl Tpm<std::fs::File> {
    /// Opens the TPM's device; none when there is no such device.
    ///
    /// # Errors
    /// When the device is there and cannot be opened.
    pub fn open(path: &Path) -> Result<Option<Self>, TpmError> {
        match std::fs::OpenOptions::new().read(true).write(true).open(path) {
            Ok(device) => Ok(Some(Self { device })),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(TpmError::Io {
                operation: "opening the device",
                source,
            }),
        }
    }
}

impl<D: Read + Write> Tpm<D> {
    /// A TPM that is spoken to over `device`.
    pub fn new(device: D) -> Self {
        Self { device }
    }

    /// Reads the key.
    ///
    /// # Errors
    /// Whenever the TPM does not say clearly that there is a key or that there never was one.
    pub fn share(&mut self) -> Result<Share, TpmError> {
        let index = match self.call(&wire::read_public()?) {
            Ok(answer) => wire::parse_public(&answer)?,
            Err(error) if wire::is_tpm12(&error) => return Ok(Share::NotTpm2),
            Err(error) if wire::is_no_index(&error) => return Ok(Share::Empty { defined: false }),
            Err(error) => return Err(error),
        };
        if !index.attributes.contains(TpmaNv::WRITTEN) {
            return Ok(Share::Empty { defined: true });
        }
        let answer = self.call(&wire::read(index.size)?)?;
        wire::parse_read(&answer, index.size).map(Share::Key)
    }

    /// Makes a key where there is none, and reads it back.
    ///
    /// # Errors
    /// When a command fails. A key that is there is never overwritten: the caller has just seen [`Share::Empty`], and defining an
    /// index twice is an error.
    pub fn make_share(&mut self, defined: bool) -> Result<Secret, TpmError> {
        if defined {
            self.check_unwritten()?;
        } else {
            self.call(&wire::define()?)?;
        }
        let key = Secret::random(KEY_LENGTH).map_err(TpmError::Random)?;
        self.call(&wire::write(&key)?)?;
        match self.share()? {
            Share::Key(read) if read == key => Ok(key),
            _ => Err(TpmError::Changed),
        }
    }

    fn check_unwritten(&mut self) -> Result<(), TpmError> {
        let index = wire::parse_public(&self.call(&wire::read_public()?)?)?;
        if index.attributes.contains(TpmaNv::WRITTEN) {
            return Err(TpmError::Foreign {
                why: "it was written meanwhile",
            });
        }
        if !index.attributes.contains(TpmaNv::OWNERWRITE) || usize::from(index.size) != KEY_LENGTH {
            return Err(TpmError::Foreign {
                why: "it has other attributes",
            });
        }
        Ok(())
    }

    /// Sends a command, again while the TPM asks for it, and gives the whole answer.
    fn call(&mut self, command: &wire::Command) -> Result<wire::Bytes, TpmError> {
        let mut tries = 0;
        loop {
            let answer = self.exchange(command)?;
            match wire::check(command.operation, &answer) {
                Err(TpmError::Refused { code, .. }) if wire::is_put_off(code) && tries < RETRIES => {
                    tries += 1;
                    std::thread::sleep(Duration::from_millis(50) * tries);
                }
                Err(error) => return Err(error),
                Ok(()) => return Ok(answer),
            }
        }
    }

    /// The kernel's device takes one command in one write and gives the answer in one read; a socket may give it in parts.
    fn exchange(&mut self, command: &wire::Command) -> Result<wire::Bytes, TpmError> {
        let failed = |source| TpmError::Io {
            operation: command.operation,
            source,
        };
        self.device.write_all(&command.bytes).map_err(failed)?;
        self.device.flush().map_err(failed)?;
        let mut answer = wire::Bytes::new(vec![0; wire::LONGEST]);
        let mut length = 0;
        loop {
            let count = self.device.read(&mut answer[length..]).map_err(failed)?;
            length += count;
            if count == 0 || wire::is_complete(&answer[..length]) {
                answer.truncate(length);
                return Ok(answer);
            }
        }
    }
}
