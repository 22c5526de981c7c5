//! Nodes over SSH. One connection a node, many sessions on it.
//!
//! A connection that breaks before a command was sent is made anew and the command sent there; once the command was sent,
//! its loss is an error, for the command may have done its work.
//! With thousands of nodes the process needs a file descriptor for each (`LimitNOFILE=` in its unit).

mod connect;
mod connection;
mod gate;
mod session;
mod slot;
mod wire;

use crate::back_off::BackOff;
use crate::counters::Counts;
use crate::error::{Doing, Error};
use crate::host_key::{HostKeyStore, Policy};
use crate::keys::Keys;
use crate::runner::{NodeAddress, Output, Runner};
use bytes::Bytes;
use connection::{Connection, OpenError};
use parking_lot::{Mutex, RwLock};
use session::Session;
use slot::Slot;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};

/// How a fleet behaves. The defaults suit a data center.
#[derive(Debug, Clone)]
pub struct Options {
    /// Port of sshd.
    pub port: u16,
    /// Limit of connecting over TCP, and again of the handshake.
    pub connect_timeout: Duration,
    /// How long a kept connection may take to give a session before it counts as dead.
    pub session_timeout: Duration,
    /// After that long without a word a connection is asked whether it lives.
    pub keepalive_interval: Duration,
    /// So many questions without an answer end a connection.
    pub keepalive_tries: usize,
    /// Sessions at once on a connection: sshd's `MaxSessions` is 10 unless configured.
    pub sessions_per_node: usize,
    /// Commands at once on all nodes.
    pub max_commands: usize,
    /// Handshakes at once: they cost CPU, and a hung one holds its place for `connect_timeout`.
    pub max_handshakes: usize,
    /// Bytes that a command may write, standard output and error together.
    pub max_output: usize,
    /// Pauses between attempts at a node that cannot be connected to.
    pub back_off: BackOff,
    /// Which host keys are taken.
    pub policy: Policy,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            port: 22,
            connect_timeout: Duration::from_secs(5),
            session_timeout: Duration::from_secs(5),
            keepalive_interval: Duration::from_secs(5),
            keepalive_tries: 3,
            sessions_per_node: 8,
            max_commands: 1024,
            max_handshakes: 128,
            max_output: 16 << 20,
            back_off: BackOff::default(),
            policy: Policy::default(),
        }
    }
}

/// Kept connections to nodes. Cheap to share by reference or in an `Arc`; dropping it closes all of them.
pub struct Fleet {
    options: Options,
    keys: RwLock<Keys>,
    host_keys: Arc<dyn HostKeyStore>,
    slots: Mutex<HashMap<NodeAddress, Arc<Slot>>>,
    commands: Semaphore,
    handshakes: Semaphore,
}

impl Fleet {
    /// A fleet without a connection yet.
    #[must_use]
    pub fn new(options: Options, keys: Keys, host_keys: Arc<dyn HostKeyStore>) -> Self {
        Self {
            commands: Semaphore::new(options.max_commands),
            handshakes: Semaphore::new(options.max_handshakes),
            keys: RwLock::new(keys),
            slots: Mutex::default(),
            host_keys,
            options,
        }
    }

    /// Uses other private keys from now on, for new connections.
    pub fn set_keys(&self, keys: Keys) {
        *self.keys.write() = keys;
    }

    /// Closes the connections to all nodes but these, and forgets their counts.
    pub fn retain(&self, nodes: &HashSet<NodeAddress>) {
        self.slots.lock().retain(|node, _| nodes.contains(node));
    }

    /// What was done with a node so far, whatever the user.
    #[must_use]
    pub fn counts(&self, address: &str) -> Counts {
        let mut total = Counts::default();
        for (_, slot) in self.slots.lock().iter().filter(|(node, _)| node.address == address) {
            total += slot.counters.counts();
        }
        total
    }

    /// What was done with all nodes of now so far.
    #[must_use]
    pub fn total(&self) -> Counts {
        let mut total = Counts::default();
        for slot in self.slots.lock().values() {
            total += slot.counters.counts();
        }
        total
    }

    fn slot(&self, node: &NodeAddress) -> Arc<Slot> {
        let mut slots = self.slots.lock();
        if let Some(slot) = slots.get(node) {
            return Arc::clone(slot);
        }
        let slot = Arc::new(Slot::new(node.clone()));
        slots.insert(node.clone(), Arc::clone(&slot));
        slot
    }

    /// Gets a session, on the kept connection or on a new one where that is dead, or is full of commands that were late and
    /// do not end: sshd counts those as sessions, and as root it passes no signals on.
    async fn session(&self, slot: &Slot, limits: &Limits) -> Result<Session, Error> {
        let connection = self.connection(slot, limits).await?;
        match self.open(&connection, limits).await {
            Err(OpenError::Dead | OpenError::Refused) => slot.discard(&connection).await,
            result => return result.map_err(|error| limits.no_session(&slot.node, error)),
        }
        let fresh = self.connection(slot, limits).await?;
        let session = self.open(&fresh, limits).await;
        session.map_err(|error| limits.no_session(&slot.node, error))
    }

    async fn connection(&self, slot: &Slot, limits: &Limits) -> Result<Arc<Connection>, Error> {
        let connecting = slot.connection(self);
        timeout_at(limits.at, connecting)
            .await
            .map_err(|_| limits.timed_out(&slot.node, Doing::Handshake))?
    }

    async fn open(&self, connection: &Arc<Connection>, limits: &Limits) -> Result<Session, OpenError> {
        connection.open(self.options.session_timeout, limits.at).await
    }

    async fn run_on(&self, slot: &Slot, command: &str, stdin: Option<Bytes>, limits: &Limits) -> Result<Output, Error> {
        let session = self.session(slot, limits).await?;
        let running = session.execute(&slot.node.address, command, stdin, self.options.max_output);
        timeout_at(limits.at, running)
            .await
            .map_err(|_| limits.timed_out(&slot.node, Doing::Command))?
    }
}

/// The time that one command has.
#[derive(Debug, Clone, Copy)]
struct Limits {
    at: Instant,
    deadline: Duration,
}

impl Limits {
    fn timed_out(&self, node: &NodeAddress, doing: Doing) -> Error {
        Error::TimedOut {
            node: node.address.clone(),
            doing,
            after: self.deadline,
        }
    }

    fn no_session(&self, node: &NodeAddress, error: OpenError) -> Error {
        let (node_address, doing) = (node.address.clone(), Doing::Session);
        match error {
            OpenError::Late => self.timed_out(node, doing),
            OpenError::Refused => Error::SessionRefused { node: node_address },
            OpenError::Dead => Error::Lost {
                node: node_address,
                doing,
            },
        }
    }
}

impl Runner for Fleet {
    async fn run(
        &self,
        node: &NodeAddress,
        command: &str,
        stdin: Option<Bytes>,
        deadline: Duration,
    ) -> Result<Output, Error> {
        let slot = self.slot(node);
        // Waiting for a place of our own is not the node's fault: its time begins after that. The semaphore is never closed.
        let _place = self.commands.acquire().await;
        slot.counters.commands.add_one();
        let limits = Limits {
            at: Instant::now() + deadline,
            deadline,
        };
        let result = self.run_on(&slot, command, stdin, &limits).await;
        if result.is_err() {
            slot.counters.failures.add_one();
        }
        result
    }
}

impl fmt::Debug for Fleet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fleet")
            .field("options", &self.options)
            .field("total", &self.total())
            .finish_non_exhaustive()
    }
}
