//! One authenticated connection, and the sessions on it.

use super::gate::Gate;
use super::wire::Cutter;
use parking_lot::Mutex;
use russh::client::{Handle, Msg};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

/// A connection to a node. The session count is a connection's own, as sshd's is.
pub(super) struct Connection {
    handle: Handle<Gate>,
    cutter: Mutex<Option<Cutter>>,
    places: Arc<Semaphore>,
    limit: Mutex<usize>,
}

/// Why there is no session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OpenError {
    /// The connection is dead, or does not answer.
    Dead,
    /// The node does not give one, though no other of ours is open.
    Refused,
}

/// A channel for one command.
pub(super) struct Session {
    pub(super) channel: russh::Channel<Msg>,
    pub(super) place: OwnedSemaphorePermit,
}

impl Connection {
    pub(super) fn new(handle: Handle<Gate>, cutter: Cutter, sessions: usize) -> Self {
        Self {
            handle,
            cutter: Mutex::new(Some(cutter)),
            places: Arc::new(Semaphore::new(sessions)),
            limit: Mutex::new(sessions),
        }
    }

    pub(super) fn is_alive(&self) -> bool {
        !self.handle.is_closed() && self.cutter.lock().is_some()
    }

    /// Ends the connection, whatever its task waits for.
    pub(super) fn cut(&self) {
        self.cutter.lock().take();
    }

    /// Opens a session. A connection that does not answer within `patience` counts as dead.
    pub(super) async fn open(&self, patience: Duration, until: Instant) -> Result<Session, OpenError> {
        loop {
            let place = timeout_at(until, Arc::clone(&self.places).acquire_owned())
                .await
                .map_err(|_| OpenError::Refused)?
                .map_err(|_| OpenError::Dead)?;
            let answer = timeout_at(until.min(Instant::now() + patience), self.handle.channel_open_session()).await;
            match answer {
                Ok(Ok(channel)) => return Ok(Session { channel, place }),
                Ok(Err(russh::Error::ChannelOpenFailure(_))) => self.lower_limit(place)?,
                Ok(Err(_)) | Err(_) => return Err(OpenError::Dead),
            }
        }
    }

    /// The node gives fewer sessions than we thought: from now on one less, and wait until another of ours ends.
    fn lower_limit(&self, place: OwnedSemaphorePermit) -> Result<(), OpenError> {
        let mut limit = self.limit.lock();
        if *limit <= 1 {
            return Err(OpenError::Refused);
        }
        *limit -= 1;
        place.forget();
        Ok(())
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("alive", &self.is_alive())
            .finish_non_exhaustive()
    }
}
