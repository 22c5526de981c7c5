//! Ignition templates of operators.

use super::app::App;
use super::call::Call;
use super::error::ApiError;
use super::{body, reply};
use axum::response::Response;
use http::StatusCode;
use sabakan_model::machine::is_valid_role;
use sabakan_model::{IgnitionId, IgnitionTemplate, decode_api};

/// The largest template; etcd's own limit of 1.5 MiB a request comes first where the JSON is long.
const MAX_TEMPLATE: usize = 2 * 1024 * 1024;

pub(super) fn list(app: &App, call: &Call) -> Result<Response, ApiError> {
    let ids = app.storage.template_ids(role(call)?);
    let ids: Vec<&str> = ids.iter().map(IgnitionId::as_str).collect();
    // The original answers `null`, not an empty list, and its clients print what they get.
    reply::json(StatusCode::OK, &Some(ids).filter(|ids| !ids.is_empty()))
}

pub(super) fn get(app: &App, call: &Call) -> Result<Response, ApiError> {
    let (role, id) = (role(call)?, id(call)?);
    let template = app.storage.template(role, id);
    let missing = || ApiError::not_found(format_args!("Ignition template {id} of role {role}"));
    reply::json(StatusCode::OK, &template.ok_or_else(missing)?.template)
}

pub(super) async fn put(app: &App, call: Call) -> Result<Response, ApiError> {
    let (role, parsed) = (role(&call)?.to_owned(), parsed_id(&call)?);
    let actor = call.actor(&app.hostname);
    let bytes = body::read(call.body, MAX_TEMPLATE).await?;
    let template: IgnitionTemplate = decode_api(&bytes).map_err(ApiError::bad_request)?;
    let ipam = app.storage.site().borrow().ipam.clone();
    let ipam = ipam.ok_or_else(|| ApiError::bad_request("set the IPAM configuration before templates"))?;
    // A template that fails for a made-up machine would fail for all, at their boot.
    app.renderer
        .check(&template, &ipam)
        .map_err(|error| ApiError::bad_request(chain(&error)))?;
    let revision = app.storage.put_template(&actor, &role, &parsed, &template).await?;
    let mut response = app.changed(revision).await;
    *response.status_mut() = StatusCode::CREATED;
    Ok(response)
}

pub(super) async fn delete(app: &App, call: Call) -> Result<Response, ApiError> {
    let (role, id) = (role(&call)?, id(&call)?);
    let revision = app
        .storage
        .delete_template(&call.actor(&app.hostname), role, id)
        .await?;
    Ok(app.changed(revision).await)
}

/// An error with its causes, since the cause names the line of the template.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

fn role(call: &Call) -> Result<&str, ApiError> {
    let role = call.param(0);
    if is_valid_role(role) {
        Ok(role)
    } else {
        Err(ApiError::bad_request(format_args!("invalid role name: {role}")))
    }
}

fn id(call: &Call) -> Result<&str, ApiError> {
    parsed_id(call).map(|_parsed| call.param(1))
}

fn parsed_id(call: &Call) -> Result<IgnitionId, ApiError> {
    let id = call.param(1);
    id.parse()
        .map_err(|error| ApiError::bad_request(format_args!("invalid ignition id: {id}: {error}")))
}
