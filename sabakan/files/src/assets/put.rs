//! Uploading an asset.

use std::{
    collections::BTreeMap,
    fmt,
    fs::File,
    io::{Read, Write},
    path::Path,
};

use bytes::Bytes;
use futures::Stream;
use http::{HeaderMap, header};
use sabakan_model::{Asset, AssetStatus, AuditCategory, GoTime, asset, json::StringInt, machine};
use sha2::{Digest, Sha256};

use super::{Assets, MAX_ATTEMPTS, plan};
use crate::{
    disk::DiskError,
    error::FilesError,
    images::Staged,
    intake::{self, BrokenOff},
    state::Part,
};
use sabakan_storage::{Actor, AuditDraft};

const OPTION: &str = "x-sabakan-asset-options-";

/// What an upload says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssetPut {
    /// The asset's name.
    pub name: String,
    /// Its media type.
    pub content_type: String,
    /// Bytes of the body.
    pub len: u64,
    /// SHA-256 that the body must have, hexadecimal in lower case.
    pub sha256: Option<String>,
    /// Free notes; keys in lower case.
    pub options: BTreeMap<String, String>,
}

impl AssetPut {
    /// Reads and checks the request's name and headers.
    ///
    /// # Errors
    /// When one is wrong, or lacks, or the body is too large.
    pub fn from_request(name: &str, headers: &HeaderMap) -> Result<Self, FilesError> {
        if !asset::is_valid_asset_name(name) {
            let text = format!("{name:?} cannot name an asset: letters, digits, dots, hyphens and underscores can");
            return Err(FilesError::BadRequest(text));
        }
        let content_type = text(headers, header::CONTENT_TYPE.as_str()).unwrap_or_default();
        if content_type.is_empty() {
            return Err(FilesError::BadRequest("Content-Type lacks".to_owned()));
        }
        let len = text(headers, header::CONTENT_LENGTH.as_str()).ok_or(FilesError::LengthRequired)?;
        let len = len
            .parse()
            .map_err(|_| FilesError::BadRequest(format!("Content-Length {len:?}")))?;
        if len > asset::MAX_ASSET_SIZE {
            return Err(FilesError::TooLarge {
                limit: asset::MAX_ASSET_SIZE,
            });
        }
        Ok(Self {
            name: name.to_owned(),
            content_type: content_type.to_owned(),
            len,
            sha256: checksum(headers)?,
            options: options(headers)?,
        })
    }
}

fn checksum(headers: &HeaderMap) -> Result<Option<String>, FilesError> {
    let Some(sum) = text(headers, "x-sabakan-asset-sha256").filter(|sum| !sum.is_empty()) else {
        return Ok(None);
    };
    if sum.len() != 64 || !sum.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(FilesError::BadRequest(format!(
            "X-Sabakan-Asset-SHA256 {sum:?} is not 64 hexadecimal digits"
        )));
    }
    Ok(Some(sum.to_ascii_lowercase()))
}

