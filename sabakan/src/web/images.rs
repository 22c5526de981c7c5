//! Boot images and assets: indices, uploads, deletions. The files themselves are sent by [`super::sending`].

use super::app::App;
use super::call::{Call, header};
use super::error::ApiError;
use super::{body, config, reply};
use axum::body::{Body, HttpBody as _};
use axum::response::Response;
use bytes::Bytes;
use futures::Stream;
use futures::stream::{self, StreamExt as _};
use http::StatusCode;
use http::header::{CONTENT_LENGTH, HeaderValue};
use sabakan_files::assets::AssetPut;

pub(super) fn index(app: &App) -> Result<Response, ApiError> {
    reply::json(StatusCode::OK, &app.files.images().index(config::OS)?)
}

pub(super) async fn put(app: &App, call: Call) -> Result<Response, ApiError> {
    let (actor, id) = (call.actor(&app.hostname), call.param(0).to_owned());
    let declared = header(&call.parts.headers, CONTENT_LENGTH.as_str()).and_then(|text| text.parse().ok());
    app.files
        .images()
        .upload(&actor, config::OS, &id, declared, pieces(call.body))
        .await?;
    Ok(reply::empty(StatusCode::CREATED))
}

pub(super) async fn delete(app: &App, call: Call) -> Result<Response, ApiError> {
    app.files
        .images()
        .delete(&call.actor(&app.hostname), config::OS, call.param(0))
        .await?;
    Ok(reply::empty(StatusCode::OK))
}

pub(super) fn asset_index(app: &App) -> Result<Response, ApiError> {
    reply::json(StatusCode::OK, &app.files.assets().names())
}

pub(super) fn asset_meta(app: &App, call: &Call) -> Result<Response, ApiError> {
    reply::json(StatusCode::OK, &app.files.assets().info(call.param(0))?)
}

pub(super) async fn put_asset(app: &App, mut call: Call) -> Result<Response, ApiError> {
    let actor = call.actor(&app.hostname);
    // Clients say nothing of the length of a body that they do not send.
    if call.body.is_end_stream() {
        let headers = &mut call.parts.headers;
        headers.entry(CONTENT_LENGTH).or_insert(HeaderValue::from(0));
    }
    let put = AssetPut::from_request(call.param(0), &call.parts.headers)?;
    let status = app.files.assets().put(&actor, put, pieces(call.body)).await?;
    let code = u16::try_from(status.status)
        .ok()
        .and_then(|code| StatusCode::from_u16(code).ok());
    reply::json(code.unwrap_or(StatusCode::OK), &status)
}

pub(super) async fn delete_asset(app: &App, call: Call) -> Result<Response, ApiError> {
    app.files
        .assets()
        .delete(&call.actor(&app.hostname), call.param(0))
        .await?;
    Ok(reply::empty(StatusCode::OK))
}

/// A body piece by piece; a client that stops sending is given up.
fn pieces(body: Body) -> impl Stream<Item = Result<Bytes, ApiError>> + Unpin + Send {
    stream::unfold(Some(body), |body| async move {
        let mut body = body?;
        match body::next(&mut body).await {
            Ok(Some(bytes)) => Some((Ok(bytes), Some(body))),
            Ok(None) => None,
            Err(error) => Some((Err(error), None)),
        }
    })
    .boxed()
}
