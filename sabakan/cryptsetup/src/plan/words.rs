//! Plans and their reasons in words, with what an operator can do.

use std::fmt::{Display, Formatter, Result};

use super::{Format, Nothing, Plan, Refuse};
use crate::key_id::Verdict;

impl Display for Plan {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Nothing(Nothing::Opened) => f.write_str("nothing to do: it is open already"),
            Self::Ask => f.write_str("ask sabakan for the key"),
            Self::Open { convert, verdict } => {
                f.write_str(if *convert {
                    "convert the header from version 2, then open"
                } else {
                    "open"
                })?;
                f.write_str(match verdict {
                    Verdict::Right => ": the key is right",
                    Verdict::Wrong | Verdict::Unknown => ": the key cannot be checked, another program made the header",
                })
            }
            Self::Format(reason) => write!(f, "format: {reason}"),
            Self::Refuse(reason) => write!(f, "refuse: {reason}"),
        }
    }
}

impl Display for Format {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            Self::Unformatted => "the disk has no header",
            Self::TpmAppeared => "the disk was formatted without a TPM and now there is one",
            Self::KeyDeleted => "the machine's keys were deleted",
            Self::KeyMissing => "the key is missing, and --format-when-key-missing is given",
            Self::Told => "the disk would be refused, and --format-refused names it",
        })
    }
}

impl Display for Refuse {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::TpmFailed(error) => write!(f, "the TPM cannot be read, and no new key is made: {error}"),
            Self::TpmGone => f.write_str("a TPM holds a share of the key and the machine has no TPM 2.0 now: enable it again"),
            Self::TpmEmpty => f.write_str(
                "the TPM that holds a share of the key was cleared or is another; if the data may go, name the disk with --format-refused",
            ),
            Self::TpmShort => f.write_str("the TPM's key is shorter than the disk's"),
            Self::TpmHeldBack => {
                f.write_str("formatting needs a new key in the TPM, and another disk was made with one that is gone")
            }
            Self::Head(error) => f.write_str(error),
            Self::KeyUnknown => f.write_str(
                "sabakan has never had this disk's key: its etcd was restored to an older state, or the disk is another machine's; \
                 if the data may go, name the disk with --format-refused",
            ),
            Self::KeyMissing => f.write_str(
                "sabakan has no key and does not say why (an original server); if the data may go, use --format-when-key-missing",
            ),
            Self::KeyLength => f.write_str("sabakan's share and the disk's have different lengths"),
            Self::KeyWrong => f.write_str("the shares do not belong together: the TPM is another, or the key at sabakan is another"),
            Self::Server(error) => write!(f, "sabakan could not be asked: {error}"),
        }
    }
}
