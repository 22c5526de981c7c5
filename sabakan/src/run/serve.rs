//! Accept loops for the ports without the fast path: TLS and metrics.

use super::listen::identity;
use crate::route::Listener;
use crate::web::{App, Origin};
use axum::body::Body;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use neco_daemon::tls::ServerTls;
use sabakan_files::front::{Options, Unstalled};
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// From a head's first byte to its last, and for a handshake.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// Connections at once on one of these ports; the next wait in the kernel's queue.
const MOST: usize = 4096;

type Answer = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

/// The service of one connection.
pub(super) fn service(
    app: &Arc<App>,
    origin: Origin,
) -> impl Service<Request<Incoming>, Response = Response<Body>, Error = Infallible, Future = Answer> + Send + use<> {
    let (app, origin) = (Arc::clone(app), Arc::new(origin));
    service_fn(move |request: Request<Incoming>| {
        let (app, origin) = (Arc::clone(&app), Arc::clone(&origin));
        let answer = async move { Ok(app.serve(&origin, request.map(Body::new)).await) };
        Box::pin(answer) as Answer
    })
}

/// Serves a port without TLS until the stop, and then what is under way.
pub(super) async fn plain(
    listener: TcpListener,
    kind: Listener,
    app: Arc<App>,
    stop: CancellationToken,
) -> io::Result<()> {
    accept(listener, stop.clone(), move |stream, peer| {
        let service = service(
            &app,
            Origin {
                peer,
                listener: kind,
                identity: None,
            },
        );
        connection(Unstalled::new(stream, &Options::default()), service, stop.clone())
    })
    .await
}

/// Serves the TLS port until the stop, and then what is under way.
pub(super) async fn tls(
    listener: TcpListener,
    tls: ServerTls,
    app: Arc<App>,
    stop: CancellationToken,
) -> io::Result<()> {
    let mut config = ServerConfig::clone(&tls.config());
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    accept(listener, stop.clone(), move |stream, peer| {
        let (acceptor, tls, app, stop) = (acceptor.clone(), tls.clone(), Arc::clone(&app), stop.clone());
        async move {
            let stream = Unstalled::new(stream, &Options::default());
            let shaken = tokio::time::timeout(HEAD_TIMEOUT, acceptor.accept(stream)).await;
            let stream = match shaken {
                Ok(Ok(stream)) => stream,
                Ok(Err(error)) => return tracing::debug!(%peer, %error, "no TLS handshake"),
                Err(_late) => return tracing::debug!(%peer, "a TLS handshake took too long"),
            };
            let shown = stream.get_ref().1.peer_certificates().unwrap_or_default();
            let identity = tls.identity(shown).and_then(identity);
            let service = service(
                &app,
                Origin {
                    peer,
                    listener: Listener::Https,
                    identity,
                },
            );
            connection(stream, service, stop).await;
        }
    })
    .await
}

async fn accept<F>(
    listener: TcpListener,
    stop: CancellationToken,
    handle: impl Fn(TcpStream, SocketAddr) -> F,
) -> io::Result<()>
where
    F: Future<Output = ()> + Send + 'static,
{
    let tasks = TaskTracker::new();
    let places = Arc::new(Semaphore::new(MOST));
    while !stop.is_cancelled() {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else {
            break;
        };
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                let work = handle(stream, peer);
                tasks.spawn(async move {
                    work.await;
                    drop(place);
                });
            }
            // Out of descriptors, or a peer that went away: the others must still be served.
            Err(error) => {
                tracing::warn!(%error, "a connection could not be taken");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
    tasks.close();
    tasks.wait().await;
    Ok(())
}

/// HTTP/1.1, said and not guessed from the first bytes: guessing waits for them without an end, and connections that say
/// nothing would fill the places. So would those of HTTP/2 that idle or whose node lost its power.
fn protocol() -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT);
    builder
}

async fn connection<S, I>(stream: I, service: S, stop: CancellationToken)
where
    S: Service<Request<Incoming>, Response = Response<Body>, Error = Infallible, Future = Answer> + Send + 'static,
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let connection = protocol()
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::AsyncReadExt as _;

    #[tokio::test(start_paused = true)]
    async fn who_says_nothing_is_not_waited_for() {
        let (mut silent, stream) = tokio::io::duplex(1024);
        let service = service_fn(|_| Box::pin(async { Ok(Response::new(Body::empty())) }) as Answer);
        let served = tokio::spawn(connection(stream, service, CancellationToken::new()));
        let ended = tokio::time::timeout(HEAD_TIMEOUT * 2, served).await;
        assert!(ended.is_ok(), "the connection is still held");
        let mut said = Vec::new();
        let _cut_off = silent.read_to_end(&mut said).await;
    }
}
