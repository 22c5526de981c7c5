//! Disk keys. The client formats a disk when it is told 404, so 404 is said only after a linearizable read of etcd; what is
//! refused is 403, and trouble is 5xx.

use super::app::App;
use super::call::Call;
use super::error::ApiError;
use super::{body, reply};
use axum::response::Response;
use http::{HeaderName, HeaderValue, StatusCode};
use sabakan_storage::{DiskKey, MAX_KEY};
use serde::Serialize;

/// Says why a key is missing: `never` or `deleted`.
const KEY_STATE: HeaderName = HeaderName::from_static("x-sabakan-key-state");

/// Clients of the original read these two members.
#[derive(Serialize)]
struct Created<'a> {
    path: &'a str,
    status: u16,
}

pub(super) async fn get(app: &App, call: Call) -> Result<Response, ApiError> {
    let (serial, path) = (call.param(0), call.param(1));
    let key = match app.storage.disk_key(serial, path).await? {
        DiskKey::Found(key) => key,
        DiskKey::Deleted(_) => return Ok(missing(&call, "deleted")),
        DiskKey::Never => return Ok(missing(&call, "never")),
    };
    app.boot.keys(app, &call, serial, "fetched");
    Ok(reply::typed(StatusCode::OK, "application/octet-stream", key))
}

/// 404, with the word by which a client tells a key that was deleted on purpose from one that should be there.
fn missing(call: &Call, state: &'static str) -> Response {
    let error = ApiError::not_found(format_args!(
        "no key for disk {} of machine {}",
        call.param(1),
        call.param(0)
    ));
    let mut response = error.into_response(&call.id);
    response
        .headers_mut()
        .insert(KEY_STATE, HeaderValue::from_static(state));
    response
}

pub(super) async fn put(app: &App, mut call: Call) -> Result<Response, ApiError> {
    let actor = call.actor(&app.hostname);
    let (serial, path) = (call.param(0).to_owned(), call.param(1).to_owned());
    let key = body::read(std::mem::take(&mut call.body), MAX_KEY).await?;
    if key.is_empty() {
        return Err(ApiError::bad_request("the body is empty"));
    }
    let revision = app.storage.put_disk_key(&actor, &serial, &path, &key).await?;
    app.boot.keys(app, &call, &serial, "stored");
    let created = Created {
        path: &path,
        status: 201,
    };
    Ok(reply::with_revision(
        reply::json(StatusCode::CREATED, &created)?,
        revision,
    ))
}

pub(super) async fn delete(app: &App, call: Call) -> Result<Response, ApiError> {
    let (deleted, revision) = app
        .storage
        .delete_disk_keys(&call.actor(&app.hostname), call.param(0))
        .await?;
    Ok(reply::with_revision(reply::json(StatusCode::OK, &deleted)?, revision))
}
