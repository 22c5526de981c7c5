//! Keeping a program's login good: renew in time, log in again when that fails.
//!
//! It holds the client only weakly, so that dropping the last clone ends it.

use std::sync::{Arc, Weak};
use std::time::Duration;

use super::Shared;
use crate::auth::Granted;
use crate::{Error, Secret, renewal};

/// A token that lives for ever, or one that somebody else has taken meanwhile, is looked at again after this time.
const LOOK_AGAIN: Duration = Duration::from_secs(60);

pub(super) async fn run(shared: Weak<Shared>, first: Granted) {
    let mut granted = first;
    let mut failures = 0;
    loop {
        let wait = match failures {
            0 => renewal::rest(granted.lifetime()).unwrap_or(LOOK_AGAIN),
            failures => renewal::pause(failures),
        };
        tokio::time::sleep(wait).await;
        let Some(shared) = shared.upgrade() else {
            return;
        };
        match prolong(&shared, &granted).await {
            Ok(Some(new)) => {
                granted = new;
                failures = 0;
            }
            Ok(None) => failures = 0,
            Err(error) => {
                failures += 1;
                complain(&shared, &error, failures);
            }
        }
    }
}

/// One try: renews the token, and where it cannot be renewed takes another.
async fn prolong(shared: &Arc<Shared>, granted: &Granted) -> Result<Option<Granted>, Error> {
    let state = shared.state();
    let taken_elsewhere = state.token != granted.client_token;
    if (granted.renewable && granted.lifetime().is_some()) || taken_elsewhere {
        match renew(shared, &state.token, state.grants).await {
            Err(error) if error.is_unavailable() => return Err(error),
            Err(error) => tracing::debug!(%error, "vault did not renew the token"),
            Ok(Some(renewed)) if nears_its_end(granted, &renewed) => return shared.login_again(state.grants + 1).await,
            renewed => return renewed,
        }
    } else if granted.lifetime().is_none() {
        return Ok(None);
    }
    shared.login_again(state.grants).await
}

/// A token that nears its last day is given ever shorter lives.
fn nears_its_end(before: &Granted, renewed: &Granted) -> bool {
    renewed.lease_duration.saturating_mul(2) < before.lease_duration
}

async fn renew(shared: &Arc<Shared>, token: &Secret, seen: u64) -> Result<Option<Granted>, Error> {
    let _turn = shared.logging_in.lock().await;
    if shared.lock().grants != seen {
        return Ok(None);
    }
    let mut granted = shared.wire.renew(token).await?;
    if granted.client_token.is_empty() {
        granted.client_token = token.clone();
    }
    shared.take(&granted);
    Ok(Some(granted))
}

fn complain(shared: &Arc<Shared>, error: &Error, failures: u32) {
    let cause = std::error::Error::source(error).map(ToString::to_string);
    // The first is news; then one in a while.
    if failures == 1 || failures.is_multiple_of(20) {
        tracing::warn!(%error, cause, url = shared.wire.url(), "vault's token cannot be renewed");
    }
    shared.complain(error.to_string());
}
