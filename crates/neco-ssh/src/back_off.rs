//! How long a node that cannot be connected to is left alone.

use std::time::Duration;

/// Pauses that double from `first` to `most`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BackOff {
    /// After the first failure.
    pub first: Duration,
    /// The longest.
    pub most: Duration,
}

impl Default for BackOff {
    /// Long enough that a rack which is down costs little, short enough that a node which booted is seen at once.
    fn default() -> Self {
        Self {
            first: Duration::from_millis(500),
            most: Duration::from_secs(10),
        }
    }
}

impl BackOff {
    /// The pause after that many failures in a row. `jitter`, from 0 to 1, moves it by up to a fifth either way, so that
    /// nodes that failed together are not tried together for ever.
    #[must_use]
    pub fn pause(&self, failures: u32, jitter: f64) -> Duration {
        let doublings = failures.saturating_sub(1).min(20);
        let pause = self.first.saturating_mul(1 << doublings).min(self.most);
        pause.mul_f64(0.8 + 0.4 * jitter.clamp(0.0, 1.0))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

    use super::*;
    use proptest::prelude::*;

    #[test]
    fn pauses_double_until_the_longest() {
        let back_off = BackOff::default();
        let pauses: Vec<u128> = (1..=7).map(|n| back_off.pause(n, 0.5).as_millis()).collect();
        assert_eq!(pauses, [500, 1000, 2000, 4000, 8000, 10000, 10000]);
    }

    proptest! {
        #[test]
        fn any_pause_is_within_a_fifth_of_the_bounds(failures: u32, jitter in any::<f64>()) {
            let back_off = BackOff::default();
            let pause = back_off.pause(failures, if jitter.is_nan() { 0.0 } else { jitter });
            prop_assert!(pause >= back_off.first.mul_f64(0.79));
            prop_assert!(pause <= back_off.most.mul_f64(1.21));
        }
    }
}
