//! Connecting a client to an upstream, to whichever is there.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rand::seq::SliceRandom as _;
use socket2::{SockRef, TcpKeepalive};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::log::{Level, Log};
use super::options::Dial;
use super::pool::{Pool, Upstream};

/// An upstream that has not answered for so long gets a competitor: in a data center a connection takes less than a millisecond.
const HEAD_START: Duration = Duration::from_millis(250);

/// How long a client waits for an upstream where `--dial-timeout` sets no limit.
const PATIENCE: Duration = Duration::from_secs(10);

/// The pause before healthy upstreams that all failed are tried again, unless something changes before.
const PAUSE: Duration = Duration::from_millis(100);

/// Makes connections.
#[derive(Debug, Clone, Copy)]
pub struct Dialer {
    /// How.
    pub options: Dial,
}

impl Dialer {
    /// A connection to one address.
    ///
    /// # Errors
    /// When there is none in time.
    pub async fn dial(&self, address: &str) -> io::Result<TcpStream> {
        let connecting = TcpStream::connect(address);
        let stream = match self.options.timeout {
            Some(limit) => timeout(limit, connecting)
                .await
                .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??,
            None => connecting.await?,
        };
        prepare(&stream, self.options.keep_alive)?;
        Ok(stream)
    }

    /// A connection to any healthy upstream, at random; to one of those that were `tried` only when there is no other. While none is
    /// healthy it waits for one, as long as a connection may take.
    pub async fn any(
        &self,
        pool: &Pool,
        tried: &[Arc<Upstream>],
        log: &Arc<Log>,
    ) -> Option<(TcpStream, Arc<Upstream>)> {
        let deadline = Instant::now() + self.options.timeout.unwrap_or(PATIENCE);
        timeout_at(deadline, self.until_connected(pool, tried, log)).await.ok()
    }

    async fn until_connected(
        &self,
        pool: &Pool,
        tried: &[Arc<Upstream>],
        log: &Arc<Log>,
    ) -> (TcpStream, Arc<Upstream>) {
        let mut changes = pool.changes();
        loop {
            let mut candidates = pool.healthy();
            candidates.shuffle(&mut rand::rng());
            candidates.sort_by_key(|upstream| tried.iter().any(|t| Arc::ptr_eq(t, upstream)));
            let none = candidates.is_empty();
            if let Some(connected) = self.race(candidates, log).await {
                return connected;
            }
            tokio::select! {
                _ = changes.changed() => {}
                () = sleep(PAUSE), if !none => {}
            }
        }
    }

    /// The first connection: each upstream has a head start before the next.
    async fn race(&self, candidates: Vec<Arc<Upstream>>, log: &Arc<Log>) -> Option<(TcpStream, Arc<Upstream>)> {
        let mut racers = JoinSet::new();
        let mut waiting = candidates.into_iter();
        loop {
            let started = waiting
                .next()
                .map(|upstream| racers.spawn(self.attempt(upstream, Arc::clone(log))));
            if started.is_none() && racers.is_empty() {
                return None;
            }
            let head_start = if waiting.len() == 0 { Duration::MAX } else { HEAD_START };
            if let Ok(Some(Ok(Some(connected)))) = timeout(head_start, racers.join_next()).await {
                return Some(connected);
            }
            // It failed, or takes long: the next one.
        }
    }

    /// An attempt that tells of its failure.
    fn attempt(
        &self,
        upstream: Arc<Upstream>,
        log: Arc<Log>,
    ) -> impl Future<Output = Option<(TcpStream, Arc<Upstream>)>> + use<> {
        let dialer = *self;
        async move {
            match dialer.dial(&upstream.address).await {
                Ok(stream) => Some((stream, upstream)),
                Err(error) => {
                    upstream.suspect();
                    let fields = [
                        ("upstream", upstream.address.as_str().into()),
                        ("error", error.to_string().into()),
                    ];
                    log.write(Level::Warning, "failed to connect to proxy server", &fields);
                    None
                }
            }
        }
    }
}

/// What both sides of the proxy get: no delay of small writes, and probes that find a peer that is gone.
///
/// # Errors
/// When the socket is of no use any more.
pub fn prepare(stream: &TcpStream, keep_alive: Duration) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let probes = TcpKeepalive::new().with_time(keep_alive).with_interval(keep_alive);
    SockRef::from(stream).set_tcp_keepalive(&probes)
}
