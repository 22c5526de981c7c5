//! The boot log: the time-line of one machine's latest boot, and the machines that are stuck.

use super::app::App;
use super::call::Call;
use super::error::ApiError;
use super::{query, reply};
use axum::response::Response;
use futures::stream;
use http::StatusCode;
use jiff::Timestamp;
use sabakan_model::boot_log::{BootState, Limits, timeline};
use sabakan_storage::BootLogWalk;

/// Bytes after which a part of a list is sent.
const PART: usize = 64 << 10;

pub(super) async fn machine(app: &App, call: Call) -> Result<Response, ApiError> {
    super::config::no_query(&call)?;
    let serial = call.param(0);
    let events = app.storage.boot_log(serial).await?;
    if events.is_empty() && app.storage.machine(serial).is_none() {
        return Err(ApiError::not_found(format_args!("machine {serial}")));
    }
    reply::json(
        StatusCode::OK,
        &timeline(serial, events, app.settings.boot_limits, app.now()),
    )
}

/// Time-lines without their single events; with `?stuck`, of the machines that stand still. They are read while they are sent:
/// there may be a hundred thousand records.
pub(super) async fn list(app: &App, call: Call) -> Result<Response, ApiError> {
    let [stuck] = query::only(call.query(), ["stuck"])?;
    let lines = Lines {
        walk: app.storage.boot_logs(),
        limits: app.settings.boot_limits,
        now: app.now(),
        only_stuck: stuck.is_some(),
        next: Next::Begin,
    };
    let parts = stream::try_unfold(lines, async |mut lines| {
        let part = lines.part().await?;
        Ok(part.map(|part| (part, lines)))
    });
    reply::streamed("application/json", parts).await
}

/// A list of time-lines as JSON, part by part.
struct Lines {
    walk: BootLogWalk,
    limits: Limits,
    now: Timestamp,
    only_stuck: bool,
    next: Next,
}

/// What comes next in the list.
enum Next {
    Begin,
    First,
    Another,
    Nothing,
}

impl Lines {
    async fn part(&mut self) -> Result<Option<Vec<u8>>, ApiError> {
        let mut text = Vec::new();
        while text.len() < PART {
            match self.next {
                Next::Nothing => break,
                Next::Begin => {
                    text.push(b'[');
                    self.next = Next::First;
                }
                Next::First | Next::Another => self.line(&mut text).await?,
            }
        }
        Ok((!text.is_empty()).then_some(text))
    }

    /// The next machine's line, where it is wanted, or the end.
    async fn line(&mut self, text: &mut Vec<u8>) -> Result<(), ApiError> {
        let Some((serial, events)) = self.walk.next().await? else {
            text.extend_from_slice(b"]\n");
            self.next = Next::Nothing;
            return Ok(());
        };
        let mut line = timeline(&serial, events, self.limits, self.now);
        line.events.clear();
        if self.only_stuck && line.state != BootState::Stuck {
            return Ok(());
        }
        if matches!(self.next, Next::Another) {
            text.push(b',');
        }
        self.next = Next::Another;
        text.extend(sabakan_model::to_go_json(&line).map_err(ApiError::internal)?);
        Ok(())
    }
}
