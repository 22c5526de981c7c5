//! What to do with a disk, from what was observed. Pure: nothing is read or changed here.
//!
//! The rules, in order; the first that fits decides:
//!
//! | observed | plan |
//! |---|---|
//! | the decrypted device is there already | nothing |
//! | the TPM failed; the header is damaged or cannot be read | refuse |
//! | no header | format |
//! | made without a TPM, and there is one now | format |
//! | made with a TPM, and there is none now | refuse |
//! | sabakan was not asked yet | ask |
//! | sabakan deleted the key | format |
//! | sabakan never had the key, or does not say | refuse |
//! | sabakan could not be asked | refuse |
//! | the TPM has no key, or the shares do not fit each other | refuse |
//! | else | open |
//!
//! *Never had* means that etcd went back in time, or that the disk belongs to another machine: a header is written only after
//! sabakan has acknowledged its key, so that data may lie behind it. An operator who wants the disk formatted nevertheless says so by
//! its name; that holds only where the disk would be refused for good, never for trouble that may pass.

use serde::Serialize;

use crate::header::TpmVersion;
use crate::key_id::Verdict;

/// The TPM of the machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Tpm {
    /// There is no such device, or it is no TPM 2.0.
    None,
    /// A TPM 2.0 in which no key was ever stored.
    Empty,
    /// A TPM 2.0 with a key of so many bytes.
    Ready {
        /// Bytes of the key.
        length: usize,
    },
    /// There is a TPM and its key cannot be read.
    Failed {
        /// Why not.
        error: String,
    },
}

/// The head of a disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Head {
    /// No header of ours.
    None,
    /// A header.
    Header {
        /// 2 or 3.
        version: u8,
        /// Bytes of the key.
        key_size: usize,
        /// Which TPM holds a share.
        tpm: TpmVersion,
    },
    /// There is a header and it makes no sense, or the disk cannot be read.
    Unusable {
        /// What is wrong.
        error: String,
    },
}

/// What sabakan says of a disk's key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Its share.
    Share {
        /// Bytes of the share.
        length: usize,
        /// Whether all shares together make the disk's key.
        verdict: Verdict,
    },
    /// It has none.
    Missing(KeyState),
    /// It gave no answer, or no usable one.
    Failed {
        /// What it said.
        error: String,
    },
}

/// Why sabakan has no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyState {
    /// There never was one, as far as its etcd knows.
    Never,
    /// The machine's keys were deleted on purpose.
    Deleted,
    /// The server does not say: an original sabakan.
    Unsaid,
}

/// What to do with a disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "plan", content = "because")]
pub enum Plan {
    /// Nothing.
    Nothing(Nothing),
    /// Ask sabakan for its share, then decide again.
    Ask,
    /// Open the disk, after its header was converted to version 3 where it has version 2.
    Open {
        /// Whether the header is converted.
        convert: bool,
        /// Whether the key was checked.
        verdict: Verdict,
    },
    /// Make new keys and a new header: what the disk holds is lost.
    Format(Format),
    /// Leave the disk as it is and fail.
    Refuse(Refuse),
}

/// Why there is nothing to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Nothing {
    /// The decrypted device is there.
    Opened,
}

/// Why a disk is formatted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// It has no header.
    Unformatted,
    /// It was formatted without a TPM and now there is one.
    TpmAppeared,
    /// The machine's keys were deleted.
    KeyDeleted,
    /// Its key is missing at a server that does not say why, and the operator has said that this is enough.
    KeyMissing,
    /// It would be refused for good, and the operator has named it.
    Told,
}

/// Why a disk is refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Refuse {
    /// The TPM cannot be read.
    TpmFailed(String),
    /// A TPM holds a share, and the machine has none now.
    TpmGone,
    /// A TPM holds a share, and the machine's has none: it was cleared, or it is another.
    TpmEmpty,
    /// The TPM's key is shorter than the disk's.
    TpmShort,
    /// The TPM has no key yet, and gets none while another disk may need the old one.
    TpmHeldBack,
    /// The header or the disk is damaged.
    Head(String),
    /// Sabakan never had the key.
    KeyUnknown,
    /// Sabakan has no key and does not say why.
    KeyMissing,
    /// Sabakan's share has another length than the disk's.
    KeyLength,
    /// The shares do not belong together.
    KeyWrong,
    /// Sabakan could not be asked.
    Server(String),
}

