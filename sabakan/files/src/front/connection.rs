//! One connection on the fast path: head after head, until it ends or is hyper's.

use std::{future::pending, io, net::SocketAddr, time::Duration};

use bytes::{Buf, Bytes, BytesMut};
use http::{StatusCode, Version, request::Parts};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{Instant, sleep_until, timeout},
};
use tokio_util::sync::CancellationToken;

use super::{Decide, Metrics, Options, Verdict, head, send};
use crate::content::Reply;

const BUSY: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";

/// How a wait for a head ended.
enum Heard {
    Head { parts: Box<Parts>, len: usize },
    Foreign,
    TooLarge,
    TooSlow,
    End,
}

/// Serves requests; gives back the stream and the unread bytes when the rest is not for the fast path.
pub(super) async fn run(
    mut stream: TcpStream,
    peer: SocketAddr,
    options: &Options,
    metrics: &Metrics,
    decide: &Decide,
    drain: &CancellationToken,
) -> Option<(TcpStream, Bytes)> {
    // A small answer must not wait for the peer's delayed acknowledgement; without the option it is only slower.
    let _ = stream.set_nodelay(true);
    let mut buffer = BytesMut::with_capacity(2048);
    loop {
        let (parts, len) = match next_head(&mut stream, &mut buffer, options, drain).await {
            Heard::Head { parts, len } => (parts, len),
            Heard::Foreign => break,
            Heard::TooLarge => {
                metrics.bad_heads.inc();
                let reply = Reply::text(
                    StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
                    "text/plain",
                    "head too large\n",
                );
                send::send(&stream, reply, Version::HTTP_11, false, options, metrics).await;
                linger(stream).await;
                return None;
            }
            Heard::TooSlow => {
                metrics.bad_heads.inc();
                return None;
            }
            Heard::End => return None,
        };
        if !head::is_simple(&parts) {
            break;
        }
        let Verdict::Serve(reply) = decide(&parts, peer) else {
            break;
        };
        buffer.advance(len);
        let keep = head::keeps_alive(&parts) && !drain.is_cancelled();
        metrics.served.inc();
        if !send::send(&stream, reply, parts.version, keep, options, metrics).await || !keep {
            return None;
        }
    }
    metrics.handed_over.inc();
    Some((stream, buffer.freeze()))
}

/// Waits for a full head at the start of `buffer`.
async fn next_head(
    stream: &mut TcpStream,
    buffer: &mut BytesMut,
    options: &Options,
    drain: &CancellationToken,
) -> Heard {
    let mut deadline = None;
    let idle_until = Instant::now() + options.idle_timeout;
    loop {
        if !buffer.is_empty() {
            match head::parse(buffer) {
                head::Parsed::Head { parts, len } => return Heard::Head { parts, len },
                head::Parsed::Foreign => return Heard::Foreign,
                head::Parsed::Partial if buffer.len() >= options.max_head => return Heard::TooLarge,
                head::Parsed::Partial => {}
            }
            deadline.get_or_insert_with(|| Instant::now() + options.head_timeout);
        }
        // Between requests a drain ends the connection; a head under way is still answered.
        let drained = async {
            if deadline.is_some() {
                pending().await
            } else {
                drain.cancelled().await
            }
        };
        tokio::select! {
            read = stream.read_buf(buffer) => match read {
                Ok(0) | Err(_) => return Heard::End,
                Ok(_) => {}
            },
            () = sleep_until(deadline.unwrap_or(idle_until)) => {
                return if deadline.is_some() { Heard::TooSlow } else { Heard::End };
            }
            () = drained => return Heard::End,
        }
    }
}

/// Reads on for a moment: closing with unread bytes makes the kernel send a reset, which takes the answer away from
/// the peer.
async fn linger(mut stream: TcpStream) {
    let _ = stream.shutdown().await;
    let mut rest = [0; 4096];
    let drop_all = async { while matches!(stream.read(&mut rest).await, Ok(len) if len > 0) {} };
    let _ = timeout(Duration::from_secs(1), drop_all).await;
}

/// Answers 503 without waiting: there is no place for the connection.
pub(super) fn refuse(stream: &TcpStream) {
    // The socket's buffer is empty, so this fits; a peer that is gone needs no answer.
    let _ = stream.try_write(BUSY);
}

/// After a failed accept: out of descriptors needs a pause, a peer that went away does not.
pub(super) async fn rest_after(error: &io::Error) {
    if matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset
    ) {
        return;
    }
    tracing::warn!(%error, "cannot accept connections");
    tokio::time::sleep(Duration::from_millis(100)).await;
}
