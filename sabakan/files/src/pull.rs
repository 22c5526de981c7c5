//! Pulling a file from a peer into `partial/`, from where the last try broke off.
//!
//! The peer may be the original, which answers archives of images without ranges and entity tags, or anything at all: what
//! arrives is checked by the caller before it gets its place.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use futures::StreamExt;
use http::{HeaderMap, StatusCode, header};
use rand::seq::SliceRandom;
use reqwest::{Client, ClientBuilder, Response, redirect};

use crate::{
    disk::{DataDir, DiskError, remove},
    error::FilesError,
    intake,
    options::Options,
    peer_tls::PeerTls,
};

/// A peer that has lost its copy redirects to others, maybe to this server: every URL is tried here anyway.
fn builder(idle: Duration) -> ClientBuilder {
    Client::builder()
        .connect_timeout(CONNECT)
        .read_timeout(idle)
        .redirect(redirect::Policy::none())
        .no_proxy()
}

/// How long a peer may take to answer a connection.
const CONNECT: Duration = Duration::from_secs(5);

/// What is pulled.
#[derive(Debug)]
pub(crate) struct Wanted {
    /// Where it is collected.
    pub(crate) partial: PathBuf,
    /// The most bytes that it may have.
    pub(crate) limit: u64,
    /// Headers that the peer's answer must carry, with their values.
    pub(crate) required: Vec<(&'static str, String)>,
}

/// Why a peer did not help.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PullError {
    #[error("the peer cannot be reached or broke off: {0}")]
    Network(String),
    #[error("the peer answered {0}")]
    Status(StatusCode),
    #[error("the peer answered something else: {0}")]
    Garbage(String),
    #[error(transparent)]
    Disk(#[from] DiskError),
    #[error("{0}")]
    Other(String),
}

impl PullError {
    /// For the label of a metric.
    pub(crate) fn label(&self) -> &'static str {
        match self {
            Self::Network(_) => "network",
            Self::Status(_) => "status",
            Self::Garbage(_) => "garbage",
            Self::Disk(error) if error.is_full() => "disk_full",
            Self::Disk(_) | Self::Other(_) => "failed",
        }
    }
}

/// A client for peers.
#[derive(Debug, Clone)]
pub(crate) struct Puller {
    plain: Client,
    tls: Option<PeerTls>,
    idle: Duration,
    own: String,
}

impl Puller {
    pub(crate) fn new(options: &Options) -> Result<Self, reqwest::Error> {
        let builder = || builder(options.idle_timeout);
        // A host or a container without CA certificates must not keep the server from starting.
        let plain = builder().build().or_else(|_no_ca| builder().tls_certs_only([]).build());
        Ok(Self {
            plain: plain?,
            tls: options.peer_tls.clone(),
            idle: options.idle_timeout,
            own: options.url("/"),
        })
    }

    /// The URLs of others in random order, each over HTTPS first where peers have certificates. What comes over plain HTTP is
    /// checked all the same; a peer that requires a certificate refuses there.
    pub(crate) fn candidates(&self, urls: Option<&Vec<String>>) -> Vec<String> {
        let mut urls: Vec<&String> = urls
            .into_iter()
            .flatten()
            .filter(|url| !url.starts_with(&self.own))
            .collect();
        urls.shuffle(&mut rand::rng());
        let secure = |url: &str| self.tls.as_ref().and_then(|tls| tls.secure(url));
        let both = urls.into_iter().flat_map(|url| [secure(url), Some(url.clone())]);
        both.flatten().collect()
    }

    fn client_for(&self, url: &str) -> Result<Client, PullError> {
        match &self.tls {
            Some(tls) if url.starts_with("https:") => tls.client(builder(self.idle)).map_err(PullError::Other),
            _ => Ok(self.plain.clone()),
        }
    }

    /// Pulls `url` into the partial file, until it is complete.
    pub(crate) async fn pull(&self, url: &str, wanted: &Wanted) -> Result<(), PullError> {
        let resume = Resume::read(&wanted.partial);
        let mut request = self.client_for(url)?.get(url);
        if let Some(resume) = &resume {
            request = request.header(header::RANGE, format!("bytes={}-", resume.at));
            request = request.header(header::IF_RANGE, &resume.validator);
        }
        let response = request
            .send()
            .await
            .map_err(|error| PullError::Network(chain(&error)))?;
        let from = starts_at(&response, resume.as_ref().map(|resume| resume.at))?;
        for (name, value) in &wanted.required {
            let got = text(response.headers(), name).unwrap_or_default();
            if !got.eq_ignore_ascii_case(value) {
                return Err(PullError::Garbage(format!("{name} is {got:?} and not {value:?}")));
            }
        }
        let expected = response.content_length().map(|rest| from.saturating_add(rest));
        if expected.is_some_and(|len| len > wanted.limit) {
            return Err(PullError::Garbage(format!("more than {} bytes", wanted.limit)));
        }
        let file = open(&wanted.partial, from, validator(response.headers()))?;
        self.copy(response, file, from, expected, wanted).await
    }

