//! One authenticated connection, and the sessions on it.

use super::gate::Gate;
use super::session::Session;
use super::wire::Cutter;
use parking_lot::Mutex;
use russh::client::Handle;
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
    /// The caller's time was up first.
    Late,
    /// The node does not give one, though no other of ours is open.
    Refused,
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
    pub(super) async fn open(self: &Arc<Self>, patience: Duration, until: Instant) -> Result<Session, OpenError> {
        loop {
            let waiting = Arc::clone(&self.places).acquire_owned();
            let place = timeout_at(until, waiting).await.map_err(|_| OpenError::Late)?;
            let place = place.map_err(|_| OpenError::Dead)?;
            let patient_until = Instant::now() + patience;
            // In a task of its own, which lives on when nobody waits any more: a session that comes late must be closed.
            let opening = tokio::spawn(Arc::clone(self).ask(place));
            match timeout_at(until.min(patient_until), opening).await {
                Ok(Ok(Ok(session))) => return Ok(session),
                Ok(Ok(Err(Some(place)))) => self.lower_limit(place)?,
                Ok(Ok(Err(None)) | Err(_)) => return Err(OpenError::Dead),
                Err(_) if until < patient_until => return Err(OpenError::Late),
                Err(_) => return Err(OpenError::Dead),
            }
        }
    }

    /// Asks for a session. Refused, it gives the place back; none where the connection is dead.
    async fn ask(self: Arc<Self>, place: OwnedSemaphorePermit) -> Result<Session, Option<OwnedSemaphorePermit>> {
        match self.handle.channel_open_session().await {
            Ok(channel) => Ok(Session::new(channel, place)),
            Err(russh::Error::ChannelOpenFailure(_)) => Err(Some(place)),
            Err(_) => Err(None),
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
