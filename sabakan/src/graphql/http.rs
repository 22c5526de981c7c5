//! GraphQL over HTTP: reads the request, asks the policy about its root fields, runs it, and picks the status.

use super::operation::{Asked, asked, parse};
use crate::policy::{Ask, Caller, Decision};
use crate::route::Audience;
use crate::web::{ApiError, App, Call, body, query, reply};
use async_graphql::parser::types::OperationType;
use async_graphql::{Request, Response as GraphqlResponse, ServerError, Variables};
use axum::response::Response;
use http::header::{ACCEPT, ALLOW, CONTENT_TYPE, HeaderValue, UPGRADE};
use http::{Method, StatusCode};
use serde::Deserialize;
use std::net::IpAddr;
use std::sync::Arc;

/// The largest request: a document with its variables.
pub(super) const MAX_REQUEST: usize = 1024 * 1024;

/// The body of a POST. Members that clients add beside these are theirs.
#[derive(Deserialize)]
struct Posted {
    query: Option<String>,
    #[serde(default, rename = "operationName")]
    operation_name: Option<String>,
    #[serde(default)]
    variables: Option<serde_json::Value>,
}

/// Answers `/graphql`.
///
/// # Errors
/// What is no GraphQL request, or not allowed.
pub async fn serve(app: &Arc<App>, call: Call) -> Result<Response, ApiError> {
    if call.parts.headers.contains_key(UPGRADE) {
        return super::socket::serve(app, call).await;
    }
    match call.parts.method {
        Method::OPTIONS => Ok(options()),
        Method::GET => get(app, call).await,
        _ => post(app, call).await,
    }
}

fn options() -> Response {
    let mut response = reply::empty(StatusCode::OK);
    response
        .headers_mut()
        .insert(ALLOW, HeaderValue::from_static("OPTIONS, GET, POST"));
    response
}

async fn get(app: &Arc<App>, call: Call) -> Result<Response, ApiError> {
    let mut posted = Posted {
        query: None,
        operation_name: None,
        variables: None,
    };
    for (name, value) in query::parse(call.query())? {
        match name.as_str() {
            "query" => posted.query = Some(value),
            "operationName" => posted.operation_name = Some(value).filter(|name| !name.is_empty()),
            "variables" => match serde_json::from_str(&value) {
                Ok(variables) => posted.variables = Some(variables),
                Err(error) => return unread(&call, format!("the variables are no JSON: {error}")),
            },
            // Tools add extensions; none is known here.
            "extensions" => {}
            _ => return Err(query::unknown(&name)),
        }
    }
    run(app, call, posted, true).await
}

async fn post(app: &Arc<App>, mut call: Call) -> Result<Response, ApiError> {
    let media = call
        .parts
        .headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let media = media.split(';').next().unwrap_or_default().trim();
    if !media.eq_ignore_ascii_case("application/json") {
        let error = ServerError::new("transport not supported: POST application/json", None);
        let response = GraphqlResponse::from_errors(vec![error]);
        return answer(StatusCode::BAD_REQUEST, "text/plain; charset=utf-8", &response);
    }
    let bytes = body::read(std::mem::take(&mut call.body), MAX_REQUEST).await?;
    match serde_json::from_slice(&bytes) {
        Ok(posted) => run(app, call, posted, false).await,
        Err(error) => unread(&call, format!("the request body is no GraphQL request: {error}")),
    }
}

/// What cannot even be read as a request.
fn unread(call: &Call, why: String) -> Result<Response, ApiError> {
    refuse(call, StatusCode::BAD_REQUEST, ServerError::new(why, None))
}

fn refuse(call: &Call, status: StatusCode, error: ServerError) -> Result<Response, ApiError> {
    answer(status, media(call), &GraphqlResponse::from_errors(vec![error]))
}

