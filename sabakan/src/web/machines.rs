//! The inventory: register, search, change and delete machines.

use super::app::App;
use super::call::Call;
use super::error::ApiError;
use super::service::as_of;
use super::{body, reply};
use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures::stream;
use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderValue};
use jiff::Timestamp;
use sabakan_model::machine::{is_valid_label_name, is_valid_label_value};
use sabakan_model::{GoTime, MachineSpec, MachineState, Query, decode_api};
use sabakan_storage::MachineEntry;
use std::convert::Infallible;
use std::sync::Arc;

/// A machine is about 300 bytes: tens of thousands fit.
const MAX_REGISTRATION: usize = 64 * 1024 * 1024;
const MAX_STATE: usize = 128;
const MAX_LABEL: usize = 1024;
const MAX_DATE: usize = 1024;

/// Machines written into one piece of a long answer.
const PIECE: usize = 256;

pub(super) async fn register(app: &App, call: Call) -> Result<Response, ApiError> {
    let actor = call.actor(&app.hostname);
    let bytes = body::read(call.body, MAX_REGISTRATION).await?;
    let specs: Vec<MachineSpec> = decode_api(&bytes).map_err(ApiError::bad_request)?;
    drop(bytes);
    let revision = app.storage.register(&actor, specs).await?;
    let mut response = app.changed(revision).await;
    *response.status_mut() = StatusCode::CREATED;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}

pub(super) fn list(app: &App, call: &Call) -> Result<Response, ApiError> {
    let query = Query::parse(call.query().unwrap_or_default()).map_err(ApiError::bad_request)?;
    let found = app.storage.search(&query);
    if found.is_empty() {
        return Err(ApiError::not_found("no machine matches"));
    }
    let body = machines_body(found, app.now());
    Ok(as_of(app, reply::typed(StatusCode::OK, "application/json", body)))
}

/// A JSON array of machines. A long one is written piece by piece, as fast as the client takes it, so that memory does not
/// grow with the number of clients that ask for everything.
fn machines_body(found: Vec<Arc<MachineEntry>>, now: Timestamp) -> Body {
    if found.len() <= PIECE {
        return Body::from(piece(&found, 0, found.len(), now));
    }
    let total = found.len();
    let pieces = (0..total).step_by(PIECE);
    let render = move |from: usize| Ok::<Bytes, Infallible>(piece(&found, from, total, now).into());
    Body::from_stream(stream::iter(pieces.map(render)))
}

fn piece(found: &[Arc<MachineEntry>], from: usize, total: usize, now: Timestamp) -> Vec<u8> {
    let to = total.min(from + PIECE);
    let mut out = Vec::with_capacity((to - from) * 1024);
    for (at, entry) in found.iter().enumerate().take(to).skip(from) {
        out.push(if at == 0 { b'[' } else { b',' });
        entry.write_json(&mut out, now);
    }
    if to == total {
        out.extend_from_slice(b"]\n");
    }
    out
}

pub(super) async fn delete(app: &App, call: Call) -> Result<Response, ApiError> {
    let revision = app
        .storage
        .delete_machine(&call.actor(&app.hostname), call.param(0))
        .await?;
    Ok(app.changed(revision).await)
}

pub(super) fn get_state(app: &App, call: &Call) -> Result<Response, ApiError> {
    let serial = call.param(0);
    let entry = app.storage.machine(serial);
    let entry = entry.ok_or_else(|| ApiError::not_found(format_args!("machine {serial}")))?;
    let state = entry.machine.status.state.as_str();
    Ok(as_of(app, reply::typed(StatusCode::OK, "text/plain", state)))
}

pub(super) async fn put_state(app: &App, call: Call) -> Result<Response, ApiError> {
    let (actor, serial) = (call.actor(&app.hostname), call.param(0).to_owned());
    let bytes = body::read(call.body, MAX_STATE).await?;
    let text = String::from_utf8_lossy(&bytes);
    let state: MachineState = text.parse().map_err(ApiError::bad_request)?;
    let revision = app.storage.set_state(&actor, &serial, state).await?.revision;
    Ok(app.changed(revision).await)
}

pub(super) async fn put_label(app: &App, call: Call) -> Result<Response, ApiError> {
    let actor = call.actor(&app.hostname);
    let (serial, label) = (call.param(0).to_owned(), label_name(&call)?);
    let bytes = body::read(call.body, MAX_LABEL).await?;
    let value = String::from_utf8_lossy(&bytes);
    if !is_valid_label_value(&value) {
        return Err(ApiError::bad_request(format_args!(
            "`{value}` cannot be the value of a label"
        )));
    }
    let revision = app.storage.put_label(&actor, &serial, &label, &value).await?.revision;
    Ok(app.changed(revision).await)
}

pub(super) async fn delete_label(app: &App, call: Call) -> Result<Response, ApiError> {
    let label = label_name(&call)?;
    let changed = app
        .storage
        .delete_label(&call.actor(&app.hostname), call.param(0), &label)
        .await?;
    let revision = changed.revision;
    Ok(app.changed(revision).await)
}

fn label_name(call: &Call) -> Result<String, ApiError> {
    let label = call.param(1);
    if is_valid_label_name(label) {
        Ok(label.to_owned())
    } else {
        Err(ApiError::bad_request(format_args!(
            "`{label}` cannot be the name of a label"
        )))
    }
}

pub(super) async fn put_retire_date(app: &App, call: Call) -> Result<Response, ApiError> {
    let (actor, serial) = (call.actor(&app.hostname), call.param(0).to_owned());
    let bytes = body::read(call.body, MAX_DATE).await?;
    let text = String::from_utf8_lossy(&bytes);
    let date = GoTime::parse_lenient(text.trim()).map_err(ApiError::bad_request)?;
    let revision = app.storage.set_retire_date(&actor, &serial, date).await?.revision;
    Ok(app.changed(revision).await)
}
