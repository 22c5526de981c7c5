//! Decrypted devices, made by the program `cryptsetup`: the key goes over its standard input, never over its arguments.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use thiserror::Error;

use crate::disks::Disk;
use crate::header::HEADER_SIZE;
use crate::secret::Secret;

/// Where distributions have it; else it is searched in PATH.
const CRYPTSETUP: &str = "/sbin/cryptsetup";

/// Why a device could not be opened or closed.
#[derive(Debug, Error)]
pub(crate) enum DmCryptError {
    /// The program does not start, or does not take the key.
    #[error("running cryptsetup {action} {name}")]
    Run {
        /// `open` or `close`.
        action: &'static str,
        /// The device's name.
        name: String,
        /// Why it failed.
        #[source]
        source: std::io::Error,
    },
    /// It failed and has said why on the standard error.
    #[error("cryptsetup {action} {name} ended with {status}")]
    Failed {
        /// `open` or `close`.
        action: &'static str,
        /// The device's name.
        name: String,
        /// Its exit status.
        status: std::process::ExitStatus,
    },
}

/// Opens a disk under its name.
pub(crate) fn open(disk: &Disk, cipher: &str, key: &Secret) -> Result<(), DmCryptError> {
    run(
        "open",
        &disk.crypt_name(),
        open_arguments(disk, cipher, key, &disk.crypt_name()),
        key.expose(),
    )
}

/// Finds out whether the disk could be opened: it is free, and the kernel has the cipher. Before a key is stored and a header written,
/// since a disk with a header is never formatted for such a reason.
pub(crate) fn check(disk: &Disk, cipher: &str, key: &Secret) -> Result<(), DmCryptError> {
    let name = format!("{}-check", disk.crypt_name());
    run("open", &name, open_arguments(disk, cipher, key, &name), key.expose())?;
    run("close", &name, vec!["close".to_owned(), name.clone()], &[])
}

fn open_arguments(disk: &Disk, cipher: &str, key: &Secret, name: &str) -> Vec<String> {
    vec![
        // The key as it is, of this size.
        "--hash=plain".to_owned(),
        "--key-file=-".to_owned(),
        format!("--cipher={cipher}"),
        format!("--key-size={}", key.len() * 8),
        format!("--offset={}", HEADER_SIZE / 512),
        "--allow-discards".to_owned(),
        // Fast disks lose more by the kernel's work queues than they gain.
        "--perf-no_read_workqueue".to_owned(),
        "--perf-no_write_workqueue".to_owned(),
        "open".to_owned(),
        "--type=plain".to_owned(),
        disk.device().display().to_string(),
        name.to_owned(),
    ]
}

fn run(action: &'static str, name: &str, arguments: Vec<String>, input: &[u8]) -> Result<(), DmCryptError> {
    let failed = |source| DmCryptError::Run {
        action,
        name: name.to_owned(),
        source,
    };
    let program = if Path::new(CRYPTSETUP).exists() {
        CRYPTSETUP
    } else {
        "cryptsetup"
    };
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    if let Some(mut stdin) = child.stdin.take() {
        // When it has ended before, its status says more than the broken pipe.
        let _ = stdin.write_all(input);
    }
    let status = child.wait().map_err(failed)?;
    if status.success() {
        return Ok(());
    }
    Err(DmCryptError::Failed {
        action,
        name: name.to_owned(),
        status,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_no_argument() {
        let key = Secret::new(b"k".repeat(64));
        let arguments = open_arguments(&Disk::new("vda"), "aes-xts-plain64", &key, "crypt-vda").join(" ");
        assert_eq!(
            arguments,
            "--hash=plain --key-file=- --cipher=aes-xts-plain64 --key-size=512 --offset=4096 --allow-discards \
             --perf-no_read_workqueue --perf-no_write_workqueue open --type=plain /dev/vda crypt-vda"
        );
    }
}
