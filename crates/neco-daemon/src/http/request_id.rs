//! One id for each request, through every line that it causes.
//!
//! A client may bring one (`X-Cybozu-Request-ID`, or the header that `REQUEST_ID_HEADER` names); else one is made. It is
//! the field `request_id` of the span around the request, is sent back in the same header, and handlers find it in the
//! request's extensions.

use std::sync::OnceLock;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderMap, HeaderName, HeaderValue};
use tracing::Instrument as _;

use super::access;

/// Longer ids are cut off: they go into every line.
const MAX_LENGTH: usize = 128;

static HEADER: OnceLock<HeaderName> = OnceLock::new();

/// The id of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(String);

/// The name of the header that carries the id.
pub fn header() -> &'static HeaderName {
    HEADER.get_or_init(|| {
        let name = std::env::var("REQUEST_ID_HEADER").unwrap_or_default();
        HeaderName::try_from(name).unwrap_or(HeaderName::from_static("x-cybozu-request-id"))
    })
}

impl RequestId {
    /// The id that the client brought, as far as it is printable; else a new one.
    pub fn of(headers: &HeaderMap) -> RequestId {
        let brought = headers.get(header()).map(HeaderValue::as_bytes).unwrap_or_default();
        let kept: String = brought
            .iter()
            .filter(|byte| byte.is_ascii_graphic())
            .take(MAX_LENGTH)
            .map(|byte| char::from(*byte))
            .collect();
        if kept.is_empty() {
            RequestId::random()
        } else {
            RequestId(kept)
        }
    }

    /// A new one.
    pub fn random() -> RequestId {
        RequestId(uuid::Uuid::new_v4().to_string())
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The span that everything done for the request runs in.
    pub fn span(&self) -> tracing::Span {
        tracing::info_span!("request", request_id = self.as_str())
    }
}

/// The layer: `Router::layer(axum::middleware::from_fn(request_id::layer))`. Writes the access log, too.
pub async fn layer(mut request: Request, next: Next) -> Response {
    let id = RequestId::of(request.headers());
    request.extensions_mut().insert(id.clone());
    let record = access::Record::of(&request);
    let span = id.span();
    let mut response = next.run(request).instrument(span.clone()).await;
    if let Ok(value) = HeaderValue::from_str(id.as_str()) {
        response.headers_mut().insert(header(), value);
    }
    record.follow(response, span)
}
