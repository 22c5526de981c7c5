//! Names of the keys, relative to sabakan's prefix (`/sabakan/`).
//!
//! The first block is shared with the original and may not change. Keys of ours lie under [`NEW_PREFIX`], which the original
//! never reads; each value there carries the version that wrote it and the least that can read it.

/// Schema version of the data, a decimal number.
pub(crate) const VERSION: &str = "version";
/// Where servers queue up to convert the schema, as etcd's mutex recipe names its keys.
pub(crate) const SCHEMA_LOCK: &str = "schema-lock/";
/// Address formulas.
pub(crate) const IPAM: &str = "ipam";
/// DHCP settings.
pub(crate) const DHCP: &str = "dhcp";
/// Machines by serial.
pub(crate) const MACHINES: &str = "machines/";
/// Used indices by rack.
pub(crate) const NODE_INDICES: &str = "node-indices/";
/// Disk keys by serial and disk.
pub(crate) const CRYPTS: &str = "crypts/";
/// Ignition templates by role and version.
pub(crate) const IGNITIONS: &str = "ignitions/";
/// Kernel parameters by operating system.
pub(crate) const KERNEL_PARAMS: &str = "kernel-params/";
/// Audit entries by day and revision.
pub(crate) const AUDIT: &str = "audit/";
/// When the audit log was last compacted.
pub(crate) const AUDIT_LAST_GC: &str = "audit";

/// Everything that the original does not know.
pub const NEW_PREFIX: &str = "neco/";
/// Unfinished registrations that are too large for one transaction.
pub(crate) const REGISTRATIONS: &str = "neco/registrations/";
/// What became of large registrations, kept for a while for whoever asks.
pub(crate) const REGISTRATION_RESULTS: &str = "neco/registration-results/";
/// Which disks' keys were deleted on purpose, by serial.
pub(crate) const CRYPTS_DELETED: &str = "neco/crypts-deleted/";
/// What machines did while booting, by serial and time.
pub(crate) const BOOT_LOG: &str = "neco/boot-log/";

/// The key of a machine.
pub(crate) fn machine(serial: &str) -> String {
    format!("{MACHINES}{serial}")
}

/// The key of a rack's used indices.
pub(crate) fn node_indices(rack: u64) -> String {
    format!("{NODE_INDICES}{rack}")
}

/// The prefix of all disk keys of a machine. The slash keeps `abc` from covering `abcd`.
pub(crate) fn crypts_of(serial: &str) -> String {
    format!("{CRYPTS}{serial}/")
}

/// The key of one disk's key.
pub(crate) fn crypt(serial: &str, disk: &str) -> String {
    format!("{CRYPTS}{serial}/{disk}")
}

/// The key of the marker that says which disk keys of a machine were deleted.
pub(crate) fn crypts_deleted(serial: &str) -> String {
    format!("{CRYPTS_DELETED}{serial}")
}

/// The prefix of a role's templates.
pub(crate) fn ignitions_of(role: &str) -> String {
    format!("{IGNITIONS}{role}/")
}

/// The key of one template.
pub(crate) fn ignition(role: &str, id: &str) -> String {
    format!("{IGNITIONS}{role}/{id}")
}

/// The key of an operating system's kernel parameters.
pub(crate) fn kernel_params(os: &str) -> String {
    format!("{KERNEL_PARAMS}{os}")
}

/// The prefix of a day's audit entries; `day` is `YYYYMMDD`.
pub(crate) fn audit_day(day: &str) -> String {
    format!("{AUDIT}{day}/")
}

/// The key of an audit entry; `own` is a number that no other entry has.
pub(crate) fn audit(day: &str, revision: i64, own: u64) -> String {
    format!("{AUDIT}{day}/{revision:016x}-{own:016x}")
}

/// True when `name` can be one segment of a key: not empty, no `/`, not `.` or `..`, no control characters.
///
/// The original cleans paths that it makes of such names, so that `..` would leave the machine's prefix.
#[must_use]
pub fn is_segment(name: &str) -> bool {
    !name.is_empty() && name != "." && name != ".." && !name.chars().any(|c| c == '/' || c.is_control())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn audit_keys_sort_by_revision() {
        assert_eq!(
            audit("20261122", 81, 7),
            "audit/20261122/0000000000000051-0000000000000007"
        );
        assert!(audit("20261122", 9, 7) < audit("20261122", 10, 0));
        // The original's key of the same revision.
        assert!("audit/20261122/0000000000000051" < audit("20261122", 81, 0).as_str());
    }

    #[test]
    fn names_that_would_leave_their_prefix_are_no_segments() {
        for bad in ["", ".", "..", "a/b", "../x", "a\nb", "a\0"] {
            assert!(!is_segment(bad), "{bad:?}");
        }
        for good in ["a", "1234abcd", "pci-0000:00:1f.2-ata-3", "..a", "日本"] {
            assert!(is_segment(good), "{good:?}");
        }
    }
}
