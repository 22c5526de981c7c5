//! From start to end of a daemon: systemd is told, signals are heard, services are drained.
//!
//! After SIGTERM or SIGINT everything goes on for `CANCELLATION_DELAY_SECONDS` (5 unless set, as in the original), so that
//! load balancers and peers notice; a second signal ends the delay. Then services drain: they take nothing new and
//! finish what they have. SIGUSR1 opens the log file anew, SIGHUP is for [`Lifecycle::reloads`].

mod services;
mod systemd;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

pub use services::{ServiceError, Services};
pub use systemd::ready;

/// The variable that says how long to go on after a signal.
pub const DELAY_VARIABLE: &str = "CANCELLATION_DELAY_SECONDS";

const DEFAULT_DELAY: Duration = Duration::from_secs(5);

/// Where a daemon is between start and end.
#[derive(Debug, Clone)]
pub struct Lifecycle {
    stopping: CancellationToken,
    drain: CancellationToken,
    reload: Arc<Notify>,
}

impl Lifecycle {
    /// Starts to listen to signals, and gives up core dumps: they would hold keys and passwords. Must be called within a
    /// runtime, before anything else is started.
    ///
    /// # Errors
    /// When the handlers cannot be installed.
    pub fn install() -> std::io::Result<Lifecycle> {
        forbid_core_dumps()?;
        let lifecycle = Lifecycle::detached();
        let signals = Signals {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
            user1: signal(SignalKind::user_defined1())?,
        };
        tokio::spawn(signals.listen(lifecycle.clone()));
        Ok(lifecycle)
    }

    /// One without signals, ended by [`Lifecycle::stop`]: for tests, and for programs within programs.
    pub fn detached() -> Lifecycle {
        Lifecycle {
            stopping: CancellationToken::new(),
            drain: CancellationToken::new(),
            reload: Arc::new(Notify::new()),
        }
    }

    /// Cancelled at the first signal: still serving, soon to end.
    pub fn stopping(&self) -> CancellationToken {
        self.stopping.clone()
    }

    /// Cancelled when services shall take nothing new and finish what they have.
    pub fn drain(&self) -> CancellationToken {
        self.drain.clone()
    }

    /// Begins to drain now.
    pub fn stop(&self) {
        self.stopping.cancel();
        self.drain.cancel();
    }

    /// Resolves at each SIGHUP.
    pub async fn reloads(&self) {
        self.reload.notified().await;
    }
}

#[allow(unsafe_code, reason = "std has no safe way to set a limit")]
fn forbid_core_dumps() -> std::io::Result<()> {
    let none = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: setrlimit only reads the struct.
    match unsafe { libc::setrlimit(libc::RLIMIT_CORE, &none) } {
        0 => Ok(()),
        _ => Err(std::io::Error::last_os_error()),
    }
}

struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
    user1: Signal,
}

impl Signals {
    async fn listen(mut self, lifecycle: Lifecycle) {
        let name = loop {
            tokio::select! {
                _ = self.terminate.recv() => break "terminated",
                _ = self.interrupt.recv() => break "interrupt",
                _ = self.hang_up.recv() => lifecycle.reload.notify_waiters(),
                _ = self.user1.recv() => {
                    if let Err(error) = crate::log::reopen() {
                        tracing::error!(%error, "the log file cannot be opened anew");
                    }
                }
            }
        };
        let delay = delay(std::env::var(DELAY_VARIABLE).ok().as_deref());
        tracing::warn!(signal = name, delay = delay.as_secs(), "got signal");
        systemd::stopping();
        lifecycle.stopping.cancel();
        tokio::select! {
            () = tokio::time::sleep(delay) => {}
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
        lifecycle.drain.cancel();
    }
}

/// The delay that the variable's value asks for: what is no number is the default, what is below zero is none.
fn delay(value: Option<&str>) -> Duration {
    let Some(value) = value.filter(|v| !v.is_empty()) else {
        return DEFAULT_DELAY;
    };
    match value.parse::<i64>() {
        Ok(seconds) => Duration::from_secs(u64::try_from(seconds).unwrap_or(0)),
        Err(error) => {
            tracing::warn!(value, %error, "{DELAY_VARIABLE} is no number: the default is used");
            DEFAULT_DELAY
        }
    }
}
