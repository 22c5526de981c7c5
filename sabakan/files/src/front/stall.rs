//! A peer that stops taking what it asked for, or takes it drop by drop, gives its place to others: what the fast path sees to
//! itself, for connections that hyper serves.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep, sleep},
};

use super::Options;

/// A stream to a peer. A write fails once the peer has taken nothing for too long, or too little over all the time that it
/// was waited for.
#[derive(Debug)]
pub struct Unstalled<S> {
    stream: S,
    /// See [`Options::stall_timeout`].
    stall: Duration,
    /// See [`Options::min_rate`].
    min_rate: u64,
    /// The present wait: since when, and its end.
    waiting: Option<(Instant, Pin<Box<Sleep>>)>,
    waited: Duration,
    sent: u64,
}

impl<S> Unstalled<S> {
    /// A stream with the front's limits.
    #[must_use]
    pub fn new(stream: S, options: &Options) -> Self {
        Self {
            stream,
            stall: options.stall_timeout,
            min_rate: options.min_rate,
            waiting: None,
            waited: Duration::ZERO,
            sent: 0,
        }
    }

    /// Passes on how a write went, unless the peer is too slow.
    fn judge(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if written.is_pending() {
            let stall = self.stall;
            let (_, end) = self
                .waiting
                .get_or_insert_with(|| (Instant::now(), Box::pin(sleep(stall))));
            ready!(end.as_mut().poll(cx));
            return Poll::Ready(Err(late("the peer takes nothing")));
        }
        if let Some((since, _)) = self.waiting.take() {
            self.waited += since.elapsed();
        }
        if let Poll::Ready(Ok(count)) = written {
            self.sent += count as u64;
        }
        let slow = self.waited.saturating_sub(self.stall);
        if self.sent < slow.as_secs().saturating_mul(self.min_rate) {
            return Poll::Ready(Err(late("the peer is too slow")));
        }
        written
    }
}

fn late(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, what)
}

impl<S: AsyncRead + Unpin> AsyncRead for Unstalled<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Unstalled<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, data);
        self.judge(cx, written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        data: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, data);
        self.judge(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};

    fn pair() -> (Unstalled<DuplexStream>, DuplexStream) {
        let (ours, theirs) = duplex(1000);
        (Unstalled::new(ours, &Options::default()), theirs)
    }

    #[tokio::test(start_paused = true)]
    async fn who_takes_nothing_is_given_up() {
        let (mut ours, _theirs) = pair();
        let started = Instant::now();
        let error = ours.write_all(&[0; 2000]).await.unwrap_err();
        assert_eq!(error.to_string(), "the peer takes nothing");
        assert!(started.elapsed() < Duration::from_secs(31), "{:?}", started.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn who_takes_drops_is_given_up_and_who_rests_is_not() {
        let (mut ours, mut theirs) = pair();
        // Nothing is kept from it while it asks for nothing.
        for _ in 0..100 {
            ours.write_all(&[0; 10]).await.unwrap();
            theirs.read_exact(&mut [0; 10]).await.unwrap();
            sleep(Duration::from_secs(60)).await;
        }
        let drops = async {
            while theirs.read_exact(&mut [0; 100]).await.is_ok() {
                sleep(Duration::from_secs(5)).await;
            }
        };
        let (error, ()) = tokio::join!(async move { ours.write_all(&[0; 100_000]).await.unwrap_err() }, drops);
        assert_eq!(error.to_string(), "the peer is too slow");
    }
}
