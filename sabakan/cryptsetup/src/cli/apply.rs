//! Carries plans out.

use std::process::ExitCode;

use anyhow::{Context, Result, bail};

use super::{Decided, Options};
use crate::disks::Disk;
use crate::header::{Header, TpmVersion};
use crate::key_id::KeyId;
use crate::machine::TpmState;
use crate::plan::Plan;
use crate::secret::Secret;
use crate::server::{Keys, Stored};
use crate::{device, dmcrypt};

/// Does what was decided, disk after disk: what is wrong with one does not keep the others closed.
pub(super) async fn all(options: &Options, keys: &Keys, mut tpm: TpmState, decided: Vec<Decided>) -> ExitCode {
    let mut code = ExitCode::SUCCESS;
    for disk in decided {
        let name = disk.observed.disk.name().to_owned();
        tracing::info!(disk = name, plan = %disk.plan, "decided");
        match one(options, keys, &mut tpm, disk).await {
            Ok(()) => tracing::info!(
                disk = name,
                path = format!("/dev/mapper/crypt-{name}"),
                "encrypted disk is ready"
            ),
            Err(error) => {
                tracing::error!(disk = name, error = format!("{error:#}"), "encrypted disk is not ready");
                code = ExitCode::FAILURE;
            }
        }
    }
    code
}

async fn one(options: &Options, keys: &Keys, tpm: &mut TpmState, disk: Decided) -> Result<()> {
    match disk.plan {
        Plan::Nothing(_) => Ok(()),
        Plan::Refuse(reason) => bail!("refused: {reason}"),
        Plan::Ask => bail!("sabakan was not asked"),
        Plan::Format(_) => format(options, keys, tpm, &disk.observed.disk).await,
        Plan::Open { convert, .. } => {
            let (Some(header), Some(Stored::Share(share))) = (&disk.observed.header, &disk.stored) else {
                bail!("header and key have gone");
            };
            open(&disk.observed.disk, header, share, tpm, convert)
        }
    }
}

fn open(disk: &Disk, header: &Header, share: &Secret, tpm: &TpmState, convert: bool) -> Result<()> {
    let key = header
        .combine(share, tpm.share.as_ref())
        .context("the shares have different lengths")?;
    if convert {
        device::write_header(&disk.device(), header)?;
        tracing::info!(disk = disk.name(), "converted the header from version 2");
    }
    Ok(dmcrypt::open(disk, &header.cipher, &key)?)
}

/// Makes new keys and a header. The order is what a power cut must find: sabakan acknowledges its share, then the header appears, then
/// the disk can be used. So a header on a disk means that sabakan has had its key.
async fn format(options: &Options, keys: &Keys, tpm: &mut TpmState, disk: &Disk) -> Result<()> {
    tpm.ensure_share().context("making a key in the TPM")?;
    let (header, key) = new_header(options, tpm.share.as_ref())?;
    let share = header
        .combine(&key, tpm.share.as_ref())
        .context("the TPM's key is too short for --keysize")?;
    dmcrypt::check(disk, &header.cipher, &key)?;
    keys.put(&header.id, &share)
        .await
        .context("storing the key at sabakan")?;
    device::write_header(&disk.device(), &header)?;
    Ok(dmcrypt::open(disk, &header.cipher, &key)?)
}

fn new_header(options: &Options, tpm: Option<&Secret>) -> Result<(Header, Secret)> {
    let length = options.keysize / 8;
    let share = Secret::random(length)?;
    let key = Secret::random(length)?;
    let id = KeyId::new(&share, &key)?;
    let tpm = if tpm.is_some() {
        TpmVersion::TPM2
    } else {
        TpmVersion::NONE
    };
    Ok((
        Header {
            cipher: options.cipher.clone(),
            id,
            share,
            tpm,
        },
        key,
    ))
}
