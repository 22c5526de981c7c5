//! Uploads of files: streamed from disk, with progress.

mod archive;
mod content_type;

use crate::{Client, Error};
use bytes::Bytes;
use futures::{Stream, TryStreamExt};
use http::{HeaderName, HeaderValue, Method, header};
use sabakan_model::AssetStatus;
use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::Arc;
use tokio::fs::File;
use tokio::io::AsyncRead;
use tokio_util::io::ReaderStream;

pub use content_type::detect as detect_content_type;

/// Is told of every piece that leaves: its bytes, and how many the whole upload has.
pub type Progress = Arc<dyn Fn(u64, u64) + Send + Sync>;

/// A progress that nobody watches.
#[must_use]
pub fn unwatched() -> Progress {
    Arc::new(|_, _| {})
}

/// Pieces as large as a read from disk is fast; 2 KiB, the usual size of streams, costs a system call each.
const PIECE: usize = 256 * 1024;

impl Client {
    /// Uploads a kernel and an initial root file system as one image.
    ///
    /// # Errors
    /// 409 when the id was deleted or is taken by another content; also when a file cannot be read.
    pub async fn upload_image(
        &self,
        os: &str,
        id: &str,
        kernel: &Path,
        initrd: &Path,
        progress: Progress,
    ) -> Result<(), Error> {
        let (reader, size) = archive::image(kernel, initrd).await?;
        let url = self.url(&["images", os, id])?;
        let request = self
            .request(Method::PUT, url)
            .header(header::CONTENT_TYPE, "application/tar");
        self.send(with_body(request, reader, size, progress)).await.map(drop)
    }

    /// Uploads a file as an asset, with notes.
    ///
    /// # Errors
    /// 400 for notes that are not valid, 413 over 4 GiB; also when the file cannot be read.
    pub async fn upload_asset(
        &self,
        name: &str,
        path: &Path,
        notes: &BTreeMap<String, String>,
        progress: Progress,
    ) -> Result<AssetStatus, Error> {
        let (file, size) = open(path).await?;
        let content_type = content_type::detect(path).map_err(|e| unreadable(path, e))?;
        let mut request = self
            .request(Method::PUT, self.url(&["assets", name])?)
            .header(header::CONTENT_TYPE, content_type);
        for (key, value) in notes {
            let (key, value) = note(key, value)?;
            request = request.header(key, value);
        }
        self.read_json(with_body(request, file, size, progress)).await
    }
}

fn note(key: &str, value: &str) -> Result<(HeaderName, HeaderValue), Error> {
    let name =
        HeaderName::try_from(format!("x-sabakan-asset-options-{key}")).map_err(|_| Error::Segment(key.into()))?;
    let value = HeaderValue::try_from(value).map_err(|_| Error::Segment(value.into()))?;
    Ok((name, value))
}

fn with_body<R>(request: reqwest::RequestBuilder, reader: R, size: u64, progress: Progress) -> reqwest::RequestBuilder
where
    R: AsyncRead + Send + Unpin + 'static,
{
    let body = reqwest::Body::wrap_stream(watched(reader, size, progress));
    request.header(header::CONTENT_LENGTH, size).body(body)
}

fn watched<R: AsyncRead>(reader: R, size: u64, progress: Progress) -> impl Stream<Item = io::Result<Bytes>> {
    ReaderStream::with_capacity(reader, PIECE).inspect_ok(move |piece| progress(piece.len() as u64, size))
}

async fn open(path: &Path) -> Result<(File, u64), Error> {
    let open = async {
        let file = File::open(path).await?;
        let meta = file.metadata().await?;
        if meta.is_dir() {
            return Err(io::Error::from(io::ErrorKind::IsADirectory));
        }
        Ok((file, meta.len()))
    };
    open.await.map_err(|e| unreadable(path, e))
}

fn unreadable(path: &Path, source: io::Error) -> Error {
    Error::File {
        path: path.to_owned(),
        source,
    }
}
