//! The program: observe, decide, do.

mod apply;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Parser;

use crate::disks::{Disk, find_disks};
use crate::glob::Pattern;
use crate::hardening;
use crate::header::{LONGEST_KEY, is_cipher};
use crate::machine::{self, Observed, TpmState};
use crate::plan::{Answer, Plan, Policy, decide, hold_back};
use crate::server::{self, Keys, Stored};

/// Encrypts the disks of this machine, and opens them at each boot.
///
/// It generates keys and sets up encrypted disks with cryptsetup, a front end of the kernel's dm-crypt. A share of each key is sent
/// to sabakan; at the next boot it is fetched, put together with the shares on the disk and in the TPM, and the disks are opened as
/// /dev/mapper/crypt-NAME.
#[derive(Clone, Debug, Parser)]
#[command(name = "sabakan-cryptsetup", version, args_override_self = true)]
pub struct Options {
    /// URL of the sabakan server; without it the environment's SABAKAN_URL
    #[arg(long, default_value_t = default_server(), value_name = "URL")]
    pub server: String,
    /// Device file of the TPM
    #[arg(long, default_value = "/dev/tpm0", value_name = "FILE")]
    pub tpmdev: PathBuf,
    /// Cipher for new disks, as dm-crypt names it
    #[arg(long, default_value = "aes-xts-plain64", value_name = "NAME")]
    pub cipher: String,
    /// Size of the key of new disks in bits
    #[arg(long, default_value_t = 512, value_name = "BITS")]
    pub keysize: usize,
    /// Disk name patterns to be excluded, e.g. "nvme*"; may be given several times
    #[arg(long, value_name = "PATTERN")]
    pub excludes: Vec<String>,
    /// Certificate of the authority that sabakan's certificate is signed by
    #[arg(long, default_value = "/etc/sabakan/sabakan-tls-ca.crt", value_name = "FILE")]
    pub cert: PathBuf,
    /// Only show what would be done, and why
    #[arg(long)]
    pub dry_run: bool,
    /// How often a request to sabakan is repeated; the wait grows by 2 seconds each time
    #[arg(long, default_value_t = 10, value_name = "TIMES")]
    pub retries: u32,
    /// Format a disk whose key is missing at a server that does not say why (an original sabakan)
    #[arg(long)]
    pub format_when_key_missing: bool,
    /// Disk name patterns of disks to give up: format them where they would be refused for good; may be given several times
    #[arg(long, value_name = "PATTERN")]
    pub format_refused: Vec<String>,
}

fn default_server() -> String {
    let given = std::env::var("SABAKAN_URL").ok().filter(|url| !url.is_empty());
    given.unwrap_or_else(|| "http://localhost:10080".to_owned())
}

/// Does what the options say to the machine that it runs on.
///
/// # Errors
/// When the machine, its disks or the options are unusable. A disk that is refused is no error: it is logged, the others go on, and
/// the exit code is 1.
pub async fn run(options: &Options) -> Result<ExitCode> {
    hardening::forbid_core_dumps().context("forbidding core dumps")?;
    validate(options)?;
    if !options.dry_run {
        machine::load_modules();
    }
    let given_up = Pattern::parse_all("--format-refused", &options.format_refused)?;
    let keys = keys(options)?;
    let disks = find_disks(Path::new("/sys/block"), &options.excludes)?;
    let tpm = TpmState::observe(&options.tpmdev);
    tracing::info!(device = %options.tpmdev.display(), state = ?tpm.facts, "looked for a TPM");
    let observed: Vec<Observed> = disks.into_iter().map(Observed::new).collect();
    let decided = decide_all(options, &given_up, &keys, &tpm, observed).await;
    if options.dry_run {
        return Ok(show(&decided));
    }
    Ok(apply::all(options, &keys, tpm, decided).await)
}

/// A disk, the share that sabakan has for it, and what to do.
pub(crate) struct Decided {
    observed: Observed,
    stored: Option<Stored>,
    plan: Plan,
}

fn validate(options: &Options) -> Result<()> {
    if !options.keysize.is_multiple_of(8) {
        bail!("key size must be multiple of 8");
    }
    if !(1..=LONGEST_KEY).contains(&(options.keysize / 8)) {
        bail!("key size must be 8 to {} bits", LONGEST_KEY * 8);
    }
    if !is_cipher(options.cipher.as_bytes()) {
        bail!("{:?} is not the name of a cipher", options.cipher);
    }
    Ok(())
}

/// The authority's certificate is read only where there is a certificate to check.
fn keys(options: &Options) -> Result<Keys> {
    let authority = if options.server.starts_with("https:") {
        Some(std::fs::read_to_string(&options.cert).with_context(|| format!("reading {}", options.cert.display()))?)
    } else {
        None
    };
    Ok(Keys::new(server::Options {
        server: options.server.clone(),
        serial: machine::serial().context("reading the machine's serial")?,
        authority,
        token: machine::boot_token(),
        retries: options.retries,
    })?)
}

async fn decide_all(
    options: &Options,
    given_up: &[Pattern],
    keys: &Keys,
    tpm: &TpmState,
    observed: Vec<Observed>,
) -> Vec<Decided> {
    let policy = |disk: &Disk| Policy {
        format_when_unsaid: options.format_when_key_missing,
        format_refused: given_up.iter().any(|pattern| pattern.matches(disk.name())),
    };
    let decide_one = async |observed: Observed| {
        let policy = policy(&observed.disk);
        let decide = |answer: Option<&Answer>| decide(observed.opened, &observed.head, &tpm.facts, answer, policy);
        let (stored, plan) = match (decide(None), &observed.header) {
            (Plan::Ask, Some(header)) => {
                let (answer, stored) = ask(keys, header, tpm).await;
                (stored, decide(Some(&answer)))
            }
            (plan, _) => (None, plan),
        };
        Decided { observed, stored, plan }
    };
    // Together: a server that is away costs its patience once, not once a disk.
    let mut decided = futures::future::join_all(observed.into_iter().map(decide_one)).await;
    let plans = decided
        .iter()
        .map(|disk| (disk.observed.head.clone(), disk.plan.clone()))
        .collect();
    for (disk, plan) in decided.iter_mut().zip(hold_back(&tpm.facts, plans)) {
        disk.plan = plan;
    }
    decided
}

async fn ask(keys: &Keys, header: &crate::header::Header, tpm: &TpmState) -> (Answer, Option<Stored>) {
    match keys.get(&header.id).await {
        Ok(Stored::Missing(state)) => (Answer::Missing(state), None),
        Ok(Stored::Share(share)) => {
            let key = header.combine(&share, tpm.share.as_ref());
            let verdict = key.map_or(crate::Verdict::Unknown, |key| header.id.verdict(&header.share, &key));
            (
                Answer::Share {
                    length: share.len(),
                    verdict,
                },
                Some(Stored::Share(share)),
            )
        }
        Err(error) => (
            Answer::Failed {
                error: format!("{:#}", anyhow::Error::new(error)),
            },
            None,
        ),
    }
}

/// Shows the plans, one a line.
#[allow(clippy::print_stdout, reason = "this is what --dry-run is for")]
fn show(decided: &[Decided]) -> ExitCode {
    for disk in decided {
        println!("{}: {}", disk.observed.disk.name(), disk.plan);
    }
    let refused = decided.iter().any(|disk| matches!(disk.plan, Plan::Refuse(_)));
    if refused { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
