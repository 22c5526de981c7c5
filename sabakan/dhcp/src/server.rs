//! The server: takes packets from the socket, asks for decisions, and carries them out.

use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use neco_etcd::Etcd;
use parking_lot::RwLock;
use sabakan_model::{BootEvent, SiteConfig};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio_util::sync::CancellationToken;

use crate::decide::DropReason;
use crate::event_log::EventLog;
use crate::limits::{Gate, Limits};
use crate::metrics::Metrics;
use crate::net::{Datagram, Interfaces, Listener};
use crate::packet::Packet;
use crate::probe::probe_forever;
use crate::site::{BootUrls, Site};
use crate::store::{Identity, LEAST_GRACE, Store, ticker};

mod report;
mod work;

/// What the server is started with.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where to listen; port 0 takes any.
    pub bind: SocketAddrV4,
    /// The URL under which nodes reach this server.
    pub advertise_url: String,
    /// The URL under which firmware is sent to it: the same, or that of the HTTPS port.
    pub firmware_url: String,
    /// The server's name in events and heartbeats.
    pub name: String,
    /// Where to write what clients are told, if anywhere.
    pub event_log: Option<PathBuf>,
    /// Limits per client and relay.
    pub limits: Limits,
    /// Look for machines that use free addresses.
    pub probes: bool,
    /// Times that tests shorten.
    pub timing: Timing,
}

/// Times that an operator does not set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// A lease time instead of the configuration's, whose least is a minute.
    pub lease_seconds: Option<u32>,
    /// How long an expired lease rests, at least. It has to be above the skew of the servers' clocks.
    pub least_grace: SignedDuration,
}

impl Default for Timing {
    fn default() -> Timing {
        Timing {
            lease_seconds: None,
            least_grace: LEAST_GRACE,
        }
    }
}

