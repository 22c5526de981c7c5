//! The audit log, as JSON lines.

use super::app::App;
use super::call::Call;
use super::error::ApiError;
use super::{query, reply};
use axum::response::Response;
use futures::stream;
use jiff::civil::Date;

pub(super) async fn get(app: &App, call: Call) -> Result<Response, ApiError> {
    let [since, until] = query::only(call.query(), ["since", "until"])?;
    let since = since.as_deref().map(|text| date("since", text)).transpose()?.flatten();
    let until = until.as_deref().map(|text| date("until", text)).transpose()?.flatten();
    let pages = app.storage.audit_log(since, until);
    let pages = stream::try_unfold(pages, async |mut pages| {
        let page = pages.next().await?;
        Ok(page.map(|page| (page, pages)))
    });
    reply::streamed("application/json", pages).await
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
