//! Which mode the policy starts in, kept in etcd so that all servers agree and a restart changes nothing.
//!
//! The first server of ours to see an etcd decides: one that holds data of the original starts with reports, since there
//! may be hosts that read what the policy would refuse; an empty one is enforced from the start.

use super::Mode;
use neco_etcd::{Error, Etcd, Txn};
use serde::{Deserialize, Serialize};

/// Where the decision lies.
const KEY: &str = "neco/policy";

/// The schema's key: where it is, somebody has used this etcd before.
const SCHEMA_KEY: &str = "version";

/// The value under [`KEY`].
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Stored {
    writer: String,
    least_reader: String,
    mode: String,
}

impl Stored {
    fn new(mode: Mode) -> Self {
        let mode = match mode {
            Mode::Report => "report",
            Mode::Enforce => "enforce",
        };
        Self {
            writer: env!("CARGO_PKG_VERSION").into(),
            least_reader: "0.1.0".into(),
            mode: mode.into(),
        }
    }

    /// A value that this version does not know enforces: the safe side.
    fn mode(value: &[u8]) -> Mode {
        match serde_json::from_slice::<Self>(value) {
            Ok(stored) if stored.mode == "report" => Mode::Report,
            _ => Mode::Enforce,
        }
    }
}

/// Reads the mode, or decides it. To be called before the schema is written.
///
/// # Errors
/// Where etcd cannot be asked.
pub async fn settle(etcd: &Etcd) -> Result<Mode, Error> {
    loop {
        if let Some(kv) = etcd.get(KEY).await? {
            return Ok(Stored::mode(&kv.value));
        }
        let used = etcd.get(SCHEMA_KEY).await?.is_some();
        let mode = if used { Mode::Report } else { Mode::Enforce };
        let value = serde_json::to_vec(&Stored::new(mode)).unwrap_or_default();
        let txn = Txn::new().if_absent(KEY).put(KEY, value);
        // Another server that started the schema in between would make an empty etcd look used.
        let txn = if used { txn } else { txn.if_absent(SCHEMA_KEY) };
        match etcd.commit(txn).await {
            Ok(outcome) if outcome.succeeded => return Ok(mode),
            // Somebody else decided, or nobody knows: look again.
            Ok(_) | Err(Error::Ambiguous { .. }) => {}
            Err(error) => return Err(error),
        }
    }
}
