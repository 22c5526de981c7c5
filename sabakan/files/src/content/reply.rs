//! An answer, decided but not yet sent: status, headers and the segments of its body.

use std::{fmt, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};

use super::{
    Content, Segment,
    body::SegmentBody,
    conditional::{self, Decision, Facts},
};

/// How the sending of an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sent {
    /// The status sent.
    pub status: StatusCode,
    /// Bytes of the body that the kernel took.
    pub bytes: u64,
    /// Whether all of the body was sent.
    pub complete: bool,
    /// From the decision to the last byte.
    pub elapsed: Duration,
}

type OnSent = Box<dyn FnOnce(Sent) + Send + Sync>;

/// An answer ready to be sent.
pub struct Reply {
    /// Its status.
    pub status: StatusCode,
    /// Its headers, `Content-Length` included.
    pub headers: HeaderMap,
    /// Its body; empty for HEAD.
    pub segments: Vec<Segment>,
    /// Called once when the body is sent or given up; for metrics and the boot log.
    pub on_sent: Option<OnSent>,
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply")
            .field("status", &self.status)
            .field("headers", &self.headers)
            .field("segments", &self.segments)
            .finish_non_exhaustive()
    }
}

impl Reply {
    /// Answers a GET or HEAD for `content`: preconditions, a range, or all of it.
    #[must_use]
    pub fn decide(method: &Method, request: &HeaderMap, content: &Content) -> Self {
        let len = content.len();
        let facts = Facts {
            len,
            etag: content.etag.as_deref(),
            modified: content.modified,
        };
        let decision = conditional::decide(method, request, &facts);
        let mut headers = base_headers(content);
        let (status, range) = match decision {
            Decision::Whole => (StatusCode::OK, 0..len),
            Decision::Part(range) => {
                let text = format!("bytes {}-{}/{len}", range.start, range.end - 1);
                set(&mut headers, header::CONTENT_RANGE, &text);
                (StatusCode::PARTIAL_CONTENT, range)
            }
            Decision::NotModified => return Self::empty(StatusCode::NOT_MODIFIED, without_type(headers)),
            Decision::PreconditionFailed => {
                return Self::empty(StatusCode::PRECONDITION_FAILED, with_no_length(without_type(headers)));
            }
            Decision::OutsideRange => {
                set(&mut headers, header::CONTENT_RANGE, &format!("bytes */{len}"));
                return Self::empty(StatusCode::RANGE_NOT_SATISFIABLE, with_no_length(without_type(headers)));
            }
        };
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(range.end - range.start));
        let segments = if method == Method::HEAD {
            Vec::new()
        } else {
            content.slice(range)
        };
        Self {
            status,
            headers,
            segments,
            on_sent: None,
        }
    }

    /// A redirect to `location`, as for an asset that lies on a peer only.
    #[must_use]
    pub fn redirect(location: &str) -> Self {
        let mut headers = HeaderMap::new();
        set(&mut headers, header::LOCATION, location);
        Self::empty(StatusCode::FOUND, with_no_length(headers))
    }

    /// A small body of text.
    #[must_use]
    pub fn text(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        let body = body.into();
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
        Self {
            status,
            headers,
            segments: vec![Segment::Bytes(body)],
            on_sent: None,
        }
    }

    /// Adds what is called when it is sent or given up.
    #[must_use]
    pub fn on_sent(mut self, call: impl FnOnce(Sent) + Send + Sync + 'static) -> Self {
        self.on_sent = Some(Box::new(call));
        self
    }

    /// Length of the body in bytes.
    #[must_use]
    pub fn body_len(&self) -> u64 {
        self.segments.iter().map(Segment::len).sum()
    }

    /// As an answer for hyper or axum, where `sendfile(2)` cannot be used (TLS, HTTP/2).
    #[must_use]
    pub fn into_response(self) -> Response<SegmentBody> {
        let Self {
            status,
            headers,
            segments,
            on_sent,
        } = self;
        let mut response = Response::new(SegmentBody::new(segments, status, on_sent));
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        response
    }

    fn empty(status: StatusCode, headers: HeaderMap) -> Self {
        Self {
            status,
            headers,
            segments: Vec::new(),
            on_sent: None,
        }
    }
}

fn base_headers(content: &Content) -> HeaderMap {
    let mut headers = content.headers.clone();
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    if let Some(etag) = &content.etag {
        set(&mut headers, header::ETAG, etag);
    }
    if let Some(date) = content.modified.and_then(conditional::http_date) {
        set(&mut headers, header::LAST_MODIFIED, &date);
    }
    headers
}

fn without_type(mut headers: HeaderMap) -> HeaderMap {
    headers.remove(header::CONTENT_TYPE);
    headers
}

fn with_no_length(mut headers: HeaderMap) -> HeaderMap {
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
    headers
}

fn set(headers: &mut HeaderMap, name: header::HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}
