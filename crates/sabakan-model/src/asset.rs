//! Files that machines fetch: what is known about each.

use crate::GoTime;
use crate::image::add_url;
use crate::json::StringInt;
use std::collections::BTreeMap;

/// Most URLs of one asset.
pub const MAX_ASSET_URLS: usize = 10;
/// Largest asset in bytes.
pub const MAX_ASSET_SIZE: u64 = 4 << 30;

record! {
    /// An asset.
    pub struct Asset {
        /// Name in URLs.
        "name" name: String,
        /// Number of this content; a new one with each upload.
        "id" id: StringInt,
        /// Media type.
        "content-type" content_type: String,
        /// When it was uploaded.
        "date" date: GoTime,
        /// Bytes.
        "size" size: i64,
        /// SHA-256 of the content in hexadecimal.
        "sha256" sha256: String,
        /// Where servers may pull it from.
        "urls" urls: Option<Vec<String>>,
        /// Whether the answering server has it; without meaning in etcd.
        "exists" exists: bool,
        /// Free notes of the uploader; keys in lower case.
        "options" options: Option<BTreeMap<String, String>>,
    }
}

record! {
    /// Answer to an upload.
    pub struct AssetStatus {
        /// 201 for a new name, 200 for a known one.
        "status" status: i64,
        /// Number of the content.
        "id" id: StringInt,
    }
}

impl Asset {
    /// Notes that `url` has the asset too. `false`: nothing to change.
    pub fn add_url(&mut self, url: &str) -> bool {
        add_url(&mut self.urls, url, MAX_ASSET_URLS)
    }
}

/// True for what may name an asset: letters, digits and `_.-+~@:`, not beginning with a dot or a dash. The original takes
/// anything without a slash; such a name is one element of a path and of a key here.
#[must_use]
pub fn is_valid_asset_name(name: &str) -> bool {
    let body = |b: u8| b.is_ascii_alphanumeric() || b"_.-+~@:".contains(&b);
    name.len() <= 255 && name.bytes().all(body) && !name.is_empty() && !name.starts_with(['.', '-'])
}
