//! The hashes of an image in etcd, which the original does not keep: from the first sight of the image, every server of ours
//! checks its copy against them.

use serde::{Deserialize, Serialize};

use crate::archive::Digests;

/// The layout that is written.
const VERSION: u32 = 1;

/// The value of `neco/files/images/OS/ID`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Record {
    /// The layout of the writer.
    version: u32,
    /// The least layout that a reader must know.
    min_version: u32,
    /// Size and SHA-256 of each member.
    pub(crate) members: Digests,
}

impl Record {
    pub(crate) fn new(members: Digests) -> Self {
        Self {
            version: VERSION,
            min_version: VERSION,
            members,
        }
    }

    pub(crate) fn key(os: &str, id: &str) -> String {
        format!("neco/files/images/{os}/{id}")
    }

    pub(crate) fn decode(value: &[u8]) -> Result<Self, String> {
        let record: Self = serde_json::from_slice(value).map_err(|error| error.to_string())?;
        if record.min_version > VERSION {
            return Err(format!(
                "it needs a reader of layout {}, this is {VERSION}",
                record.min_version
            ));
        }
        Ok(record)
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        // Strings and numbers only: this cannot fail.
        serde_json::to_vec(self).unwrap_or_default()
    }
}
