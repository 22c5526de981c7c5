//! The one error of the web side: a status, what went wrong in words, and the body that clients of the original read.

use axum::body::Body;
use axum::response::Response;
use http::header::{ALLOW, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use http::{Method, StatusCode};
use serde_json::json;

/// A refusal or a failure, ready to be shown to a client.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{status}: {message}")]
pub struct ApiError {
    /// The HTTP status.
    pub status: StatusCode,
    /// What went wrong and, where it helps, what to do. Shown to the client.
    pub message: String,
    /// Methods that would be right, with 405.
    pub allow: Vec<Method>,
    /// Seconds after which another try makes sense, with 503.
    pub retry_after: Option<u32>,
}

impl ApiError {
    /// An error of this status with these words.
    pub fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
            allow: Vec::new(),
            retry_after: None,
        }
    }

    /// 400, and what is wrong with the request.
    pub fn bad_request(reason: impl std::fmt::Display) -> Self {
        Self::new(StatusCode::BAD_REQUEST, format!("invalid request: {reason}"))
    }

    /// 403, and who may.
    pub fn forbidden(reason: impl std::fmt::Display) -> Self {
        Self::new(StatusCode::FORBIDDEN, format!("forbidden: {reason}"))
    }

    /// 404.
    pub fn not_found(what: impl std::fmt::Display) -> Self {
        Self::new(StatusCode::NOT_FOUND, format!("not found: {what}"))
    }

    /// 409.
    pub fn conflict(reason: impl std::fmt::Display) -> Self {
        Self::new(StatusCode::CONFLICT, format!("conflict: {reason}"))
    }

    /// 413, with the limit in bytes.
    #[must_use]
    pub fn too_large(limit: u64) -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("the body is longer than the limit of {limit} bytes"),
        )
    }

    /// 500, for what is neither the client's fault nor etcd's absence.
    pub fn internal(reason: impl std::fmt::Display) -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            format!("internal server error: {reason}"),
        )
    }

    /// 503 with Retry-After, and what to do.
    pub fn unavailable(reason: impl std::fmt::Display, retry_after: u32) -> Self {
        let mut error = Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            format!("service unavailable: {reason}"),
        );
        error.retry_after = Some(retry_after);
        error
    }

    /// The response: `{"error","request_id","status"}`, keys in this order as the original's encoder sorts them.
    #[must_use]
    pub fn into_response(self, request_id: &str) -> Response {
        let body = json!({
            "error": self.message,
            "request_id": request_id,
            "status": self.status.as_u16(),
        });
        let mut response = Response::new(Body::from(format!("{body}\n")));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        let methods: Vec<&str> = self.allow.iter().map(Method::as_str).collect();
        if let (false, Ok(value)) = (methods.is_empty(), HeaderValue::from_str(&methods.join(", "))) {
            headers.insert(ALLOW, value);
        }
        response
    }
}

impl From<crate::route::NoRoute> for ApiError {
    fn from(no: crate::route::NoRoute) -> Self {
        use crate::route::NoRoute;
        match no {
            NoRoute::NotFound => Self::not_found("nothing lives at this path"),
            NoRoute::BadRequest(reason) => Self::bad_request(reason),
            NoRoute::MethodNotAllowed(allow) => {
                let mut error = Self::new(StatusCode::METHOD_NOT_ALLOWED, "method not allowed");
                error.allow = allow;
                error
            }
        }
    }
}
