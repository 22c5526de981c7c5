//! The shapes of answers, as clients of the original know them.

use axum::body::Body;
use axum::body::HttpBody as _;
use axum::response::Response;
use futures::stream::{self, Stream, StreamExt as _, TryStreamExt as _};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use http::{HeaderName, StatusCode};
use neco_daemon::http::Place;
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

/// The answer to a HEAD: as to a GET, with its length, and without the body. HTTP/1 drops the body by itself; HTTP/2 takes
/// one for a breach of the protocol, and the client sees a broken stream.
#[must_use]
pub fn head(response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    let length = body.size_hint().exact().filter(|length| *length > 0);
    if let Some(length) = length {
        parts.headers.entry(CONTENT_LENGTH).or_insert(HeaderValue::from(length));
    }
    Response::from_parts(parts, Body::empty())
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

/// A body that is made while it is sent. Its first part is made before the status is sent, so that trouble shows as a status;
/// later trouble can only break the answer off.
///
/// # Errors
/// That of the first part.
pub(super) async fn streamed(
    content_type: &'static str,
    parts: impl Stream<Item = Result<Vec<u8>, ApiError>> + Send + 'static,
) -> Result<Response, ApiError> {
    let mut parts = Box::pin(parts);
    let first = parts.try_next().await?;
    let all = stream::iter(first.map(Ok)).chain(parts);
    let body = Body::from_stream(all.map_err(|error| std::io::Error::other(error.message)));
    Ok(typed(StatusCode::OK, content_type, body))
}

/// Keeps the place of a request as long as its answer is still being made; one that lies ready needs it no more.
pub(super) fn holding(place: Place, response: Response) -> Response {
    if response.body().size_hint().exact().is_some() {
        return response;
    }
    let held = move |part| {
        let _still_held = &place;
        part
    };
    response.map(|body| Body::from_stream(body.into_data_stream().map(held)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_to_a_head_has_a_length_and_no_body() {
        let answer = head(typed(StatusCode::METHOD_NOT_ALLOWED, "text/plain", "not this way"));
        assert_eq!(answer.headers().get(CONTENT_LENGTH), Some(&HeaderValue::from(12)));
        assert_eq!(answer.body().size_hint().exact(), Some(0));
        assert_eq!(head(empty(StatusCode::OK)).headers().get(CONTENT_LENGTH), None);
    }
}
