//! IPAM, DHCP and kernel parameters.

use super::app::App;
use super::call::Call;
use super::error::ApiError;
use super::{body, query, reply};
use axum::response::Response;
use http::StatusCode;
use sabakan_model::kernel_params::{KernelParams, MAX_KERNEL_PARAMS};
use sabakan_model::{DhcpConfig, IpamConfig, decode_api};
use sabakan_storage::StorageError;

/// Larger than any configuration.
const MAX_CONFIG: usize = 64 * 1024;

/// The one operating system that images and parameters are kept for.
pub(super) const OS: &str = "coreos";

pub(super) fn get_ipam(app: &App) -> Result<Response, ApiError> {
    let ipam = app.storage.site().borrow().ipam.clone();
    let ipam = ipam.ok_or_else(|| ApiError::not_found("there is no IPAM configuration yet"))?;
    reply::json(StatusCode::OK, &*ipam)
}

pub(super) async fn put_ipam(app: &App, call: Call) -> Result<Response, ApiError> {
    let actor = call.actor(&app.hostname);
    let bytes = body::read(call.body, MAX_CONFIG).await?;
    let config: IpamConfig = decode_api(&bytes).map_err(ApiError::bad_request)?;
    config.validate().map_err(ApiError::bad_request)?;
    let revision = app.storage.put_ipam(&actor, &config).await.map_err(frozen)?;
    null(app, revision).await
}

/// Clients of the original know this refusal as a 500.
fn frozen(error: StorageError) -> ApiError {
    match error {
        StorageError::Conflict(why) => ApiError::internal(why),
        other => other.into(),
    }
}

pub(super) fn get_dhcp(app: &App) -> Result<Response, ApiError> {
    let dhcp = app.storage.site().borrow().dhcp.clone();
    let dhcp = dhcp.ok_or_else(|| ApiError::not_found("there is no DHCP configuration yet"))?;
    reply::json(StatusCode::OK, &*dhcp)
}

pub(super) async fn put_dhcp(app: &App, call: Call) -> Result<Response, ApiError> {
    let actor = call.actor(&app.hostname);
    let bytes = body::read(call.body, MAX_CONFIG).await?;
    let config: DhcpConfig = decode_api(&bytes).map_err(ApiError::bad_request)?;
    config.validate().map_err(ApiError::bad_request)?;
    let revision = app.storage.put_dhcp(&actor, &config).await?;
    null(app, revision).await
}

pub(super) fn get_kernel_params(app: &App, call: &Call) -> Result<Response, ApiError> {
    let os = known_os(call)?;
    let params = app.storage.kernel_params(os);
    let params = params.ok_or_else(|| ApiError::not_found("there are no kernel parameters yet"))?;
    Ok(reply::typed(StatusCode::OK, "text/plain", params))
}

pub(super) async fn put_kernel_params(app: &App, call: Call) -> Result<Response, ApiError> {
    let os = known_os(&call)?.to_owned();
    let actor = call.actor(&app.hostname);
    let bytes = body::read(call.body, MAX_KERNEL_PARAMS + 1).await?;
    let text = std::str::from_utf8(&bytes).map_err(ApiError::bad_request)?;
    // An editor's final newline means nothing; one inside would end iPXE's command.
    let text = text.strip_suffix('\n').unwrap_or(text);
    let params = KernelParams::new(text).map_err(ApiError::bad_request)?;
    let revision = app.storage.put_kernel_params(&actor, &os, &params).await?;
    null(app, revision).await
}

fn known_os(call: &Call) -> Result<&str, ApiError> {
    let os = call.param(0);
    if sabakan_model::image::is_valid_image_os(os) {
        Ok(os)
    } else {
        Err(ApiError::bad_request(format_args!(
            "`{os}` is not a name of an operating system"
        )))
    }
}

/// Refuses any query parameter.
pub(super) fn no_query(call: &Call) -> Result<(), ApiError> {
    query::only(call.query(), []).map(|[]| ())
}

/// What clients of the original read after a successful PUT of a configuration.
async fn null(app: &App, revision: i64) -> Result<Response, ApiError> {
    app.settled(revision).await;
    Ok(reply::with_revision(reply::json(StatusCode::OK, &())?, revision))
}
