//! The place of one node: its connection or why there is none.

use super::Fleet;
use super::connection::Connection;
use crate::counters::Counters;
use crate::error::Error;
use crate::runner::NodeAddress;
use std::sync::Arc;
use tokio::sync::Mutex;
use tokio::time::Instant;

#[derive(Debug)]
pub(super) struct Slot {
    pub(super) node: NodeAddress,
    pub(super) counters: Counters,
    /// Held while connecting, so that commands which come together make one connection.
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    connection: Option<Arc<Connection>>,
    /// In a row.
    failures: u32,
    last_failure: Option<Failure>,
}

#[derive(Debug)]
struct Failure {
    kind: &'static str,
    because: String,
    retry_at: Instant,
}

impl Slot {
    pub(super) fn new(node: NodeAddress) -> Self {
        Self {
            node,
            counters: Counters::default(),
            state: Mutex::default(),
        }
    }

    pub(super) fn address(&self) -> String {
        self.node.address.clone()
    }

    /// The kept connection, or a new one, or the reason why not.
    pub(super) async fn connection(&self, fleet: &Fleet) -> Result<Arc<Connection>, Error> {
        let mut state = self.state.lock().await;
        if let Some(connection) = state.connection.as_ref().filter(|c| c.is_alive()) {
            return Ok(Arc::clone(connection));
        }
        state.connection = None;
        self.wait_enough(&state)?;
        match fleet.connect(self).await {
            Ok(connection) => {
                let connection = Arc::new(connection);
                *state = State {
                    connection: Some(Arc::clone(&connection)),
                    ..State::default()
                };
                Ok(connection)
            }
            Err(error) => {
                Self::note_failure(&mut state, &error, fleet);
                Err(error)
            }
        }
    }

    /// Forgets a connection that turned out to be dead, unless another took its place meanwhile.
    pub(super) async fn discard(&self, dead: &Arc<Connection>) {
        dead.cut();
        let mut state = self.state.lock().await;
        if state.connection.as_ref().is_some_and(|kept| Arc::ptr_eq(kept, dead)) {
            state.connection = None;
        }
    }

    fn wait_enough(&self, state: &State) -> Result<(), Error> {
        let Some(failure) = &state.last_failure else {
            return Ok(());
        };
        let retry_in = failure.retry_at.saturating_duration_since(Instant::now());
        if retry_in.is_zero() {
            return Ok(());
        }
        Err(Error::BackingOff {
            node: self.address(),
            retry_in,
            kind: failure.kind,
            because: failure.because.clone(),
        })
    }

    fn note_failure(state: &mut State, error: &Error, fleet: &Fleet) {
        state.failures = state.failures.saturating_add(1);
        let pause = fleet.options.back_off.pause(state.failures, rand::random());
        state.last_failure = Some(Failure {
            kind: error.kind(),
            because: error.in_words(),
            retry_at: Instant::now() + pause,
        });
    }
}
