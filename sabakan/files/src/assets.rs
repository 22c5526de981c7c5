//! Assets: files by name, with a number for each content; metadata in etcd, a copy on the disk of every server.

mod keep;
mod plan;
mod put;

use std::{sync::Arc, time::SystemTime};

use rand::seq::IndexedRandom;
use sabakan_model::{Asset, AuditCategory};

use crate::{
    content::{Content, Reply},
    error::FilesError,
    service::Inner,
    state::Part,
};
pub use put::AssetPut;
use sabakan_storage::{Actor, AuditDraft};

/// How often a change is decided anew when others made one meanwhile.
const MAX_ATTEMPTS: u32 = 32;

/// Where an asset is.
#[derive(Debug)]
pub enum Found {
    /// Here.
    Local(Content),
    /// On a peer, under this URL.
    Peer(String),
}

impl Found {
    /// The answer to a GET or HEAD.
    #[must_use]
    pub fn reply(&self, method: &http::Method, headers: &http::HeaderMap) -> Reply {
        match self {
            Self::Local(content) => Reply::decide(method, headers, content),
            Self::Peer(url) => Reply::redirect(url),
        }
    }
}

/// The assets of a server.
#[derive(Debug, Clone)]
pub struct Assets {
    inner: Arc<Inner>,
}

impl Assets {
    pub(crate) fn new(inner: Arc<Inner>) -> Self {
        Self { inner }
    }

    /// The names in ascending order.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.inner.now().assets.keys().cloned().collect()
    }

    /// What is known of an asset, and whether this server has it.
    ///
    /// # Errors
    /// When there is none of that name.
    pub fn info(&self, name: &str) -> Result<Asset, FilesError> {
        let mut asset = self
            .inner
            .now()
            .assets
            .get(name)
            .cloned()
            .ok_or_else(|| not_found(name))?;
        asset.exists = self.is_whole(&asset);
        Ok(asset)
    }

    /// The asset's content, or where to find it.
    ///
    /// # Errors
    /// When there is none of that name, or neither this server nor a known peer has it.
    pub fn find(&self, name: &str) -> Result<Found, FilesError> {
        let state = self.inner.now();
        let asset = state.assets.get(name).ok_or_else(|| not_found(name))?;
        if self.is_whole(asset)
            && let Ok(content) = Content::open(&self.inner.dir.asset(asset.id.0))
        {
            return Ok(Found::Local(dressed(content, asset)));
        }
        let urls = self.inner.puller.candidates(asset.urls.as_ref());
        let url = urls
            .choose(&mut rand::rng())
            .ok_or_else(|| FilesError::NoPeer(format!("asset {name}")))?;
        Ok(Found::Peer(url.clone()))
    }

    /// Removes an asset; every server then removes its copy.
    ///
    /// # Errors
    /// When there is none of that name, or etcd is away.
    pub async fn delete(&self, actor: &Actor, name: &str) -> Result<(), FilesError> {
        let draft = AuditDraft::new(AuditCategory::ASSETS, name, "delete", "");
        let outcome = self
            .inner
            .storage
            .0
            .commit_audited(actor, draft, plan::delete(name))
            .await?;
        if !outcome.succeeded {
            return Err(not_found(name));
        }
        self.inner.see(Part::Assets, outcome.revision).await;
        Ok(())
    }

    /// Whether the content is here in full. The hash is checked when the copy is made or first met.
    fn is_whole(&self, asset: &Asset) -> bool {
        let meta = std::fs::metadata(self.inner.dir.asset(asset.id.0));
        meta.is_ok_and(|meta| meta.is_file() && u64::try_from(asset.size) == Ok(meta.len()))
    }

    fn url(&self, name: &str) -> String {
        self.inner.options.url(&format!("/api/v1/assets/{name}"))
    }
}

/// The headers that clients and peers rely on.
fn dressed(mut content: Content, asset: &Asset) -> Content {
    content.etag = Some(format!("\"{}\"", asset.sha256));
    content.modified = Some(SystemTime::from(asset.date.instant()));
    let mut content = content
        .with_header("content-type", &asset.content_type)
        .with_header("x-sabakan-asset-id", &asset.id.to_string())
        .with_header("x-sabakan-asset-sha256", &asset.sha256);
    for (key, value) in asset.options.iter().flatten() {
        let name = http::HeaderName::try_from(format!("x-sabakan-asset-options-{key}"));
        if let (Ok(name), Ok(value)) = (name, http::HeaderValue::from_str(value)) {
            content.headers.insert(name, value);
        }
    }
    content
}

fn not_found(name: &str) -> FilesError {
    FilesError::NotFound {
        what: "asset",
        name: name.to_owned(),
    }
}
