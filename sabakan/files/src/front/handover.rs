//! Giving a connection to hyper, with the bytes that were read from it already.

use std::{
    convert::Infallible,
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::{Buf, Bytes};
use http::{Request, Response};
use http_body::Body;
use hyper::{
    body::Incoming,
    server::conn::{http1, http2},
    service::Service,
};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};
use tokio_util::sync::CancellationToken;

use super::{Options, stall::Unstalled};

/// What HTTP/2 begins with (RFC 9113, 3.4). Clients send it in one piece.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// A stream whose first bytes were read before.
struct Rewound {
    read: Bytes,
    stream: Unstalled<TcpStream>,
}

impl AsyncRead for Rewound {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.read.is_empty() {
            return Pin::new(&mut self.stream).poll_read(cx, buffer);
        }
        let len = self.read.len().min(buffer.remaining());
        buffer.put_slice(&self.read[..len]);
        self.read.advance(len);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Rewound {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, data)
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
        Pin::new(&mut self.stream).poll_write_vectored(cx, data)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

/// Why a handed-over connection ended early.
#[derive(Debug, thiserror::Error)]
pub(super) enum HandoverError {
    #[error("moving the connection to another runtime")]
    Move(#[from] io::Error),
    #[error("serving it: {0}")]
    Serve(String),
}

/// Serves the rest of the connection by `service`, until its end or, after `drain`, the end of its request.
///
/// A peer that stops taking its answer is cut, as on the fast path.
///
/// Called outside of the runtime it will run on: the stream leaves its reactor here and joins the other when polled.
pub(super) fn run<S, B>(
    stream: TcpStream,
    read: Bytes,
    service: S,
    options: Options,
    drain: CancellationToken,
) -> impl Future<Output = Result<(), HandoverError>> + Send + 'static
where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible> + Send + 'static,
    S::Future: Send + 'static,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let moved = stream.into_std();
    async move {
        // The first bytes are here and say what is spoken. Guessing would wait for the rest of a preface without an end.
        let http2 = read.starts_with(PREFACE);
        let io = TokioIo::new(Rewound {
            read,
            stream: Unstalled::new(TcpStream::from_std(moved?)?, &options),
        });
        let head_timeout = options.head_timeout;
        let ended = if http2 {
            serve_http2(io, service, head_timeout, drain).await
        } else {
            serve_http1(io, service, head_timeout, drain).await
        };
        ended.map_err(|error| HandoverError::Serve(error.to_string()))
    }
}

async fn serve_http1<S, B>(
    io: TokioIo<Rewound>,
    service: S,
    head_timeout: Duration,
    drain: CancellationToken,
) -> hyper::Result<()>
where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible> + Send + 'static,
    S::Future: Send + 'static,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(head_timeout);
    let mut connection = builder.serve_connection(io, service).with_upgrades();
    tokio::select! {
        ended = &mut connection => return ended,
        () = drain.cancelled() => {}
    }
    Pin::new(&mut connection).graceful_shutdown();
    connection.await
}

async fn serve_http2<S, B>(
    io: TokioIo<Rewound>,
    service: S,
    patience: Duration,
    drain: CancellationToken,
) -> hyper::Result<()>
where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible> + Send + 'static,
    S::Future: Send + 'static,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let mut builder = http2::Builder::new(TokioExecutor::new());
    // A node that lost its power ends no connection: it is asked whether it is there.
    builder
        .timer(TokioTimer::new())
        .keep_alive_interval(patience)
        .keep_alive_timeout(patience);
    let connection = builder.serve_connection(io, service);
    tokio::pin!(connection);
    tokio::select! {
        ended = connection.as_mut() => return ended,
        () = drain.cancelled() => {}
    }
    connection.as_mut().graceful_shutdown();
    connection.await
}
