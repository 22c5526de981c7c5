//! The machine that the program runs on: its serial, its TPM, and what its disks say.

use std::path::Path;

use sabakan_client::BootToken;

use crate::device;
use crate::disks::Disk;
use crate::header::{Found, Header, parse};
use crate::plan;
use crate::secret::Secret;
use crate::tpm::{Share, Tpm, TpmError};

/// The kernel's copy of the serial from the DMI table.
const SERIAL: &str = "/sys/devices/virtual/dmi/id/product_serial";

/// The machine's serial.
pub(crate) fn serial() -> std::io::Result<String> {
    let serial = std::fs::read_to_string(SERIAL)?.trim().to_owned();
    if serial.is_empty() {
        return Err(std::io::Error::other("the machine has no serial"));
    }
    Ok(serial)
}

/// The token of this boot: sabakan's iPXE script puts it into the URL of the Ignition, on the kernel's command line.
pub(crate) fn boot_token() -> Option<BootToken> {
    token_in(&std::fs::read_to_string("/proc/cmdline").ok()?)
}

fn token_in(command_line: &str) -> Option<BootToken> {
    let url = command_line.split_whitespace().find_map(|word| {
        word.strip_prefix("coreos.config.url=")
            .or_else(|| word.strip_prefix("ignition.config.url="))
    })?;
    let (_, query) = url.split_once('?')?;
    let token = query.split('&').find_map(|pair| pair.strip_prefix("token="))?;
    Some(BootToken(token.to_owned()))
}

/// Loads the kernel's module for AES in hardware; without it dm-crypt is slower and works.
pub(crate) fn load_modules() {
    let loads = |module: &str| {
        let status = std::process::Command::new("/sbin/modprobe")
            .args(["-q", module])
            .status();
        status.is_ok_and(|status| status.success())
    };
    if !["aesni-intel", "aes-x86_64"].into_iter().any(loads) {
        tracing::warn!("no kernel module for AES in hardware: disks will be slower");
    }
}

/// The TPM as it was found.
#[derive(Debug)]
pub(crate) struct TpmState {
    /// For the decision.
    pub(crate) facts: plan::Tpm,
    /// Its key.
    pub(crate) share: Option<Secret>,
    device: Option<(Tpm<std::fs::File>, bool)>,
}

impl TpmState {
    /// Looks for a TPM at `path` and reads its key.
    pub(crate) fn observe(path: &Path) -> Self {
        let mut tpm = match Tpm::open(path) {
            Ok(Some(tpm)) => tpm,
            Ok(None) => return Self::without(plan::Tpm::None),
            Err(error) => return Self::failed(error),
        };
        match tpm.share() {
            Ok(Share::NotTpm2) => {
                tracing::warn!(device = %path.display(), "the TPM is no TPM 2.0: disks are encrypted without it");
                Self::without(plan::Tpm::None)
            }
            Ok(Share::Empty { defined }) => Self {
                facts: plan::Tpm::Empty,
                share: None,
                device: Some((tpm, defined)),
            },
            Ok(Share::Key(share)) => Self {
                facts: plan::Tpm::Ready { length: share.len() },
                share: Some(share),
                device: None,
            },
            Err(error) => Self::failed(error),
        }
    }

    /// Makes the TPM's key where the TPM is empty; else there is nothing to do.
    pub(crate) fn ensure_share(&mut self) -> Result<(), TpmError> {
        if let Some((tpm, defined)) = &mut self.device {
            let share = tpm.make_share(*defined)?;
            tracing::info!(bytes = share.len(), "made a key in the TPM");
            *self = Self {
                facts: plan::Tpm::Ready { length: share.len() },
                share: Some(share),
                device: None,
            };
        }
        Ok(())
    }

    fn without(facts: plan::Tpm) -> Self {
        Self {
            facts,
            share: None,
            device: None,
        }
    }

    fn failed(error: TpmError) -> Self {
        let error = format!("{:#}", anyhow::Error::new(error));
        Self::without(plan::Tpm::Failed { error })
    }
}

/// A disk as it was found.
#[derive(Debug)]
pub(crate) struct Observed {
    pub(crate) disk: Disk,
    /// Whether its decrypted device is there.
    pub(crate) opened: bool,
    /// For the decision.
    pub(crate) head: plan::Head,
    /// What its header says.
    pub(crate) header: Option<Header>,
}

impl Observed {
    /// Reads a disk's header.
    pub(crate) fn new(disk: Disk) -> Self {
        let found = device::read_head(&disk.device())
            .map_err(anyhow::Error::new)
            .and_then(|head| parse(&head).map_err(anyhow::Error::new));
        let (head, header) = match found {
            Ok(Found::None) => (plan::Head::None, None),
            Ok(Found::V3(header)) => (facts(3, &header), Some(header)),
            Ok(Found::V2(header)) => (facts(2, &header), Some(header)),
            Err(error) => (
                plan::Head::Unusable {
                    error: format!("{error:#}"),
                },
                None,
            ),
        };
        Self {
            opened: disk.crypt_device().exists(),
            disk,
            head,
            header,
        }
    }
}

fn facts(version: u8, header: &Header) -> plan::Head {
    plan::Head::Header {
        version,
        key_size: header.share.len(),
        tpm: header.tpm,
    }
}

#[cfg(test)]
mod tests {
    use super::token_in;

    #[test]
    fn the_token_of_the_boot_is_on_the_command_line() {
        let line =
            "console=ttyS0 coreos.config.url=http://10.0.0.1:10080/api/v1/ignitions/SN1/1.0.0?token=5f.A-_b quiet\n";
        assert_eq!(token_in(line).map(|token| token.0).as_deref(), Some("5f.A-_b"));
        assert!(token_in("coreos.config.url=http://10.0.0.1/x quiet").is_none());
        assert!(token_in("quiet token=x").is_none());
    }
}
