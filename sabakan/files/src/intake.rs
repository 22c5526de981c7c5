//! A body that arrives over the network, as a reader for blocking code: bounded in memory, and cut when it stands still.

use std::{
    fmt,
    io::{self, Read},
    time::Duration,
};

use bytes::{Buf, Bytes};
use futures::{Stream, StreamExt};
use tokio::{
    sync::mpsc,
    time::{Instant, timeout, timeout_at},
};

use crate::error::FilesError;

/// Pieces that wait for the disk.
const QUEUE: usize = 16;

/// How long what is left of a refused upload is read, so that the client sees the answer and not a reset.
pub(crate) const DRAIN: Duration = Duration::from_secs(5);

/// The source broke off; carried within an [`io::Error`].
#[derive(Debug)]
pub(crate) struct BrokenOff(pub(crate) String);

impl fmt::Display for BrokenOff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BrokenOff {}

/// The blocking end.
pub(crate) struct Intake {
    pieces: mpsc::Receiver<Result<Bytes, String>>,
    current: Bytes,
    ended: bool,
}

impl Read for Intake {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.current.is_empty() && !self.ended {
            match self.pieces.blocking_recv() {
                Some(Ok(piece)) if piece.is_empty() => self.ended = true,
                Some(Ok(piece)) => self.current = piece,
                Some(Err(reason)) => return Err(io::Error::other(BrokenOff(reason))),
                None => return Err(io::Error::other(BrokenOff("the request was dropped".to_owned()))),
            }
        }
        let len = self.current.len().min(buffer.len());
        buffer[..len].copy_from_slice(&self.current[..len]);
        self.current.advance(len);
        Ok(len)
    }
}

/// Gives `body` to `work` on a blocking thread.
///
/// When `work` ends early, what is left of the body is read on for `drain` at most.
///
/// # Errors
/// Those of `work`; a body that stands still for `idle` makes its reader fail.
pub(crate) async fn feed<S, E, T, W>(mut body: S, idle: Duration, drain: Duration, work: W) -> Result<T, FilesError>
where
    S: Stream<Item = Result<Bytes, E>> + Unpin + Send,
    E: fmt::Display,
    T: Send + 'static,
    W: FnOnce(Intake) -> Result<T, FilesError> + Send + 'static,
{
    let (sender, pieces) = mpsc::channel(QUEUE);
    let working = tokio::task::spawn_blocking(move || {
        work(Intake {
            pieces,
            current: Bytes::new(),
            ended: false,
        })
    });
    loop {
        let piece = match timeout(idle, body.next()).await {
            Ok(Some(Ok(piece))) if piece.is_empty() => continue,
            Ok(Some(Ok(piece))) => Ok(piece),
            Ok(Some(Err(error))) => Err(error.to_string()),
            Ok(None) => Ok(Bytes::new()),
            Err(_) => Err(format!("nothing came for {idle:?}")),
        };
        let last = piece.as_ref().map_or(true, Bytes::is_empty);
        if sender.send(piece).await.is_err() {
            // The work has ended early: it refused what it read, or has all it needs.
            if !last {
                drop_rest(body, drain).await;
            }
            break;
        }
        if last {
            break;
        }
    }
    drop(sender);
    working.await.map_err(FilesError::internal)?
}

async fn drop_rest<S: Stream + Unpin>(mut body: S, within: Duration) {
    let end = Instant::now() + within;
    // A time-out alone would never fire on a body that always has more.
    while Instant::now() < end && matches!(timeout_at(end, body.next()).await, Ok(Some(_))) {}
}