fn options(headers: &HeaderMap) -> Result<BTreeMap<String, String>, FilesError> {
    let mut options = BTreeMap::new();
    for (name, value) in headers {
        let Some(key) = name.as_str().strip_prefix(OPTION).filter(|key| !key.is_empty()) else {
            continue;
        };
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        if !machine::is_valid_label_name(key) {
            return Err(FilesError::BadRequest(format!(
                "the option's name {key:?} is not one that labels may have"
            )));
        }
        if !machine::is_valid_label_value(&value) {
            return Err(FilesError::BadRequest(format!(
                "the option's value {value:?} is not one that labels may have"
            )));
        }
        options.entry(key.to_owned()).or_insert(value);
    }
    Ok(options)
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

impl Assets {
    /// Stores an asset, new or over the one of that name.
    ///
    /// # Errors
    /// When the body is not what was said of it, the disk is full, or etcd is away. Nothing has changed then.
    pub async fn put<S, E>(&self, actor: &Actor, put: AssetPut, body: S) -> Result<AssetStatus, FilesError>
    where
        S: Stream<Item = Result<Bytes, E>> + Unpin + Send,
        E: fmt::Display,
    {
        self.try_put(actor, put, body)
            .await
            .map_err(|error| self.inner.count_full(error))
    }

    async fn try_put<S, E>(&self, actor: &Actor, put: AssetPut, body: S) -> Result<AssetStatus, FilesError>
    where
        S: Stream<Item = Result<Bytes, E>> + Unpin + Send,
        E: fmt::Display,
    {
        self.inner.dir.require(put.len)?;
        let staged = Staged::new(self.inner.dir.staging());
        let (to, len) = (staged.0.clone(), put.len);
        let sha256 = intake::feed(body, self.inner.options.idle_timeout, intake::DRAIN, move |reader| {
            save(reader, &to, len)
        })
        .await?;
        if put.sha256.as_ref().is_some_and(|wanted| *wanted != sha256) {
            return Err(FilesError::BadRequest(format!(
                "checksum mismatch: the body's SHA-256 is {sha256}"
            )));
        }
        let _places = self.inner.places.lock().await;
        // The number is taken in a transaction of its own, and only now: a crash wastes it, and no file of ours ever lies under a
        // number that another server may get.
        let id = self.next_id().await?;
        self.place(id, &sha256, staged).await?;
        let asset = Asset {
            name: put.name,
            id: StringInt(id),
            content_type: put.content_type,
            date: GoTime::utc(jiff::Timestamp::now()),
            size: i64::try_from(len).map_err(FilesError::internal)?,
            sha256,
            options: Some(put.options),
            ..Asset::default()
        };
        self.store(actor, asset).await
    }

    async fn next_id(&self) -> Result<i64, FilesError> {
        for _ in 0..MAX_ATTEMPTS {
            let last = self
                .inner
                .etcd
                .get(plan::LAST)
                .await
                .map_err(FilesError::etcd("reading the last asset's number"))?;
            let (id, txn) = plan::next_id(last.as_ref())?;
            let outcome = self
                .inner
                .etcd
                .commit(txn)
                .await
                .map_err(FilesError::etcd("taking a number for the asset"))?;
            if outcome.succeeded {
                return Ok(id);
            }
        }
        Err(FilesError::Contention("taking a number for the asset"))
    }

    pub(super) async fn place(&self, id: i64, sha256: &str, staged: Staged) -> Result<(), FilesError> {
        let sha256 = sha256.to_owned();
        let placed = self.inner.blocking(move |inner| {
            let to = inner.dir.asset(id);
            inner.dir.publish(&staged.0, &to)?;
            Ok(inner.verified.note(&to, &sha256)?)
        });
        placed.await
    }

    /// Enters the asset in etcd; its file goes when that fails for good.
    async fn store(&self, actor: &Actor, mut asset: Asset) -> Result<AssetStatus, FilesError> {
        asset.urls = Some(vec![self.url(&asset.name)]);
        for _ in 0..MAX_ATTEMPTS {
            let before = self
                .inner
                .etcd
                .get(&plan::key(&asset.name))
                .await
                .map_err(FilesError::etcd("reading the asset"))?;
            let (new, txn) = plan::put(&asset, before.as_ref())?;
            let detail = format!("new checksum: {}", asset.sha256);
            let draft = AuditDraft::new(AuditCategory::ASSETS, &asset.name, "put", detail);
            let outcome = self.inner.storage.0.commit_audited(actor, draft, txn).await?;
            if outcome.succeeded {
                self.inner.see(Part::Assets, outcome.revision).await;
                return Ok(AssetStatus {
                    status: if new { 201 } else { 200 },
                    id: asset.id,
                    ..AssetStatus::default()
                });
            }
        }
        self.inner.dir.discard(&self.inner.dir.asset(asset.id.0))?;
        Err(FilesError::Contention("storing the asset"))
    }
}

/// Writes the body to `to`, synced, and gives its SHA-256.
fn save(mut body: impl Read, to: &Path, len: u64) -> Result<String, FilesError> {
    let mut file = File::create(to).map_err(DiskError::io("creating", to))?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 256 * 1024];
    let mut got = 0;
    loop {
        let read = body.read(&mut buffer).map_err(|error| match error.get_ref() {
            Some(inner) if inner.is::<BrokenOff>() => FilesError::BrokenOff(inner.to_string()),
            _ => FilesError::internal(error),
        })?;
        if read == 0 {
            break;
        }
        got += read as u64;
        if got > len {
            return Err(FilesError::BadRequest(format!(
                "the body is longer than the {len} bytes it promised"
            )));
        }
        hasher.update(&buffer[..read]);
        file.write_all(&buffer[..read]).map_err(DiskError::io("writing", to))?;
    }
    if got != len {
        return Err(FilesError::BrokenOff(format!("{got} of {len} bytes came")));
    }
    file.sync_all().map_err(DiskError::io("syncing", to))?;
    Ok(hex::encode(hasher.finalize()))
}
