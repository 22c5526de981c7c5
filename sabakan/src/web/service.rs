//! A request's way through the server: route, policy, place, handler; then the count and one line of log.

use super::app::App;
use super::call::{Call, Origin, header, is_cross_site};
use super::error::ApiError;
use super::overload::class_of;
use super::{dispatch, reply};
use crate::policy::{Ask, Identity, canonical};
use crate::route::{self, UNKNOWN_PATTERN};
use axum::body::Body;
use axum::response::Response;
use futures::FutureExt as _;
use http::header::UPGRADE;
use http::{Method, Request};
use neco_daemon::http::{RequestId, access};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use tracing::Instrument as _;

/// Asks for an answer that is not older than this revision: read your own write, on whichever server.
const MIN_REVISION: &str = "x-sabakan-min-revision";

impl App {
    /// Answers one request. Every line that it causes carries its id; the last is that of the access log.
    pub async fn serve(self: &Arc<Self>, origin: &Origin, request: Request<Body>) -> Response {
        let id = RequestId::of(request.headers());
        let access = access::Record::of(&request).from(origin.peer.ip());
        let span = id.span();
        let response = self
            .answer(origin, request, id.as_str().to_owned())
            .instrument(span.clone())
            .await;
        access.follow(response, span)
    }

    async fn answer(self: &Arc<Self>, origin: &Origin, request: Request<Body>, id: String) -> Response {
        let method = request.method().clone();
        let identified = matches!(origin.identity, Some(Identity::Operator(_) | Identity::Peer));
        let found = route::resolve(origin.listener, identified, &method, request.uri().path());
        let (pattern, outcome) = match found {
            Err(no_route) => (UNKNOWN_PATTERN, Err(no_route.into())),
            Ok(matched) => (
                matched.row.pattern,
                self.admit(origin, matched, request, id.clone()).await,
            ),
        };
        let mut response = outcome.unwrap_or_else(|error| error.into_response(&id));
        if method == Method::HEAD {
            response = reply::head(response);
        }
        self.metrics.count(response.status().as_u16(), pattern, &method);
        response
    }

    async fn admit(
        self: &Arc<Self>,
        origin: &Origin,
        matched: route::Matched,
        request: Request<Body>,
        id: String,
    ) -> Result<Response, ApiError> {
        let (parts, body) = request.into_parts();
        let serial = matched
            .row
            .pattern
            .contains("{serial}")
            .then(|| matched.param(0).to_owned());
        let caller = self.caller(origin, &parts, serial.as_deref());
        let ip = canonical(origin.peer.ip());
        let ask = Ask::of(matched.row, origin.listener, serial.as_deref());
        let decision = self.decide(&ask, &caller, matched.row.pattern, ip);
        if !decision.allow {
            self.boot.refused(self, &matched, ip, decision.reason.word(), &id);
            return Err(ApiError::forbidden(decision.reason.advice()));
        }
        let reads = matches!(parts.method, Method::GET | Method::HEAD) && !parts.headers.contains_key(UPGRADE);
        if !reads && is_cross_site(&parts.headers) {
            return Err(ApiError::forbidden("a page of another site may change nothing here"));
        }
        let place = self.places.take(class_of(matched.row.id))?;
        self.catch_up(&parts).await?;
        let call = Call {
            id,
            ip,
            caller,
            matched,
            parts,
            body,
        };
        let handled = AssertUnwindSafe(dispatch::dispatch(self, call)).catch_unwind().await;
        let handled =
            handled.unwrap_or_else(|_panic| Err(ApiError::internal("this is a defect of sabakan; its log says more")));
        handled.map(|response| reply::holding(place, response))
    }

    /// Waits until this server knows the revision that the caller asks for.
    async fn catch_up(&self, parts: &http::request::Parts) -> Result<(), ApiError> {
        let Some(text) = header(&parts.headers, MIN_REVISION) else {
            return Ok(());
        };
        let bad = |_not_a_number| ApiError::bad_request(format_args!("{MIN_REVISION} is not a number: `{text}`"));
        let revision: i64 = text.parse().map_err(bad)?;
        Ok(self.storage.wait_for_revision(revision).await?)
    }
}

/// Adds the revision that this server has read up to, to answers from its memory.
#[must_use]
pub(super) fn as_of(app: &App, response: Response) -> Response {
    reply::with_revision(response, app.storage.revision())
}
