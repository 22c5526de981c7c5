//! Entries of the audit log.

use crate::GoTime;
use crate::json::StringInt;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// What kind of thing an entry is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AuditCategory(pub Cow<'static, str>);

impl AuditCategory {
    /// Assets.
    pub const ASSETS: Self = Self(Cow::Borrowed("assets"));
    /// Disk encryption keys.
    pub const CRYPTS: Self = Self(Cow::Borrowed("crypts"));
    /// Configuration of DHCP.
    pub const DHCP: Self = Self(Cow::Borrowed("dhcp"));
    /// Ignition templates.
    pub const IGNITION: Self = Self(Cow::Borrowed("ignition"));
    /// Boot images.
    pub const IMAGE: Self = Self(Cow::Borrowed("image"));
    /// Configuration of addresses.
    pub const IPAM: Self = Self(Cow::Borrowed("ipam"));
    /// What iPXE is told.
    pub const IPXE: Self = Self(Cow::Borrowed("ipxe"));
    /// Kernel parameters; the original does not log their changes.
    pub const KERNEL_PARAMS: Self = Self(Cow::Borrowed("kernel-params"));
    /// Machines.
    pub const MACHINES: Self = Self(Cow::Borrowed("machines"));

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

record! {
    /// One change, by whom and from where.
    pub struct AuditEntry {
        /// When it happened, in UTC.
        "ts" ts: GoTime,
        /// Revision of etcd.
        "rev" rev: StringInt,
        /// User who called, as the caller said or its certificate proved.
        "user" user: String,
        /// Address of the caller.
        "ip" ip: String,
        /// Name of the server that did it.
        "host" host: String,
        /// Kind of thing.
        "category" category: AuditCategory,
        /// Which of them.
        "instance" instance: String,
        /// What was done, like `put` or `delete`.
        "action" action: String,
        /// Details for people.
        "detail" detail: String,
    }
}
