//! `/health` and `/version`, as the original answers them.

use std::pin::Pin;
use std::sync::Arc;

use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::StatusCode;

/// Asks whether the daemon can do its work; the error goes to the log.
pub type Check = Arc<
    dyn Fn() -> Pin<Box<dyn Future<Output = Result<(), Box<dyn std::error::Error + Send + Sync>>> + Send>>
        + Send
        + Sync,
>;

/// Routes that answer `{"health":"healthy"}` (or `unhealthy` with 500) and `{"version":"..."}`.
pub fn status_routes(version: &'static str, check: Check) -> Router {
    Router::new()
        .route("/health", get(move || health(Arc::clone(&check))))
        .route(
            "/version",
            get(move || async move { Json(serde_json::json!({ "version": version })) }),
        )
}

async fn health(check: Check) -> Response {
    match check().await {
        Ok(()) => Json(serde_json::json!({ "health": "healthy" })).into_response(),
        Err(error) => {
            tracing::error!(error = &*error as &dyn std::error::Error, "unhealthy");
            let body = Json(serde_json::json!({ "health": "unhealthy" }));
            (StatusCode::INTERNAL_SERVER_ERROR, body).into_response()
        }
    }
}
