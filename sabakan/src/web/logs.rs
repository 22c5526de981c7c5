//! The audit log, as JSON lines.

use super::app::App;
use super::call::Call;
use super::error::ApiError;
use super::{query, reply};
use axum::body::Body;
use axum::response::Response;
use futures::stream;
use http::StatusCode;
use jiff::civil::Date;

pub(super) async fn get(app: &App, call: Call) -> Result<Response, ApiError> {
    let [since, until] = query::only(call.query(), ["since", "until"])?;
    let since = since.as_deref().map(|text| date("since", text)).transpose()?.flatten();
    let until = until.as_deref().map(|text| date("until", text)).transpose()?.flatten();
    let mut pages = app.storage.audit_log(since, until);
    // The first page is read before the status is sent, so that trouble shows as a status.
    let first = pages.next().await?;
    let state = first.map(|first| (first, pages));
    let pages = stream::unfold(state, move |state| async move {
        let (page, mut pages) = state?;
        match pages.next().await {
            Ok(next) => Some((Ok(page), next.map(|next| (next, pages)))),
            // The status is gone: a failure now can only break the answer off.
            Err(error) => Some((Err(std::io::Error::other(error)), None)),
        }
    });
    Ok(reply::typed(
        StatusCode::OK,
        "application/json",
        Body::from_stream(pages),
    ))
}

/// `YYYYMMDD`; empty is no limit.
fn date(name: &'static str, text: &str) -> Result<Option<Date>, ApiError> {
    if text.is_empty() {
        return Ok(None);
    }
    let digits = text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit());
    let parsed = digits.then(|| Date::strptime("%Y%m%d", text).ok()).flatten();
    let bad = || ApiError::bad_request(format_args!("{name}: `{text}` is not a date such as 20260131"));
    parsed.map(Some).ok_or_else(bad)
}
