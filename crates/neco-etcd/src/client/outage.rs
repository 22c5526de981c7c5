//! Since when no member has served anything: after a while, new requests need not wait for what does not come.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The present outage, if there is one.
#[derive(Debug, Default)]
pub(super) struct Outage {
    since: Mutex<Option<Instant>>,
}

impl Outage {
    /// A member failed; the outage begins, unless it has already.
    pub(super) fn goes_on(&self) {
        self.since().get_or_insert_with(Instant::now);
    }

    /// A member served something.
    pub(super) fn over(&self) {
        *self.since() = None;
    }

    /// How long it has lasted; zero when there is none.
    pub(super) fn lasts(&self) -> Duration {
        self.since().map_or(Duration::ZERO, |since| since.elapsed())
    }

    fn since(&self) -> MutexGuard<'_, Option<Instant>> {
        self.since.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
