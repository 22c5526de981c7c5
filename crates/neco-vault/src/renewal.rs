//! When to renew a token: pure arithmetic over its lifetime.

use std::time::Duration;

/// After a failed renewal or login: doubled each time, never longer than [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// How long a token of this lifetime is left alone: two thirds of it, which leaves time for some failures.
/// `None` for one that lives for ever.
pub(crate) fn rest(lifetime: Option<Duration>) -> Option<Duration> {
    lifetime.map(|l| l * 2 / 3)
}

/// The pause after the `failures`th failure in a row, from 1.
pub(crate) fn pause(failures: u32) -> Duration {
    (FIRST_PAUSE * 2_u32.saturating_pow(failures.saturating_sub(1).min(10))).min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_rests_for_two_thirds_of_its_life() {
        assert_eq!(rest(Some(Duration::from_secs(3600))), Some(Duration::from_secs(2400)));
        assert_eq!(rest(None), None);
    }

    #[test]
    fn pauses_grow_and_end() {
        assert_eq!(pause(1), FIRST_PAUSE);
        assert_eq!(pause(2), FIRST_PAUSE * 2);
        assert_eq!(pause(u32::MAX), LONGEST_PAUSE);
    }
}
