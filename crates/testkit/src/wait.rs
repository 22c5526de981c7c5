//! Waiting for a condition by asking again, and saying why it does not hold when time is up.

use std::fmt::Display;
use std::time::{Duration, Instant};

/// Long enough for a loaded machine; a condition that holds is seen at once.
pub const PATIENCE: Duration = Duration::from_secs(60);

const FIRST_PAUSE: Duration = Duration::from_millis(5);
const LONGEST_PAUSE: Duration = Duration::from_millis(200);

/// Asks `probe` until it gives a value; `Err` is the reason why it does not hold yet.
///
/// # Panics
/// After `patience`, with `what` was waited for and the last reason.
pub async fn wait_for<T, R, F, Fut>(what: &str, patience: Duration, mut probe: F) -> T
where
    R: Display,
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<T, R>>,
{
    let started = Instant::now();
    let mut pause = FIRST_PAUSE;
    loop {
        let reason = match tokio::time::timeout(patience, probe()).await {
            Ok(Ok(value)) => return value,
            Ok(Err(reason)) => reason.to_string(),
            Err(_) => "the probe itself did not return".to_owned(),
        };
        assert!(
            started.elapsed() < patience,
            "waited {:?} for {what}: {reason}",
            started.elapsed()
        );
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// The same outside of a runtime.
///
/// # Panics
/// As [`wait_for`].
pub fn wait_for_blocking<T, R, F>(what: &str, patience: Duration, mut probe: F) -> T
where
    R: Display,
    F: FnMut() -> Result<T, R>,
{
    let started = Instant::now();
    let mut pause = FIRST_PAUSE;
    loop {
        let reason = match probe() {
            Ok(value) => return value,
            Err(reason) => reason,
        };
        let waited = started.elapsed();
        assert!(waited < patience, "waited {waited:?} for {what}: {reason}");
        std::thread::sleep(pause);
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// `Ok` when `condition` holds, else the reason: for probes.
///
/// # Errors
/// The reason, when the condition does not hold.
pub fn holds(condition: bool, reason: impl Display) -> Result<(), String> {
    if condition { Ok(()) } else { Err(reason.to_string()) }
}
