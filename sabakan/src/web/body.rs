//! Request bodies, read with a limit in size and in patience.

use super::error::ApiError;
use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use std::time::Duration;

/// A body that sends nothing for this long is given up: its connection would hold a place of the API for ever.
const IDLE: Duration = Duration::from_secs(10);

/// A whole small body must be here by then, however it trickles.
const WHOLE: Duration = Duration::from_secs(60);

/// Reads a body of at most `limit` bytes.
///
/// # Errors
/// 413 with the limit; 408 where the client is too slow; 400 where it breaks off.
pub async fn read(mut body: Body, limit: usize) -> Result<Bytes, ApiError> {
    let whole = async {
        let mut bytes = BytesMut::new();
        while let Some(data) = next(&mut body).await? {
            if bytes.len() + data.len() > limit {
                return Err(ApiError::too_large(limit.try_into().unwrap_or(u64::MAX)));
            }
            bytes.extend_from_slice(&data);
        }
        Ok(bytes.freeze())
    };
    tokio::time::timeout(WHOLE, whole)
        .await
        .unwrap_or_else(|_elapsed| Err(slow(WHOLE)))
}

/// The next piece of a body; `None` at its end.
///
/// # Errors
/// 408 where nothing came for a while; 400 where the body breaks off.
pub async fn next(body: &mut Body) -> Result<Option<Bytes>, ApiError> {
    loop {
        let frame = tokio::time::timeout(IDLE, body.frame())
            .await
            .map_err(|_elapsed| slow(IDLE))?;
        match frame {
            None => return Ok(None),
            Some(Ok(frame)) => {
                // Trailers are of no interest; the next frame is the end.
                if let Ok(data) = frame.into_data() {
                    return Ok(Some(data));
                }
            }
            Some(Err(error)) => {
                return Err(ApiError::bad_request(format_args!("the body broke off: {error}")));
            }
        }
    }
}

fn slow(after: Duration) -> ApiError {
    let words = format!("the body did not arrive within {} seconds", after.as_secs());
    ApiError::new(http::StatusCode::REQUEST_TIMEOUT, words)
}