/// Why the server could not be made.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// The socket.
    #[error("cannot listen for DHCP on {address}")]
    Socket {
        /// Where.
        address: SocketAddrV4,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The list of interfaces.
    #[error("cannot read the host's addresses")]
    Interfaces(#[source] io::Error),
    /// The event log.
    #[error("cannot open the event log {path}")]
    EventLog {
        /// Where.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The metrics.
    #[error("cannot register the metrics of DHCP")]
    Metrics(#[source] prometheus::Error),
}

/// Packets that wait for etcd at a time. Beyond it new ones are dropped, and their clients ask again.
const MOST_IN_WORK: usize = 8192;
/// Packets taken from the socket before anything else gets a turn.
const BATCH: usize = 64;
/// Between looks at the host's addresses.
const INTERFACES: Duration = Duration::from_secs(5);

/// A bound server.
pub struct Server {
    state: Arc<State>,
    site: watch::Receiver<SiteConfig>,
    limits: Limits,
    probes: bool,
    timing: Timing,
}

/// What the work on every packet shares.
struct State {
    listener: Listener,
    store: Store,
    metrics: Metrics,
    urls: BootUrls,
    name: String,
    site: RwLock<Option<Arc<Site>>>,
    interfaces: RwLock<Arc<Interfaces>>,
    log: Option<EventLog>,
    events: mpsc::Sender<BootEvent>,
    in_work: Arc<Semaphore>,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server")
            .field("listener", &self.state.listener)
            .finish_non_exhaustive()
    }
}

impl Server {
    /// Binds the socket. Must be called within a tokio runtime; packets wait in the socket until [`Server::run`].
    ///
    /// # Errors
    /// [`BindError`] names what could not be had.
    pub fn bind(
        options: Options,
        etcd: Etcd,
        site: watch::Receiver<SiteConfig>,
        events: mpsc::Sender<BootEvent>,
        registry: &prometheus::Registry,
    ) -> Result<Server, BindError> {
        let address = options.bind;
        let listener = Listener::bind(address).map_err(|source| BindError::Socket { address, source })?;
        let interfaces = Interfaces::read().map_err(BindError::Interfaces)?;
        let metrics = Metrics::register(registry).map_err(BindError::Metrics)?;
        let log = options
            .event_log
            .map(|path| EventLog::open(&path).map_err(|source| BindError::EventLog { path, source }));
        let identity = Identity::new(options.name.clone(), interfaces.all().to_vec());
        let state = State {
            listener,
            store: Store::new(etcd, identity, metrics.clone(), options.timing.least_grace),
            metrics,
            urls: BootUrls::under(&options.firmware_url, &options.advertise_url),
            name: options.name,
            site: RwLock::new(None),
            interfaces: RwLock::new(Arc::new(interfaces)),
            log: log.transpose()?,
            events,
            in_work: Arc::new(Semaphore::new(MOST_IN_WORK)),
        };
        Ok(Server {
            state: Arc::new(state),
            site,
            limits: options.limits,
            probes: options.probes,
            timing: options.timing,
        })
    }

    /// The bound address.
    ///
    /// # Errors
    /// The system's.
    pub fn local_addr(&self) -> io::Result<SocketAddrV4> {
        self.state.listener.local_addr()
    }

    /// The leases, for whoever shows them.
    #[must_use]
    pub fn store(&self) -> Store {
        self.state.store.clone()
    }

    /// Serves until the token is cancelled. While etcd cannot be read at the start, it is tried again with a word in
    /// the log.
    pub async fn run(self, stop: CancellationToken) {
        let serve = self.serve();
        if stop.run_until_cancelled(serve).await.is_none() {
            self.state.store.deregister().await;
        }
    }

    async fn serve(&self) {
        let state = &self.state;
        // Packets wait in the socket meanwhile; when etcd does not answer, they are met as in any outage.
        let first = state.store.start().await;
        let keeping = async {
            let mut started = first;
            loop {
                match started {
                    Ok(keeping) => return keeping.await,
                    Err(error) => {
                        let error = &error as &dyn std::error::Error;
                        tracing::error!(op = "dhcp start", error, "leases cannot be read: trying again");
                    }
                }
                tokio::time::sleep(Duration::from_secs(1)).await;
                started = state.store.start().await;
            }
        };
        let probing = async {
            if self.probes {
                probe_forever(state.store.clone(), state.metrics.clone()).await;
            }
            std::future::pending::<()>().await;
        };
        let receiving = state.clone().receive_forever(Gate::new(self.limits));
        tokio::join!(
            keeping,
            probing,
            self.follow_site(),
            state.follow_interfaces(),
            receiving
        );
    }

    async fn follow_site(&self) {
        let mut site = self.site.clone();
        loop {
            let mut now = Site::new(&site.borrow_and_update());
            if let (Some(now), Some(seconds)) = (&mut now, self.timing.lease_seconds) {
                now.lease_seconds = seconds;
            }
            if let Some(now) = &now {
                self.state.store.note_lease(now.lease_seconds);
            }
            *self.state.site.write() = now.map(Arc::new);
            if site.changed().await.is_err() {
                return;
            }
        }
    }
}

impl State {
    async fn follow_interfaces(&self) {
        let mut looks = ticker(INTERFACES);
        loop {
            looks.tick().await;
            match Interfaces::read() {
                Ok(now) => {
                    self.store.set_addresses(now.all());
                    *self.interfaces.write() = Arc::new(now);
                }
                Err(error) => tracing::warn!(op = "dhcp", %error, "the host's addresses cannot be read"),
            }
        }
    }

    async fn receive_forever(self: Arc<Self>, mut gate: Gate) {
        loop {
            match self.listener.receive(BATCH).await {
                Ok(datagrams) => {
                    let now = Instant::now();
                    for datagram in datagrams {
                        self.take(&mut gate, &datagram, now);
                    }
                    tokio::task::yield_now().await;
                }
                Err(error) => {
                    tracing::error!(op = "dhcp receive", %error, "the socket failed");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }

    /// Works on a datagram as far as memory allows, and in the background where etcd has to be asked.
    fn take(self: &Arc<Self>, gate: &mut Gate, datagram: &Datagram, now: Instant) {
        let packet = match Packet::parse(&datagram.bytes) {
            Ok(packet) => packet,
            Err(error) => {
                tracing::debug!(op = "dhcp", %error, "a packet was dropped");
                self.metrics.silent(DropReason::Malformed);
                return;
            }
        };
        self.metrics.received(packet.kind);
        if let Err(reason) = gate.admit(&packet, now) {
            self.metrics.silent(reason);
            return;
        }
        let Some(server) = self.interfaces.read().first(datagram.interface) else {
            self.metrics.silent(DropReason::OutsideRanges);
            return;
        };
        self.start(packet, server, datagram.interface);
    }

    fn addresses(&self) -> Arc<Interfaces> {
        Arc::clone(&self.interfaces.read())
    }

    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    /// Whether another live server stands in the rack of a relay, and this one does not.
    fn is_anothers(&self, site: &Site, relay: Ipv4Addr) -> bool {
        let Some(block) = site.layout.block(relay) else {
            return false;
        };
        let inside = |address: Ipv4Addr| site.layout.block(address) == Some(block);
        !self.addresses().all().iter().copied().any(inside) && self.store.peers().owns(inside)
    }
}
