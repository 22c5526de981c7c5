//! The time-line of a machine's boot: what each server saw of it, put together.

mod timeline;

use crate::{GoTime, Mac};
use serde::{Deserialize, Serialize};
use std::fmt;

pub use timeline::{BootState, BootTimeline, Limits, StageSpan, timeline};

/// A step of a network boot, in the order in which they come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// An address was offered or acknowledged to a client that had none. Renewals are not events of a boot.
    #[default]
    Dhcp,
    /// The firmware fetched iPXE.
    Firmware,
    /// iPXE fetched its script.
    Ipxe,
    /// The kernel was fetched.
    Kernel,
    /// The initial root file system was fetched.
    Initrd,
    /// The Ignition configuration was rendered.
    Ignition,
    /// A disk key was fetched or stored.
    Keys,
    /// The booted system called for the first time.
    FirstContact,
    /// Something was refused; the event says what.
    Refused,
}

impl Stage {
    /// The stages of a boot in order; [`Stage::Refused`] is none of them, it can happen in each.
    pub const BOOT: [Self; 8] = [
        Self::Dhcp,
        Self::Firmware,
        Self::Ipxe,
        Self::Kernel,
        Self::Initrd,
        Self::Ignition,
        Self::Keys,
        Self::FirstContact,
    ];

    /// The name in JSON, metrics and tables.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Dhcp => "dhcp",
            Self::Firmware => "firmware",
            Self::Ipxe => "ipxe",
            Self::Kernel => "kernel",
            Self::Initrd => "initrd",
            Self::Ignition => "ignition",
            Self::Keys => "keys",
            Self::FirstContact => "first-contact",
            Self::Refused => "refused",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

record! {
    /// One thing that a server saw of a boot.
    ///
    /// DHCP knows the hardware address, the iPXE script and Ignition the serial, everything the address of the caller: what is
    /// known is filled in, and the collector joins them.
    pub struct BootEvent {
        /// When, by the clock of the server.
        "at" at: GoTime,
        /// Which step.
        "stage" stage: Stage,
        /// Serial of the machine, where known.
        "serial" (omitempty) serial: Option<String>,
        /// Hardware address, where known.
        "mac" (omitempty) mac: Option<Mac>,
        /// Address of the machine, where known.
        "address" (omitempty) address: Option<String>,
        /// Name of the server that saw it.
        "server" server: String,
        /// One line for people: `ack 10.69.0.33`, `GET kernel 1.2.3`, why it was refused.
        "detail" detail: String,
        /// Id of the request or packet, as in the server's log.
        "request-id" (omitempty) request_id: Option<String>,
    }
}

#[cfg(test)]
mod tests;
