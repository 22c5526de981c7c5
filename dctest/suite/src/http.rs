//! Requests and their answers.

use std::net::IpAddr;
use std::time::Duration;

/// An operator's address, in no rack: every server here lets it do all.
pub const OPERATOR: &str = "10.1.1.1";

/// A status with headers and body.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: reqwest::header::HeaderMap,
    /// The body.
    pub bytes: Vec<u8>,
}

impl Answer {
    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// When it is not.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// A header, empty when it is not there.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or("")
    }

    /// Itself, when it has this status.
    ///
    /// # Panics
    /// With the body when it has another.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text());
        self
    }
}

/// A client that calls from an address of the present network namespace.
///
/// # Panics
/// When the address is none.
#[must_use]
pub fn client(from: &str) -> reqwest::Client {
    // Another test of this process may have installed it.
    let _already = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let from: IpAddr = from.parse().expect("an address");
    reqwest::Client::builder()
        .no_proxy()
        .local_address(from)
        .danger_accept_invalid_certs(true)
        .redirect(reqwest::redirect::Policy::none())
        .timeout(Duration::from_secs(60))
        .build()
        .expect("a client")
}

/// Sends a request and reads the answer to its end.
///
/// # Errors
/// When no answer came.
pub async fn try_send(request: reqwest::RequestBuilder) -> reqwest::Result<Answer> {
    let response = request.send().await?;
    Ok(Answer {
        status: response.status().as_u16(),
        headers: response.headers().clone(),
        bytes: response.bytes().await?.to_vec(),
    })
}
