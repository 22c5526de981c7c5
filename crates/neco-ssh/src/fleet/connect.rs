//! Making a connection: TCP, host key, authentication.

use super::connection::Connection;
use super::gate::{Gate, Knowledge, Shown, finger_print};
use super::slot::Slot;
use super::wire::{Wire, cuttable};
use super::{Fleet, Options};
use crate::error::{Doing, Error};
use crate::host_key::{Pinned, Verdict, pin};
use jiff::Timestamp;
use parking_lot::Mutex;
use russh::client::{Config, Handle};
use russh::keys::{Algorithm, PrivateKey, PrivateKeyWithHashAlg};
use std::io::{self, ErrorKind};
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio::time::timeout;

impl Fleet {
    /// Connects to a node.
    pub(super) async fn connect(&self, slot: &Slot) -> Result<Connection, Error> {
        let node = &slot.node.address;
        let key = self.key(node)?;
        let knowledge = self.knowledge(node).await?;
        slot.counters.connections.add_one();
        let stream = tcp(node, &self.options).await?;
        // Only a closed semaphore fails, and this one never is.
        let _place = self.handshakes.acquire().await;
        let (wire, cutter) = cuttable(stream);
        let handshake = self.handshake(slot, wire, &key, knowledge);
        let handle = timeout(self.options.connect_timeout, handshake)
            .await
            .map_err(|_| Error::TimedOut {
                node: node.clone(),
                doing: Doing::Handshake,
                after: self.options.connect_timeout,
            })??;
        slot.counters.handshakes.add_one();
        Ok(Connection::new(handle, cutter, self.options.sessions_per_node))
    }

    fn key(&self, node: &str) -> Result<Arc<PrivateKey>, Error> {
        let key = self.keys.read().for_address(node);
        key.ok_or_else(|| Error::NoKey { node: node.to_owned() })?
            .map_err(|source| Error::BadKey {
                node: node.to_owned(),
                source,
            })
    }

    async fn knowledge(&self, node: &str) -> Result<Knowledge, Error> {
        let failed = |source| Error::HostKeyStore {
            node: node.to_owned(),
            source,
        };
        Ok(Knowledge {
            pinned: self.host_keys.pinned(node).await.map_err(failed)?,
            last_boot: self.host_keys.last_boot(node).await.map_err(failed)?,
            policy: self.options.policy,
        })
    }

    async fn handshake(
        &self,
        slot: &Slot,
        wire: Wire,
        key: &Arc<PrivateKey>,
        knowledge: Knowledge,
    ) -> Result<Handle<Gate>, Error> {
        let config = Arc::new(config(&self.options, knowledge.pinned.as_ref()));
        let (gate, shown) = Gate::new(knowledge.clone());
        let connected = russh::client::connect_stream(config, wire, gate).await;
        let shown = host_key(slot, &knowledge, &shown)?;
        let mut handle = connected.map_err(|source| failed(slot, source))?;
        authenticate(slot, &mut handle, key).await?;
        // Kept only now: what cannot let us in has shown nothing worth keeping.
        if let Some(shown) = shown {
            self.keep_host_key(slot, &knowledge, shown).await?;
        }
        Ok(handle)
    }

    async fn keep_host_key(&self, slot: &Slot, knowledge: &Knowledge, shown: Shown) -> Result<(), Error> {
        let node = &slot.node.address;
        match shown.verdict {
            Verdict::Pin => tracing::info!(node, key = shown.finger_print, "pinned the SSH host key"),
            Verdict::Replace => {
                slot.counters.host_keys_accepted.add_one();
                tracing::info!(
                    node,
                    key = shown.finger_print,
                    "accepted another SSH host key after a boot"
                );
            }
            Verdict::Known | Verdict::RefuseUnknown | Verdict::RefuseChanged => return Ok(()),
        }
        let pinned = pin(&shown.key, knowledge.last_boot, Timestamp::now());
        self.host_keys
            .pin(node, pinned)
            .await
            .map_err(|source| Error::HostKeyStore {
                node: node.clone(),
                source,
            })
    }
}

async fn tcp(node: &str, options: &Options) -> Result<TcpStream, Error> {
    let port = options.port;
    let connected = timeout(options.connect_timeout, TcpStream::connect((node, port)))
        .await
        .map_err(|_| Error::TimedOut {
            node: node.to_owned(),
            doing: Doing::Connecting,
            after: options.connect_timeout,
        })?;
    let stream = connected.map_err(|error| unreachable(node, port, error))?;
    stream
        .set_nodelay(true)
        .map_err(|error| unreachable(node, port, error))?;
    Ok(stream)
}

fn unreachable(node: &str, port: u16, source: io::Error) -> Error {
    let node = node.to_owned();
    match source.kind() {
        ErrorKind::ConnectionRefused => Error::Refused { node, port },
        _ => Error::Unreachable { node, source },
    }
}

fn failed(slot: &Slot, source: russh::Error) -> Error {
    Error::Handshake {
        node: slot.address(),
        source,
    }
}

/// What the node showed, or why that ends the handshake; none where it showed nothing.
fn host_key(slot: &Slot, knowledge: &Knowledge, shown: &Mutex<Option<Shown>>) -> Result<Option<Shown>, Error> {
    let Some(shown) = shown.lock().clone() else {
        return Ok(None);
    };
    let (node, offered) = (slot.address(), shown.finger_print.clone());
    let error = match shown.verdict {
        Verdict::Known | Verdict::Pin | Verdict::Replace => return Ok(Some(shown)),
        Verdict::RefuseUnknown => Error::HostKeyUnknown { node, offered },
        Verdict::RefuseChanged => Error::HostKeyChanged {
            node,
            offered,
            pinned: knowledge
                .pinned
                .as_ref()
                .map_or_else(String::new, |p| finger_print(&p.key)),
        },
    };
    slot.counters.host_keys_refused.add_one();
    tracing::error!(node = slot.node.address, "{error}");
    Err(error)
}

async fn authenticate(slot: &Slot, handle: &mut Handle<Gate>, key: &Arc<PrivateKey>) -> Result<(), Error> {
    let hash = match key.algorithm() {
        // Which hashes the server takes comes in a message of its own; without it, the one that every current server takes.
        Algorithm::Rsa { .. } => handle
            .best_supported_rsa_hash()
            .await
            .map_err(|source| failed(slot, source))?
            .unwrap_or(Some(russh::keys::HashAlg::Sha512)),
        _ => None,
    };
    let signer = PrivateKeyWithHashAlg::new(Arc::clone(key), hash);
    let result = handle.authenticate_publickey(&slot.node.user, signer).await;
    if result.map_err(|source| failed(slot, source))?.success() {
        return Ok(());
    }
    Err(Error::Auth {
        node: slot.address(),
        user: slot.node.user.clone(),
    })
}

fn config(options: &Options, pinned: Option<&Pinned>) -> Config {
    let mut config = Config {
        keepalive_interval: Some(options.keepalive_interval),
        keepalive_max: options.keepalive_tries,
        nodelay: true,
        ..Config::default()
    };
    if let Some(kind) = pinned.and_then(|pinned| pinned.key.split(' ').next()) {
        // Of the keys that the server has it shall show the one that we know.
        let mut algorithms = config.preferred.key.to_vec();
        algorithms.sort_by_key(|algorithm| key_type(algorithm) != kind);
        config.preferred.key = algorithms.into();
    }
    config
}

/// The type of key that goes with an algorithm of signatures: RSA has one for three.
fn key_type(algorithm: &Algorithm) -> &str {
    match algorithm {
        Algorithm::Rsa { .. } => "ssh-rsa",
        other => other.as_str(),
    }
}
