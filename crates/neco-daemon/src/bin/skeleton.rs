//! The smallest daemon made of this crate: an example to start from, and what the tests of this crate start.
//!
//! `skeleton -http 127.0.0.1:0` prints its address in the log and serves `/health`, `/version`, `/metrics` and
//! `/slow?MILLISECONDS`, and `/slow` that takes until somebody asks for `/finish`; `/panic` is a defect.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{RawQuery, Request, State};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use clap::Parser;
use neco_daemon::http::{Class, Limits, Places, request_id, status_routes};
use neco_daemon::lifecycle::{Lifecycle, Services, ready};
use neco_daemon::log::{LogArgs, LogConfig};
use neco_daemon::metrics::ProcessCollector;
use tokio::sync::watch;

type Error = Box<dyn std::error::Error + Send + Sync>;

#[derive(Parser)]
struct Flags {
    /// Listen address
    #[arg(long, default_value = "127.0.0.1:0")]
    http: SocketAddr,
    #[command(flatten)]
    log: LogArgs,
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    neco_daemon::install_crypto_provider();
    let flags: Flags = neco_daemon::args::parse();
    neco_daemon::log::init(&flags.log.apply(LogConfig::default()))?;
    let lifecycle = Lifecycle::install()?;

    let listener = tokio::net::TcpListener::bind(flags.http).await?;
    tracing::info!(address = %listener.local_addr()?, "listening");
    let mut services = Services::new(&lifecycle);
    let drain = lifecycle.drain();
    let app = app()?.into_make_service_with_connect_info::<SocketAddr>();
    services.spawn("http", async move {
        axum::serve(listener, app)
            .with_graceful_shutdown(drain.cancelled_owned())
            .await
    });
    ready(|| true);
    services.run(Duration::from_secs(180)).await?;
    tracing::info!("drained");
    Ok(())
}

fn app() -> Result<Router, Error> {
    let registry = prometheus::Registry::new();
    registry.register(Box::new(ProcessCollector::new()?))?;
    let limits = Limits {
        search: 2,
        ..Limits::default()
    };
    let places = Arc::new(Places::new("skeleton", limits, &registry)?);
    let (finish, finished) = watch::channel(false);
    let slow = move |query: RawQuery| work(query, finished.clone());
    let metrics = move || async move { neco_daemon::metrics::text(&registry).unwrap_or_default() };
    Ok(status_routes("0.0.0", Arc::new(|| Box::pin(async { Ok(()) })))
        .route("/metrics", get(metrics))
        .route("/panic", get(defect))
        .route("/slow", get(slow).layer(from_fn_with_state(places, admit)))
        .route(
            "/finish",
            get(move || async move { finish.send_replace(true).to_string() }),
        )
        .layer(from_fn(request_id::layer)))
}

async fn admit(State(places): State<Arc<Places>>, request: Request, next: Next) -> Response {
    match places.take(Class::Search) {
        Ok(_place) => next.run(request).await,
        Err(full) => full.into_response(),
    }
}

async fn work(RawQuery(milliseconds): RawQuery, mut finished: watch::Receiver<bool>) -> &'static str {
    tracing::info!("slow work begins");
    match milliseconds.and_then(|text| text.parse().ok()) {
        Some(milliseconds) => tokio::time::sleep(Duration::from_millis(milliseconds)).await,
        // An error would mean that nobody can ask any more.
        None => drop(finished.wait_for(|finished| *finished).await),
    }
    "done"
}

#[allow(clippy::panic, reason = "it shows how a defect is logged")]
async fn defect() -> &'static str {
    panic!("as asked")
}