    async fn copy(
        &self,
        response: Response,
        mut file: File,
        from: u64,
        expected: Option<u64>,
        wanted: &Wanted,
    ) -> Result<(), PullError> {
        let (path, limit) = (wanted.partial.clone(), wanted.limit);
        let body = response
            .bytes_stream()
            .map(|piece| piece.map_err(|error| chain(&error)));
        let written = intake::feed(Box::pin(body), self.idle, Duration::ZERO, move |mut reader| {
            let mut copied = Counted {
                file: &mut file,
                len: from,
                limit,
                path: &path,
            };
            let result = io::copy(&mut reader, &mut copied);
            let len = copied.len;
            Ok((result.map(|_| ()), len))
        });
        let (result, len) = written.await.map_err(|error| PullError::Other(error.to_string()))?;
        match result {
            Ok(()) if expected.is_none_or(|expected| expected == len) => Ok(()),
            Ok(()) => Err(PullError::Network(format!("it ended after {len} bytes"))),
            Err(error) => Err(told_apart(error, &wanted.partial)),
        }
    }
}

/// What a broken-off try left.
struct Resume {
    at: u64,
    validator: String,
}

impl Resume {
    /// Without the validator of the first answer it cannot be known that the rest belongs to it.
    fn read(partial: &Path) -> Option<Self> {
        let at = fs::metadata(partial).ok()?.len();
        let validator = fs::read_to_string(validator_of(partial)).ok()?;
        (at > 0 && !validator.is_empty()).then_some(Self { at, validator })
    }
}

fn validator_of(partial: &Path) -> PathBuf {
    partial.with_added_extension("validator")
}

/// A strong entity tag, or the date that the original's assets carry.
fn validator(headers: &HeaderMap) -> Option<&str> {
    let etag = text(headers, header::ETAG.as_str()).filter(|etag| etag.starts_with('"'));
    etag.or_else(|| text(headers, header::LAST_MODIFIED.as_str()))
}

/// Where the answer begins.
fn starts_at(response: &Response, asked: Option<u64>) -> Result<u64, PullError> {
    match response.status() {
        StatusCode::OK => Ok(0),
        StatusCode::PARTIAL_CONTENT => {
            let range = text(response.headers(), header::CONTENT_RANGE.as_str()).unwrap_or_default();
            let start = range
                .strip_prefix("bytes ")
                .and_then(|range| range.split('-').next()?.parse::<u64>().ok());
            match (start, asked) {
                (Some(start), Some(asked)) if start == asked => Ok(start),
                _ => Err(PullError::Garbage(format!("it answered the range {range:?}"))),
            }
        }
        status => Err(PullError::Status(status)),
    }
}

/// Opens the partial file at `from`; a start from 0 forgets what was there.
fn open(partial: &Path, from: u64, validator: Option<&str>) -> Result<File, DiskError> {
    let mark = validator_of(partial);
    if from == 0 {
        remove(&mark)?;
        let file = File::create(partial).map_err(DiskError::io("creating", partial))?;
        fs::write(&mark, validator.unwrap_or_default()).map_err(DiskError::io("writing", &mark))?;
        return Ok(file);
    }
    OpenOptions::new()
        .append(true)
        .open(partial)
        .map_err(DiskError::io("opening", partial))
}

/// Forgets a partial file: it is used, or of no use.
pub(crate) fn forget(partial: &Path) -> Result<(), DiskError> {
    remove(partial)?;
    remove(&validator_of(partial))
}

/// Forgets the partial files named `kind-...` that nobody waits for any more.
pub(crate) fn forget_unwanted(dir: &DataDir, kind: &str, wanted: impl Fn(&str) -> bool) -> Result<(), DiskError> {
    for name in dir.partials()? {
        let of = name.strip_suffix(".validator").unwrap_or(&name);
        if of.strip_prefix(kind).is_some_and(|id| !wanted(id)) {
            remove(&dir.ours("partial").join(&name))?;
        }
    }
    Ok(())
}

/// A file that takes no more than its limit.
struct Counted<'a> {
    file: &'a mut File,
    len: u64,
    limit: u64,
    path: &'a Path,
}

impl Write for Counted<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.len + bytes.len() as u64 > self.limit {
            return Err(io::Error::other(TooMuch));
        }
        let written = self
            .file
            .write(bytes)
            .map_err(|error| io::Error::other(DiskError::io("writing", self.path)(error)))?;
        self.len += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[derive(Debug, thiserror::Error)]
#[error("more bytes than it may have")]
struct TooMuch;

fn told_apart(error: io::Error, partial: &Path) -> PullError {
    let Some(inner) = error.get_ref() else {
        return PullError::Disk(DiskError::io("writing", partial)(error));
    };
    if inner.is::<TooMuch>() {
        return PullError::Garbage(inner.to_string());
    }
    if inner.is::<DiskError>() {
        let inner = error.into_inner().and_then(|inner| inner.downcast::<DiskError>().ok());
        return inner.map_or_else(
            || PullError::Other("writing failed".to_owned()),
            |inner| PullError::Disk(*inner),
        );
    }
    PullError::Network(inner.to_string())
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// reqwest's errors say little without their causes.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

impl From<FilesError> for PullError {
    fn from(error: FilesError) -> Self {
        match error {
            FilesError::Disk(error) => Self::Disk(error),
            FilesError::BadRequest(reason) => Self::Garbage(reason),
            FilesError::TooLarge { limit } => Self::Garbage(format!("more than {limit} bytes")),
            other => Self::Other(other.to_string()),
        }
    }
}
