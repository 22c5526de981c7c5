//! `/health`, `/version` and `/metrics`, and what the original answers to everything else.

use crate::metrics::Metrics;
use anyhow::Context as _;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router, routing::get};
use neco_daemon::http::{RequestId, request_id, status_routes};
use neco_etcd::Etcd;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The server's socket, bound.
#[derive(Debug)]
pub(crate) struct Bound(TcpListener);

impl Bound {
    /// Binds.
    ///
    /// # Errors
    /// When the address is taken or not ours.
    pub(crate) async fn bind(address: SocketAddr) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(address)
            .await
            .with_context(|| format!("cannot listen on {address} (--http)"))?;
        Ok(Self(listener))
    }

    /// Where it listens.
    ///
    /// # Errors
    /// The system's.
    pub(crate) fn address(&self) -> std::io::Result<SocketAddr> {
        self.0.local_addr()
    }

    /// Answers until the drain.
    ///
    /// # Errors
    /// When no connection can be accepted any more.
    pub(crate) async fn serve(
        self,
        etcd: Etcd,
        metrics: Arc<Metrics>,
        drain: CancellationToken,
    ) -> std::io::Result<()> {
        let app = routes(etcd, metrics).into_make_service_with_connect_info::<SocketAddr>();
        axum::serve(self.0, app)
            .with_graceful_shutdown(async move { drain.cancelled().await })
            .await
    }
}

fn routes(etcd: Etcd, metrics: Arc<Metrics>) -> Router {
    let check: neco_daemon::http::Check = Arc::new(move || {
        let etcd = etcd.clone();
        Box::pin(async move { etcd.get("health").await.map(|_| ()).map_err(Into::into) })
    });
    Router::new()
        .route("/metrics", get(scrape))
        .with_state(metrics)
        .merge(status_routes(env!("CARGO_PKG_VERSION"), check))
        .fallback(not_found)
        .method_not_allowed_fallback(not_found)
        .layer(axum::middleware::from_fn(request_id::layer))
}

async fn scrape(State(metrics): State<Arc<Metrics>>) -> Response {
    match metrics.text() {
        Ok(text) => ([(header::CONTENT_TYPE, TEXT)], text).into_response(),
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "metrics cannot be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

async fn not_found(id: Option<axum::Extension<RequestId>>) -> Response {
    let id = id.map(|id| id.0.as_str().to_owned()).unwrap_or_default();
    let body = serde_json::json!({ "error": "requested resource is not found", "request_id": id, "status": 404 });
    (StatusCode::NOT_FOUND, Json(body)).into_response()
}