/// What the operator allows beyond the rules.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// Format when a server that does not say why has no key, as the original client does.
    pub format_when_unsaid: bool,
    /// Format this disk when it would be refused for good.
    pub format_refused: bool,
}

impl Refuse {
    /// Whether waiting, another try or a repaired TPM cannot help: then the operator may give the disk up.
    #[must_use]
    pub fn is_final(&self) -> bool {
        match self {
            Self::TpmFailed(_) | Self::TpmHeldBack | Self::Server(_) => false,
            Self::TpmGone | Self::TpmEmpty | Self::TpmShort | Self::Head(_) => true,
            Self::KeyUnknown | Self::KeyMissing | Self::KeyLength | Self::KeyWrong => true,
        }
    }
}

/// Decides on one disk. `opened` says that its decrypted device is there.
#[must_use]
pub fn decide(opened: bool, head: &Head, tpm: &Tpm, answer: Option<&Answer>, policy: Policy) -> Plan {
    match by_the_rules(opened, head, tpm, answer, policy) {
        Plan::Refuse(reason) if policy.format_refused && reason.is_final() => Plan::Format(Format::Told),
        plan => plan,
    }
}

fn by_the_rules(opened: bool, head: &Head, tpm: &Tpm, answer: Option<&Answer>, policy: Policy) -> Plan {
    if opened {
        return Plan::Nothing(Nothing::Opened);
    }
    if let Tpm::Failed { error } = tpm {
        return Plan::Refuse(Refuse::TpmFailed(error.clone()));
    }
    match head {
        Head::Unusable { error } => Plan::Refuse(Refuse::Head(error.clone())),
        Head::None => Plan::Format(Format::Unformatted),
        Head::Header {
            version,
            key_size,
            tpm: made_with,
        } => match (made_with, tpm) {
            (made_with, Tpm::None) if *made_with != TpmVersion::NONE => Plan::Refuse(Refuse::TpmGone),
            (made_with, Tpm::Empty | Tpm::Ready { .. }) if *made_with != TpmVersion::TPM2 => {
                Plan::Format(Format::TpmAppeared)
            }
            _ => answer.map_or(Plan::Ask, |answer| {
                with_answer(answer, *version, *key_size, tpm, policy)
            }),
        },
    }
}

fn with_answer(answer: &Answer, version: u8, key_size: usize, tpm: &Tpm, policy: Policy) -> Plan {
    match answer {
        Answer::Failed { error } => Plan::Refuse(Refuse::Server(error.clone())),
        Answer::Missing(KeyState::Deleted) => Plan::Format(Format::KeyDeleted),
        Answer::Missing(KeyState::Unsaid) if policy.format_when_unsaid => Plan::Format(Format::KeyMissing),
        Answer::Missing(KeyState::Unsaid) => Plan::Refuse(Refuse::KeyMissing),
        Answer::Missing(KeyState::Never) => Plan::Refuse(Refuse::KeyUnknown),
        Answer::Share { length, verdict } => match tpm {
            Tpm::Empty => Plan::Refuse(Refuse::TpmEmpty),
            Tpm::Ready { length } if *length < key_size => Plan::Refuse(Refuse::TpmShort),
            _ if *length != key_size => Plan::Refuse(Refuse::KeyLength),
            _ if *verdict == Verdict::Wrong => Plan::Refuse(Refuse::KeyWrong),
            _ => Plan::Open {
                convert: version == 2,
                verdict: *verdict,
            },
        },
    }
}

/// Looks at all disks together: while a disk that was made with a TPM is not to be formatted, an empty TPM gets no new key. Another
/// key there would hide that the old one is gone, and disks of the original program would open with garbage.
#[must_use]
pub fn hold_back(tpm: &Tpm, plans: Vec<(Head, Plan)>) -> Vec<Plan> {
    let needs_old_key = |(head, plan): &(Head, Plan)| {
        matches!(
            head,
            Head::Header {
                tpm: TpmVersion::TPM2,
                ..
            }
        ) && matches!(plan, Plan::Refuse(_) | Plan::Nothing(_))
    };
    let hold = *tpm == Tpm::Empty && plans.iter().any(needs_old_key);
    plans
        .into_iter()
        .map(|(_, plan)| match plan {
            Plan::Format(_) if hold => Plan::Refuse(Refuse::TpmHeldBack),
            plan => plan,
        })
        .collect()
}

mod words;

#[cfg(test)]
mod tests;
