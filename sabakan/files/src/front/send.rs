//! Sending an answer: the head, then each segment, files by `sendfile(2)`.

use std::{
    fs::File,
    io,
    os::fd::AsRawFd,
    time::{Instant, SystemTime},
};

use http::{HeaderMap, StatusCode, Version, header};
use nix::sys::{
    sendfile::sendfile64,
    socket::{MsgFlags, send as socket_send},
};
use tokio::{io::Interest, net::TcpStream, time::timeout};

use super::{Metrics, Options};
use crate::content::{Reply, Segment, Sent, conditional::http_date};

/// The most one call to `sendfile` moves: it bounds how long one connection keeps its thread.
const CHUNK: u64 = 1024 * 1024;

/// Bytes sent in a row before other connections of the thread get a turn.
const TURN: u64 = 4 * 1024 * 1024;

/// Sends `reply`; false when it was cut and the connection is of no more use.
pub(super) async fn send(
    stream: &TcpStream,
    mut reply: Reply,
    version: Version,
    keep: bool,
    options: &Options,
    metrics: &Metrics,
) -> bool {
    let on_sent = reply.on_sent.take();
    let started = Instant::now();
    let mut sending = Sending {
        stream,
        options,
        metrics,
        started,
        sent: 0,
        turn: 0,
    };
    let result = sending.all(&reply, version, keep).await;
    if let Err(error) = &result {
        metrics.aborted.inc();
        tracing::debug!(%error, sent = sending.sent, "answer cut");
    }
    if let Some(call) = on_sent {
        let (bytes, complete) = (sending.sent, result.is_ok());
        call(Sent {
            status: reply.status,
            bytes,
            complete,
            elapsed: started.elapsed(),
        });
    }
    result.is_ok()
}

struct Sending<'a> {
    stream: &'a TcpStream,
    options: &'a Options,
    metrics: &'a Metrics,
    started: Instant,
    /// Bytes of the body.
    sent: u64,
    /// Bytes since others had a turn.
    turn: u64,
}

impl Sending<'_> {
    async fn all(&mut self, reply: &Reply, version: Version, keep: bool) -> io::Result<()> {
        let head = head(reply.status, &reply.headers, version, keep);
        self.bytes(head.as_bytes(), !reply.segments.is_empty(), false).await?;
        let last = reply.segments.len().saturating_sub(1);
        for (at, segment) in reply.segments.iter().enumerate() {
            match segment {
                Segment::Bytes(bytes) => self.bytes(bytes, at != last, true).await?,
                Segment::File { file, offset, len } => self.file(file, *offset, *len).await?,
            }
        }
        Ok(())
    }

    async fn bytes(&mut self, mut rest: &[u8], more: bool, counts: bool) -> io::Result<()> {
        // nix has no name for MSG_MORE: the head then leaves in one packet with what follows it.
        let more = if more {
            MsgFlags::from_bits_retain(libc::MSG_MORE)
        } else {
            MsgFlags::empty()
        };
        let flags = more | MsgFlags::MSG_NOSIGNAL;
        while !rest.is_empty() {
            let taken = self
                .step(|stream| Ok(socket_send(stream.as_raw_fd(), rest, flags)?))
                .await?;
            rest = rest.get(taken..).unwrap_or_default();
            if counts {
                self.count(taken as u64);
            }
        }
        Ok(())
    }

    async fn file(&mut self, file: &File, offset: u64, len: u64) -> io::Result<()> {
        let mut at = i64::try_from(offset).map_err(io::Error::other)?;
        let mut left = len;
        while left > 0 {
            let chunk = usize::try_from(left.min(CHUNK)).map_err(io::Error::other)?;
            let taken = self
                .step(|stream| Ok(sendfile64(stream, file, Some(&mut at), chunk)?))
                .await?;
            if taken == 0 {
                // The length is promised already: the connection must end.
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the file became shorter"));
            }
            left -= taken as u64;
            self.count(taken as u64);
            self.share().await;
        }
        Ok(())
    }

    /// Waits until the peer takes something, and gives it some.
    async fn step(&self, mut give: impl FnMut(&TcpStream) -> io::Result<usize>) -> io::Result<usize> {
        loop {
            match self.stream.try_io(Interest::WRITABLE, || give(self.stream)) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                done => return done,
            }
            timeout(self.options.stall_timeout, self.stream.writable())
                .await
                .map_err(|_| io::Error::new(io::ErrorKind::TimedOut, "the peer takes nothing"))??;
            self.check_rate()?;
        }
    }

    /// A peer that takes too little for too long gives its place to others.
    fn check_rate(&self) -> io::Result<()> {
        let elapsed = self.started.elapsed();
        let grace = self.options.stall_timeout;
        let wanted = elapsed
            .saturating_sub(grace)
            .as_secs()
            .saturating_mul(self.options.min_rate);
        if elapsed > grace && self.sent < wanted {
            return Err(io::Error::new(io::ErrorKind::TimedOut, "the peer is too slow"));
        }
        Ok(())
    }

    fn count(&mut self, bytes: u64) {
        self.sent += bytes;
        self.turn += bytes;
        self.metrics.bytes.inc_by(bytes);
    }

    async fn share(&mut self) {
        if self.turn >= TURN {
            self.turn = 0;
            tokio::task::yield_now().await;
        }
    }
}

fn head(status: StatusCode, headers: &HeaderMap, version: Version, keep: bool) -> String {
    let mut text = String::with_capacity(512);
    let protocol = if version == Version::HTTP_10 {
        "HTTP/1.0"
    } else {
        "HTTP/1.1"
    };
    let reason = status.canonical_reason().unwrap_or("Unknown");
    text.push_str(&format!("{protocol} {} {reason}\r\n", status.as_u16()));
    for (name, value) in headers {
        if let Ok(value) = value.to_str() {
            line(&mut text, name.as_str(), value);
        }
    }
    if let Some(date) = http_date(SystemTime::now()) {
        line(&mut text, header::DATE.as_str(), &date);
    }
    line(
        &mut text,
        header::CONNECTION.as_str(),
        if keep { "keep-alive" } else { "close" },
    );
    text.push_str("\r\n");
    text
}

fn line(text: &mut String, name: &str, value: &str) {
    text.push_str(name);
    text.push_str(": ");
    text.push_str(value);
    text.push_str("\r\n");
}
