//! The parts of a daemon that run until the end: one fails, all end.

use std::collections::HashMap;
use std::time::Duration;

use tokio::task::{Id, JoinError, JoinSet};
use tracing::Instrument as _;

use super::Lifecycle;

type Cause = Box<dyn std::error::Error + Send + Sync>;
type Ended = Result<(Id, (&'static str, Result<(), Cause>)), JoinError>;

/// Why a daemon ended that was not told to.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// A service failed.
    #[error("{service} failed")]
    Failed {
        /// Its name.
        service: &'static str,
        /// Why.
        #[source]
        source: Cause,
    },
    /// A service ended though nobody asked it to.
    #[error("{0} ended by itself")]
    Ended(&'static str),
    /// A service panicked.
    #[error("{service} panicked")]
    Panicked {
        /// Its name.
        service: &'static str,
        /// What the runtime says.
        #[source]
        source: JoinError,
    },
    /// Draining took too long; what was left was cut off.
    #[error("not drained within {0:?}: {1}")]
    NotDrained(Duration, String),
}

/// All services of a daemon.
#[derive(Debug)]
pub struct Services {
    lifecycle: Lifecycle,
    running: JoinSet<(&'static str, Result<(), Cause>)>,
    names: HashMap<Id, &'static str>,
}

impl Services {
    /// None yet.
    pub fn new(lifecycle: &Lifecycle) -> Services {
        Services {
            lifecycle: lifecycle.clone(),
            running: JoinSet::new(),
            names: HashMap::new(),
        }
    }

    /// Starts a service. It ends by itself when [`Lifecycle::drain`] is cancelled.
    pub fn spawn<F, E>(&mut self, name: &'static str, service: F)
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: Into<Cause>,
    {
        let run = async move { (name, service.await.map_err(Into::into)) };
        let handle = self.running.spawn(run.in_current_span());
        self.names.insert(handle.id(), name);
    }

    /// Waits until draining begins, or a service fails (then draining begins), and then for all to end, at most for
    /// `patience`.
    ///
    /// # Errors
    /// The first thing that went wrong.
    pub async fn run(mut self, patience: Duration) -> Result<(), ServiceError> {
        let drain = self.lifecycle.drain();
        let mut first = Ok(());
        while !drain.is_cancelled() {
            tokio::select! {
                // First, or a service that ends because of the drain could look as if it had ended by itself.
                biased;
                () = drain.cancelled() => {}
                ended = self.running.join_next_with_id() => {
                    let Some(ended) = ended else { break };
                    first = self.judge(ended).and_then(|name| Err(ServiceError::Ended(name)));
                    self.lifecycle.stop();
                }
            }
        }
        let drained = self.drain(patience).await;
        first.and(drained)
    }

    async fn drain(&mut self, patience: Duration) -> Result<(), ServiceError> {
        let deadline = tokio::time::Instant::now() + patience;
        let mut first = Ok(());
        loop {
            match tokio::time::timeout_at(deadline, self.running.join_next_with_id()).await {
                Ok(None) => return first,
                Ok(Some(ended)) => first = first.and(self.judge(ended).map(|_| ())),
                Err(_) => {
                    self.running.abort_all();
                    let mut left: Vec<&str> = self.names.values().copied().collect();
                    left.sort_unstable();
                    return first.and(Err(ServiceError::NotDrained(patience, left.join(", "))));
                }
            }
        }
    }

    /// The name of a service that ended well, else what went wrong.
    fn judge(&mut self, ended: Ended) -> Result<&'static str, ServiceError> {
        match ended {
            Ok((id, (service, outcome))) => {
                self.names.remove(&id);
                outcome
                    .map(|()| service)
                    .map_err(|source| ServiceError::Failed { service, source })
            }
            Err(source) => {
                let service = self.names.remove(&source.id()).unwrap_or("a service");
                Err(ServiceError::Panicked { service, source })
            }
        }
    }
}
