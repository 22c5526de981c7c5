//! Listening, and ending in order.
//!
//! After SIGTERM or SIGINT clients are still taken for `CANCELLATION_DELAY_SECONDS` (5 unless set), so that nobody is refused while
//! others finish; the delay ends early when nobody is left. Then no client is taken any more, and those that are here have
//! `--shutdown-timeout` to finish.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::dial::{Dialer, prepare};
use super::log::{Field, Level, Log};
use super::options::Options;
use super::pool::Pool;
use super::{Error, health, proxy};

/// Idle time after which a client is probed.
const CLIENT_KEEP_ALIVE: Duration = Duration::from_secs(180);

/// The pause after a client could not be taken: file descriptors may have run out.
const PAUSE: Duration = Duration::from_millis(50);

const DELAY_VARIABLE: &str = "CANCELLATION_DELAY_SECONDS";
const DELAY: Duration = Duration::from_secs(5);

/// What every connection needs.
struct Shared {
    pool: Arc<Pool>,
    dialer: Dialer,
    log: Arc<Log>,
}

/// Serves until a signal.
///
/// # Errors
/// When it cannot listen.
pub async fn serve(options: Options, log: Arc<Log>) -> Result<(), Error> {
    let failed = |source| Error::Listen {
        address: options.listen.clone(),
        source,
    };
    let mut terminate = signal(SignalKind::terminate()).map_err(Error::Start)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(Error::Start)?;
    let listener = listen(&options.listen).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?.to_string();
    log.write(Level::Info, "listening", &[("address", address.into())]);
    let pool = Arc::new(Pool::new(&options.upstreams));
    let dialer = Dialer { options: options.dial };
    for upstream in pool.upstreams() {
        let watch = health::watch(
            Arc::clone(&pool),
            Arc::clone(upstream),
            dialer,
            options.check_interval,
            Arc::clone(&log),
        );
        tokio::spawn(watch);
    }

    let shared = Arc::new(Shared {
        pool,
        dialer,
        log: Arc::clone(&log),
    });
    let mut clients = JoinSet::new();
    let name = tokio::select! {
        () = take(&listener, &shared, &mut clients, false) => return Ok(()),
        _ = terminate.recv() => "terminated",
        _ = interrupt.recv() => "interrupt",
    };
    let delay = delay();
    log.write(
        Level::Warning,
        "well: got signal",
        &[("signal", name.into()), ("delay", delay.as_secs().into())],
    );
    tokio::select! {
        () = take(&listener, &shared, &mut clients, true) => {}
        () = sleep(delay) => {}
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    drop(listener);
    drain(clients, options.shutdown_timeout, &log).await;
    Ok(())
}

/// Takes clients for ever, or with `until_idle` until none is left.
async fn take(listener: &TcpListener, shared: &Arc<Shared>, clients: &mut JoinSet<()>, until_idle: bool) {
    while !(until_idle && clients.is_empty()) {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, address)) => {
                    clients.spawn(client(stream, address.to_string(), Arc::clone(shared)));
                }
                Err(error) => {
                    shared.log.write(Level::Warning, "failed to accept a connection", &[("error", error.to_string().into())]);
                    sleep(PAUSE).await;
                }
            },
            Some(_) = clients.join_next() => {}
        }
    }
}

async fn client(stream: TcpStream, address: String, shared: Arc<Shared>) {
    let request = ("request_id", request_id());
    let started = Instant::now();
    // A client that is gone already is found out by the first read.
    let _ = prepare(&stream, CLIENT_KEEP_ALIVE);
    let served = proxy::serve(stream, &shared.pool, &shared.dialer, &shared.log).await;
    tell(&shared.log, request, &address, started, served);
}

fn tell(log: &Log, request: Field<'_>, client: &str, started: Instant, served: Result<(), proxy::Error>) {
    let elapsed = ("elapsed", started.elapsed().as_secs_f64().into());
    match served {
        Ok(()) => log.write(Level::Info, "proxy ends", &[request, elapsed]),
        Err(error @ proxy::Error::Nobody) => {
            let fields: [Field<'_>; 4] = [
                ("type", "access".into()),
                request,
                ("client_addr", client.into()),
                ("error", error.to_string().into()),
            ];
            log.write(Level::Error, "failed to connect to upstream servers", &fields);
        }
        Err(error) => {
            log.write(
                Level::Error,
                "proxy ends with an error",
                &[request, elapsed, ("error", error.to_string().into())],
            );
        }
    }
}

/// An id that leads from one line of a connection to another.
fn request_id() -> Value {
    let id = format!("{:032x}", rand::random::<u128>());
    let part = |range| id.get(range).unwrap_or_default();
    let parts = [part(0..8), part(8..12), part(12..16), part(16..20), part(20..32)];
    parts.join("-").into()
}

/// Like Go, `:80` is port 80 of every address of the host.
async fn listen(address: &str) -> io::Result<TcpListener> {
    match address.strip_prefix(':') {
        None => TcpListener::bind(address).await,
        Some(port) => match TcpListener::bind(format!("[::]:{port}")).await {
            Ok(listener) => Ok(listener),
            // A host without IPv6.
            Err(_) => TcpListener::bind(format!("0.0.0.0:{port}")).await,
        },
    }
}

fn delay() -> Duration {
    let given = std::env::var(DELAY_VARIABLE)
        .ok()
        .and_then(|value| value.parse::<i64>().ok());
    given.map_or(DELAY, |seconds| {
        Duration::from_secs(u64::try_from(seconds).unwrap_or(0))
    })
}

async fn drain(mut clients: JoinSet<()>, limit: Option<Duration>, log: &Log) {
    let finish = async { while clients.join_next().await.is_some() {} };
    let limit = limit.unwrap_or(Duration::MAX);
    if timeout(limit, finish).await.is_err() {
        log.write(Level::Warning, "well: timeout waiting for shutdown", &[]);
    }
}
