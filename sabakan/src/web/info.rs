//! Health, version, metrics and the playground.

use super::app::App;
use super::error::ApiError;
use super::{metrics, reply};
use async_graphql::http::GraphiQLSource;
use axum::response::Response;
use http::StatusCode;
use serde_json::json;

/// The version of the API that this program speaks: the original's, so that its clients find what they expect.
pub const API_VERSION: &str = "3.1.9";

pub(super) async fn health(app: &App) -> Result<Response, ApiError> {
    if app.storage.health().await.is_ok() {
        return reply::json(StatusCode::OK, &json!({"health": "healthy"}));
    }
    reply::json(StatusCode::INTERNAL_SERVER_ERROR, &json!({"health": "unhealthy"}))
}

pub(super) fn version() -> Result<Response, ApiError> {
    reply::json(StatusCode::OK, &json!({"version": API_VERSION}))
}

pub(super) fn metrics(app: &App) -> Result<Response, ApiError> {
    let text = metrics::text(app).map_err(ApiError::internal)?;
    Ok(reply::typed(StatusCode::OK, metrics::CONTENT_TYPE, text))
}

pub(super) fn playground(app: &App) -> Result<Response, ApiError> {
    if !app.settings.playground {
        return Err(ApiError::not_found("the playground is not enabled"));
    }
    let page = GraphiQLSource::build()
        .endpoint("/graphql")
        .subscription_endpoint("/graphql")
        .title("sabakan")
        .finish();
    Ok(reply::typed(StatusCode::OK, "text/html; charset=utf-8", page))
}
