//! What systemd is told: that the daemon is ready, alive, stopping. Without systemd nothing happens.

use std::time::Duration;

use sd_notify::NotifyState;
use tokio::task::JoinHandle;

/// Tells systemd that the daemon serves, and from then on that it is alive, when the unit has `WatchdogSec=`. `alive` is
/// asked each time: a daemon that says no is not reported and will be restarted.
pub fn ready(alive: impl Fn() -> bool + Send + 'static) -> Option<JoinHandle<()>> {
    tell(NotifyState::Ready);
    let within = sd_notify::watchdog_enabled()?;
    Some(tokio::spawn(watchdog(within / 2, alive)))
}

/// Runs on the runtime itself: one that no longer turns over its tasks is not alive.
async fn watchdog(every: Duration, alive: impl Fn() -> bool + Send) {
    let mut ticks = tokio::time::interval(every);
    loop {
        ticks.tick().await;
        if alive() {
            tell(NotifyState::Watchdog);
        } else {
            tracing::error!("not alive: systemd is not told otherwise and will restart this");
        }
    }
}

/// Tells systemd that the end has begun.
pub(super) fn stopping() {
    tell(NotifyState::Stopping);
}

fn tell(state: NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        tracing::warn!(%error, "systemd cannot be told");
    }
}
