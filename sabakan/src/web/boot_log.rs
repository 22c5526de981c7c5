//! The boot log: the time-line of one machine's latest boot, and the machines that are stuck.

use super::app::App;
use super::call::Call;
use super::error::ApiError;
use super::{query, reply};
use axum::response::Response;
use http::StatusCode;
use sabakan_model::boot_log::{BootState, Limits, timeline};

pub(super) async fn machine(app: &App, call: Call) -> Result<Response, ApiError> {
    super::config::no_query(&call)?;
    let serial = call.param(0);
    let events = app.storage.boot_log(serial).await?;
    if events.is_empty() && app.storage.machine(serial).is_none() {
        return Err(ApiError::not_found(format_args!("machine {serial}")));
    }
    reply::json(StatusCode::OK, &timeline(serial, events, Limits::default(), app.now()))
}

/// Time-lines without their single events; with `?stuck`, of the machines that stand still.
pub(super) async fn list(app: &App, call: Call) -> Result<Response, ApiError> {
    let [stuck] = query::only(call.query(), ["stuck"])?;
    let wanted = |state: BootState| stuck.is_none() || state == BootState::Stuck;
    let now = app.now();
    let mut lines = Vec::new();
    for (serial, events) in app.storage.boot_logs().await? {
        let mut line = timeline(&serial, events, Limits::default(), now);
        line.events.clear();
        if wanted(line.state) {
            lines.push(line);
        }
    }
    reply::json(StatusCode::OK, &lines)
}