async fn run(app: &Arc<App>, call: Call, posted: Posted, by_get: bool) -> Result<Response, ApiError> {
    let invalid = invalid_status(&call);
    let text = posted.query.unwrap_or_default();
    let document = match parse(&text) {
        Ok(document) => document,
        Err(error) => return refuse(&call, invalid, error),
    };
    if let Some(asked) = asked(&document, posted.operation_name.as_deref()) {
        if by_get && asked.kind != OperationType::Query {
            let error = ServerError::new("a GET can only query", None);
            return refuse(&call, StatusCode::NOT_ACCEPTABLE, error);
        }
        if asked.kind == OperationType::Subscription {
            return Err(ApiError::bad_request("subscriptions need a websocket"));
        }
        permit(app, &call.caller, call.ip, &asked)?;
    }
    let mut variables = posted.variables.map(Variables::from_json).unwrap_or_default();
    if let Err(why) = super::variables::ready(&document, posted.operation_name.as_deref(), &mut variables) {
        return refuse(&call, invalid, ServerError::new(why, None));
    }
    let mut request = Request::new(text).data(call.actor(&app.hostname)).variables(variables);
    request.set_parsed_query(document);
    request.operation_name = posted.operation_name;
    let mut response = app.graphql.execute(request).await;
    response.errors.iter_mut().for_each(name_invalid_state);
    // An error of the validation has no path, one of a resolver names its field.
    let refused = response.is_err() && response.errors.iter().all(|error| error.path.is_empty());
    answer(if refused { invalid } else { StatusCode::OK }, media(&call), &response)
}

/// Asks the policy about the root fields.
pub(super) fn permit(app: &App, caller: &Caller, ip: IpAddr, asked: &Asked) -> Result<(), ApiError> {
    let audience = asked.audience();
    if audience == Audience::Readers {
        // The route itself has this audience and was decided before.
        return Ok(());
    }
    let ask = Ask {
        audience,
        serial: None,
        open_in_original: true,
        secret: false,
    };
    let Decision { allow, reason, .. } = app.decide(&ask, caller, "/graphql", ip);
    if allow {
        Ok(())
    } else {
        Err(ApiError::forbidden(reason.advice()))
    }
}

/// The newer media type of GraphQL's answers.
const GRAPHQL_RESPONSE: &str = "application/graphql-response+json";

/// The status for a document that cannot run: clients that speak the newer media type get 400.
fn invalid_status(call: &Call) -> StatusCode {
    if media(call) == GRAPHQL_RESPONSE {
        StatusCode::BAD_REQUEST
    } else {
        StatusCode::UNPROCESSABLE_ENTITY
    }
}

/// The media type of the answer: the first that the client takes, and JSON for a client that says nothing.
fn media(call: &Call) -> &'static str {
    let accept = call.parts.headers.get(ACCEPT).and_then(|value| value.to_str().ok());
    let Some(accept) = accept.filter(|accept| !accept.trim().is_empty()) else {
        return "application/json";
    };
    let types = accept
        .split(',')
        .map(|one| one.split(';').next().unwrap_or_default().trim());
    let known = types.filter_map(|one| match one.to_ascii_lowercase().as_str() {
        "*/*" | "application/*" | "application/json" => Some("application/json"),
        GRAPHQL_RESPONSE => Some(GRAPHQL_RESPONSE),
        _ => None,
    });
    known.into_iter().next().unwrap_or(GRAPHQL_RESPONSE)
}

/// Clients of the original tell a wrong state by this extension.
fn name_invalid_state(error: &mut ServerError) {
    if error.message.contains("MachineState") && error.message.contains("does not contain the value") {
        error
            .extensions
            .get_or_insert_default()
            .set("type", "INVALID_STATE_NAME");
    }
}

fn answer(status: StatusCode, media: &'static str, response: &GraphqlResponse) -> Result<Response, ApiError> {
    let body = serde_json::to_vec(response).map_err(ApiError::internal)?;
    Ok(reply::typed(status, media, body))
}
