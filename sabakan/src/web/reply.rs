//! The shapes of answers, as clients of the original know them.

use axum::body::Body;
use axum::response::Response;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{HeaderName, StatusCode};
use serde::Serialize;

use super::error::ApiError;

/// Says up to which revision of etcd a server must have read to show this change.
pub const REVISION: HeaderName = HeaderName::from_static("x-sabakan-revision");

/// An answer without a body and without a content type.
#[must_use]
pub fn empty(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

/// Adds the revision of a change.
#[must_use]
pub fn with_revision(mut response: Response, revision: i64) -> Response {
    response.headers_mut().insert(REVISION, HeaderValue::from(revision));
    response
}

/// A body of this type.
#[must_use]
pub fn typed(status: StatusCode, content_type: &'static str, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// A value as JSON with a newline after it, as Go's encoder writes it.
///
/// # Errors
/// 500 where the value cannot be written as JSON.
pub fn json<T: Serialize + ?Sized>(status: StatusCode, value: &T) -> Result<Response, ApiError> {
    let mut body = sabakan_model::to_go_json(value).map_err(ApiError::internal)?;
    body.push(b'\n');
    Ok(typed(status, "application/json", body))
}
