//! The envelope of the API's answers.

use serde::Deserialize;
use zeroize::Zeroizing;

/// An answer: the data of an engine or a login, and warnings beside it.
#[derive(Debug, Deserialize)]
pub(crate) struct Answer<T> {
    #[serde(default = "none")]
    pub(crate) data: Option<T>,
    #[serde(default)]
    pub(crate) auth: Option<crate::auth::Granted>,
    #[serde(default)]
    pub(crate) warnings: Option<Vec<String>>,
}

fn none<T>() -> Option<T> {
    None
}

impl<T> Answer<T> {
    pub(crate) fn empty() -> Answer<T> {
        Answer {
            data: None,
            auth: None,
            warnings: None,
        }
    }
}

/// What a refusal says.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Refusal {
    #[serde(default)]
    pub(crate) errors: Vec<String>,
}

/// Collects an answer in memory that is wiped: it may hold a key. (Buffers of the connection are beyond reach.)
pub(crate) async fn collect(mut response: reqwest::Response) -> Result<Zeroizing<Vec<u8>>, reqwest::Error> {
    let expected = response
        .content_length()
        .and_then(|l| usize::try_from(l).ok())
        .unwrap_or(0);
    let mut bytes = Zeroizing::new(Vec::with_capacity(expected.min(1 << 20)));
    while let Some(chunk) = response.chunk().await? {
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}
