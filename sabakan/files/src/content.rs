//! Something that can be sent: a sequence of bytes in memory and stretches of open files, with what
//! HTTP needs to know of it.
//!
//! An image's archive is such a sequence (tar headers in memory, members on the disk), so that it is sent by
//! `sendfile(2)` and resumed by a Range as any single file is.

pub mod body;
pub mod conditional;
pub mod range;
pub mod reply;

use std::{
    fs::File,
    io,
    ops::Range,
    path::Path,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use http::HeaderMap;

pub use reply::{Reply, Sent};

/// A stretch of what is sent.
#[derive(Debug, Clone)]
pub enum Segment {
    /// Bytes held in memory.
    Bytes(Bytes),
    /// A stretch of an open file. The file stays readable when its name is removed meanwhile.
    File {
        /// The open file.
        file: Arc<File>,
        /// Where the stretch begins, in bytes.
        offset: u64,
        /// Its length in bytes.
        len: u64,
    },
}

impl Segment {
    /// Length in bytes.
    #[must_use]
    pub fn len(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::File { len, .. } => *len,
        }
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The part of this segment inside `range`, which counts from the segment's own start.
    fn slice(&self, range: Range<u64>) -> Self {
        match self {
            Self::Bytes(bytes) => {
                let start = usize::try_from(range.start).unwrap_or(usize::MAX).min(bytes.len());
                let end = usize::try_from(range.end).unwrap_or(usize::MAX).min(bytes.len());
                Self::Bytes(bytes.slice(start..end))
            }
            Self::File { file, offset, .. } => Self::File {
                file: Arc::clone(file),
                offset: offset + range.start,
                len: range.end - range.start,
            },
        }
    }
}

/// Something that can be sent over HTTP, whole or in part.
#[derive(Debug, Clone, Default)]
pub struct Content {
    /// Its bytes, in order.
    pub segments: Vec<Segment>,
    /// Entity tag with its quotes; strong.
    pub etag: Option<String>,
    /// Last modification, as `Last-Modified` and `If-Modified-Since` have it (whole seconds count).
    pub modified: Option<SystemTime>,
    /// Further headers of the answer, content type included.
    pub headers: HeaderMap,
}

impl Content {
    /// Opens the file at `path`; its entity tag is made of size and modification time.
    ///
    /// # Errors
    /// What `open(2)` and `fstat(2)` say, and `InvalidInput` when it is no regular file.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let meta = file.metadata()?;
        if !meta.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
        }
        let modified = meta.modified().ok();
        let nanos = modified
            .and_then(|time| time.duration_since(UNIX_EPOCH).ok())
            .map_or(0, |since| since.as_nanos());
        let len = meta.len();
        Ok(Self {
            segments: vec![Segment::File {
                file: Arc::new(file),
                offset: 0,
                len,
            }],
            etag: Some(format!("\"{nanos:x}-{len:x}\"")),
            modified,
            headers: HeaderMap::new(),
        })
    }

    /// Adds a header; a name or value that HTTP does not allow is left out.
    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: &str) -> Self {
        if let Ok(value) = http::HeaderValue::from_str(value) {
            self.headers.insert(http::HeaderName::from_static(name), value);
        }
        self
    }

    /// Length in bytes.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.segments.iter().map(Segment::len).sum()
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The segments that make up `range` of the whole.
    #[must_use]
    pub fn slice(&self, range: Range<u64>) -> Vec<Segment> {
        let mut at = 0;
        let mut out = Vec::new();
        for segment in &self.segments {
            let end = at + segment.len();
            let from = range.start.max(at);
            let to = range.end.min(end);
            if from < to {
                out.push(segment.slice(from - at..to - at));
            }
            at = end;
        }
        out
    }
}

#[cfg(test)]
mod tests;
