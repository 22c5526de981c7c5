//! Settings of the service.

use crate::peer_tls::PeerTls;
use std::{path::PathBuf, time::Duration};

/// Settings; [`Options::new`] gives those of a boot server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The data directory, `/var/lib/sabakan`.
    pub data_dir: PathBuf,
    /// The URL under which peers reach this server, without a path: `http://10.69.0.3:10080`.
    pub advertise_url: String,
    /// How peers are asked over HTTPS, before plain HTTP is tried; none where peers have no CA.
    pub peer_tls: Option<PeerTls>,
    /// The longest wait before a change is pulled. Servers wait at random, so that they do not all ask the first one at once
    /// and find each other's copies.
    pub jitter: Duration,
    /// How long after a failed pull the next try is made.
    pub retry: Duration,
    /// How long a peer or an uploading client may send nothing.
    pub idle_timeout: Duration,
    /// Bytes left free on the disk whatever is stored.
    pub min_free: u64,
    /// The most bytes of an image.
    pub max_image_size: u64,
    /// How long files that etcd does not know stay on the disk, unless etcd says that they were deleted. An etcd restored
    /// from an older backup is noticed by people, not by programs.
    pub orphan_grace: Duration,
}

impl Options {
    /// The settings of a boot server.
    #[must_use]
    pub fn new(data_dir: impl Into<PathBuf>, advertise_url: impl Into<String>) -> Self {
        Self {
            data_dir: data_dir.into(),
            advertise_url: advertise_url.into(),
            peer_tls: None,
            jitter: Duration::from_secs(30),
            retry: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(60),
            min_free: 64 << 20,
            max_image_size: 8 << 30,
            orphan_grace: Duration::from_secs(3600),
        }
    }

    /// `path` under the advertised URL.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.advertise_url.trim_end_matches('/'))
    }
}
