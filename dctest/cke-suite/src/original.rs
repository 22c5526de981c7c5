//! The original's multi-host suites, run with its own programs and with ours on the same kind of machines, and compared test by test.
//!
//! The suites are a program of the original ([`folder`] says what is expected where). It is given two boot servers with docker and six
//! nodes ([`machines`]), images in the place of those that the internet has ([`images`]), the original's cluster with what nodes of this
//! lab need ([`declared`]), and an image of CKE made of the programs that are judged. It works on the machines over SSH, from
//! a third place, and leaves a report, which [`report`] reads and compares.
//!
//! Nothing here knows what a test does: whatever is put in the place of something is the same for both sides.

pub mod declared;
pub mod folder;
pub mod images;
pub mod machines;
pub mod report;
pub mod run;

/// A suite.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Suite {
    /// `ckecli`, etcd, cke-localproxy, Kubernetes, user resources.
    Functions,
    /// The repair queue.
    Repair,
    /// The reboot queue.
    Reboot,
    /// Every operation, the two failure points, nodes that go and come.
    Operators,
    /// A control plane that is down.
    Robustness,
}

impl Suite {
    /// As the suites' own variable names it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Suite::Functions => "functions",
            Suite::Repair => "repair",
            Suite::Reboot => "reboot",
            Suite::Operators => "operators",
            Suite::Robustness => "robustness",
        }
    }
}

/// Whose programs are judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Side {
    /// The original's.
    Original,
    /// Ours.
    Ours,
}

impl Side {
    /// For messages and files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Side::Original => "original",
            Side::Ours => "ours",
        }
    }
}
