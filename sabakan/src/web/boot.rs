//! What is made for a booting machine: the iPXE scripts and the Ignition.

use super::app::App;
use super::call::Call;
use super::error::ApiError;
use super::{query, reply};
use crate::boot::Seen;
use crate::ignition::parse_spec;
use crate::ipxe::{self, Script};
use axum::response::Response;
use http::StatusCode;
use sabakan_ignition::Spec;
use sabakan_model::Stage;

const SCRIPT: &str = "text/plain; charset=ASCII";

pub(super) fn chain(app: &App) -> Response {
    reply::typed(StatusCode::OK, SCRIPT, ipxe::chain(&app.server_url()))
}

pub(super) fn script(app: &App, call: &Call) -> Result<Response, ApiError> {
    let serial = call.param(0);
    let entry = app.storage.machine(serial);
    let entry = entry.ok_or_else(|| refuse(app, call, serial, format!("machine {serial} is not registered")))?;
    let role = &entry.machine.spec.role;
    let ids = app.storage.template_ids(role);
    let newest = ids.last();
    let id = newest.ok_or_else(|| refuse(app, call, serial, format!("no Ignition template for role {role}")))?;
    let params = app.storage.kernel_params(super::config::OS).unwrap_or_default();
    let token = issue(app, call, serial);
    let text = ipxe::script(&Script {
        server_url: &app.server_url(),
        ignition_id: id.as_str(),
        kernel_params: &params,
        boot_token: token.as_deref(),
    });
    step(
        app,
        call,
        Stage::Ipxe,
        Some(serial),
        format!("script with Ignition {id}"),
    );
    Ok(reply::typed(StatusCode::OK, SCRIPT, text))
}

/// A token goes to the machine and its rack alone: who reads a script from elsewhere gets none.
fn issue(app: &App, call: &Call, serial: &str) -> Option<String> {
    let own = call.caller.in_rack_of_target || call.caller.machine.as_deref() == Some(serial);
    let signer = app.signer.as_ref().filter(|_| own)?;
    Some(signer.issue(serial, app.now().as_second()))
}

pub(super) fn ignition(app: &App, call: &Call) -> Result<Response, ApiError> {
    let (serial, id) = (call.param(0), call.param(1));
    let entry = app.storage.machine(serial);
    let entry = entry.ok_or_else(|| refuse(app, call, serial, format!("machine {serial} is not registered")))?;
    let role = &entry.machine.spec.role;
    let template = app.storage.template(role, id);
    let template =
        template.ok_or_else(|| refuse(app, call, serial, format!("no Ignition template {id} for role {role}")))?;
    let spec = spec(call)?;
    let rendered = app.renderer.render(&template, &entry.machine, spec).map_err(|error| {
        let why = super::ignitions::chain(&error);
        step(
            app,
            call,
            Stage::Refused,
            Some(serial),
            format!("Ignition {id} cannot be rendered: {why}"),
        );
        ApiError::internal(format_args!("Ignition template {id} of role {role}: {why}"))
    })?;
    step(app, call, Stage::Ignition, Some(serial), format!("Ignition {id}"));
    app.boot.expect_contact(serial);
    Ok(reply::typed(StatusCode::OK, "application/json", rendered + "\n"))
}

/// The specification that the query asks for. Other parameters may stand there: the token, and what firmware adds.
fn spec(call: &Call) -> Result<Option<Spec>, ApiError> {
    let asked = query::parse(call.query())?.into_iter().find(|(name, _)| name == "spec");
    let Some((_, word)) = asked else { return Ok(None) };
    let known = parse_spec(&word);
    known
        .map(Some)
        .ok_or_else(|| ApiError::bad_request(format_args!("spec `{word}` is not known; `3.4` is")))
}

/// 404 for a boot that cannot go on, with a word in the machine's boot log.
fn refuse(app: &App, call: &Call, serial: &str, why: String) -> ApiError {
    step(app, call, Stage::Refused, Some(serial), why.clone());
    ApiError::not_found(why)
}

pub(super) fn step(app: &App, call: &Call, stage: Stage, serial: Option<&str>, detail: String) {
    // A HEAD asks how large a thing is; the fetch is what counts.
    if call.parts.method != http::Method::HEAD {
        app.boot.step(
            stage,
            Seen {
                now: app.now(),
                serial,
                ip: call.ip,
                request_id: &call.id,
                detail,
            },
        );
    }
}
