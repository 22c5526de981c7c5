//! Names of the keys, relative to CKE's prefix.
//!
//! All but the last block are shared with the original and may not change.

/// What every key of CKE begins with, unless it is configured.
pub const PREFIX: &str = "/cke/";

pub(crate) const CLUSTER: &str = "cluster";
/// Revision of the template that the cluster was generated from.
pub(crate) const CLUSTER_REVISION: &str = "cluster-revision";
pub(crate) const CONFIG_VERSION: &str = "config-version";
pub(crate) const CONSTRAINTS: &str = "constraints";
pub(crate) const VAULT: &str = "vault";
/// PEM certificates of the authorities, by name.
pub(crate) const CA: &str = "ca/";
pub(crate) const SERVICE_ACCOUNT_CERTIFICATE: &str = "service-account/certificate";
pub(crate) const SERVICE_ACCOUNT_KEY: &str = "service-account/key";

/// The election; its name ends with a slash, so that the candidates' keys have two of them.
pub(crate) const LEADER: &str = "leader/";
/// What the leader is at, for as long as it leads.
pub(crate) const STATUS: &str = "status";

/// Number of the next record.
pub(crate) const RECORD_ID: &str = "records";
pub(crate) const RECORDS: &str = "records/";
/// The first key behind all records.
pub(crate) const RECORDS_END: &str = "records0";

/// Resources of users, by `Kind/name` or `Kind/namespace/name`.
pub(crate) const RESOURCES: &str = "resource/";

pub(crate) const SABAKAN_DISABLED: &str = "sabakan/disabled";
pub(crate) const SABAKAN_URL: &str = "sabakan/url";
pub(crate) const SABAKAN_TEMPLATE: &str = "sabakan/template";
pub(crate) const SABAKAN_VARIABLES: &str = "sabakan/query-variables";
pub(crate) const AUTO_REPAIR_DISABLED: &str = "auto-repair/disabled";
pub(crate) const AUTO_REPAIR_VARIABLES: &str = "auto-repair/query-variables";

pub(crate) const REBOOTS: &str = "reboots/data/";
pub(crate) const REBOOTS_DISABLED: &str = "reboots/disabled";
/// Whether the leader works on the queue just now.
pub(crate) const REBOOTS_RUNNING: &str = "reboots/running";
pub(crate) const REBOOTS_WRITE_INDEX: &str = "reboots/write-index";
pub(crate) const REPAIRS: &str = "repairs/data/";
pub(crate) const REPAIRS_DISABLED: &str = "repairs/disabled";
pub(crate) const REPAIRS_WRITE_INDEX: &str = "repairs/write-index";

/// The brake; absent while it is off.
pub(crate) const FROZEN: &str = "neco/frozen";
/// How much may be disrupted at once.
pub(crate) const BUDGET: &str = "neco/budget";
/// SSH host keys by address.
pub(crate) const HOST_KEYS: &str = "neco/hostkeys/";
/// How far the running operation is, for as long as its leader leads.
pub(crate) const PROGRESS: &str = "neco/progress";
/// The leader's last plan, for as long as it leads.
pub(crate) const PLAN: &str = "neco/plan";
/// Since when what waits has waited; it outlives leaders.
pub(crate) const WAITS: &str = "neco/waits";

/// A key of an element by its number.
pub(crate) fn numbered(prefix: &str, number: i64) -> String {
    format!("{prefix}{number:016x}")
}
