//! Segments as an HTTP body for hyper: files are read in chunks on blocking threads.

use std::{
    collections::VecDeque,
    fs::File,
    io,
    os::unix::fs::FileExt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Instant,
};

use bytes::Bytes;
use http::StatusCode;
use http_body::{Body, Frame, SizeHint};
use tokio::task::{JoinHandle, spawn_blocking};

use super::{Segment, reply::Sent};

/// How much of a file is read at once; larger ones cost memory per connection.
const CHUNK: u64 = 256 * 1024;

/// A body made of segments.
pub struct SegmentBody {
    segments: VecDeque<Segment>,
    reading: Option<JoinHandle<io::Result<Bytes>>>,
    left: u64,
    done: u64,
    status: StatusCode,
    started: Instant,
    on_sent: Option<Box<dyn FnOnce(Sent) + Send + Sync>>,
}

impl SegmentBody {
    pub(super) fn new(
        segments: Vec<Segment>,
        status: StatusCode,
        on_sent: Option<Box<dyn FnOnce(Sent) + Send + Sync>>,
    ) -> Self {
        let segments: VecDeque<Segment> = segments.into_iter().filter(|s| !s.is_empty()).collect();
        let left = segments.iter().map(Segment::len).sum();
        Self {
            segments,
            reading: None,
            left,
            done: 0,
            status,
            started: Instant::now(),
            on_sent,
        }
    }

    fn take_next(&mut self) -> Option<Poll<Bytes>> {
        match self.segments.pop_front()? {
            Segment::Bytes(bytes) => Some(Poll::Ready(bytes)),
            Segment::File { file, offset, len } => {
                let now = len.min(CHUNK);
                if now < len {
                    let rest = Segment::File {
                        file: Arc::clone(&file),
                        offset: offset + now,
                        len: len - now,
                    };
                    self.segments.push_front(rest);
                }
                self.reading = Some(spawn_blocking(move || read_exact(&file, offset, now)));
                Some(Poll::Pending)
            }
        }
    }

    fn deliver(&mut self, bytes: Bytes) -> Frame<Bytes> {
        self.left -= bytes.len() as u64;
        self.done += bytes.len() as u64;
        Frame::data(bytes)
    }
}

fn read_exact(file: &File, offset: u64, len: u64) -> io::Result<Bytes> {
    let mut buffer = vec![0; usize::try_from(len).unwrap_or(0)];
    file.read_exact_at(&mut buffer, offset)?;
    Ok(buffer.into())
}

impl Body for SegmentBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        loop {
            if let Some(reading) = &mut self.reading {
                let read = std::task::ready!(Pin::new(reading).poll(cx));
                self.reading = None;
                let read = read.map_err(io::Error::other).and_then(|read| read);
                return Poll::Ready(Some(read.map(|bytes| self.deliver(bytes))));
            }
            match self.take_next() {
                None => return Poll::Ready(None),
                Some(Poll::Ready(bytes)) => return Poll::Ready(Some(Ok(self.deliver(bytes)))),
                Some(Poll::Pending) => {}
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

impl Drop for SegmentBody {
    fn drop(&mut self) {
        if let Some(call) = self.on_sent.take() {
            call(Sent {
                status: self.status,
                bytes: self.done,
                complete: self.left == 0,
                elapsed: self.started.elapsed(),
            });
        }
    }
}
