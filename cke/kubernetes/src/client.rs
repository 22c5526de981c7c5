//! The kept clients, one for each API server that was asked for.

use crate::connection::{self, API_PORT, Identity, REQUEST_LIMIT};
use crate::definition::Definitions;
use crate::error::Error;
use crate::mapping::Mappings;
use crate::node_watch::NodeWatch;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

/// Kubernetes, through any of its API servers. Cheap to clone; all clones share their connections.
#[derive(Clone)]
pub struct Kubernetes {
    shared: Arc<Shared>,
}

struct Shared {
    port: u16,
    tls: Mutex<rustls::ClientConfig>,
    servers: Mutex<HashMap<String, ApiServer>>,
    definitions: Definitions,
    changes: tokio::sync::watch::Sender<u64>,
}

impl fmt::Debug for Kubernetes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Kubernetes")
            .field("port", &self.shared.port)
            .finish_non_exhaustive()
    }
}

impl Kubernetes {
    /// API servers on [`API_PORT`]. Nothing is connected before it is asked for.
    ///
    /// # Errors
    /// Where the certificates cannot be used.
    pub fn new(identity: &Identity) -> Result<Kubernetes, Error> {
        Kubernetes::on_port(identity, API_PORT)
    }

    /// API servers on another port.
    ///
    /// # Errors
    /// Where the certificates cannot be used.
    pub fn on_port(identity: &Identity, port: u16) -> Result<Kubernetes, Error> {
        let shared = Shared {
            port,
            tls: Mutex::new(identity.tls()?),
            servers: Mutex::default(),
            definitions: Definitions::default(),
            changes: tokio::sync::watch::Sender::new(0),
        };
        Ok(Kubernetes {
            shared: Arc::new(shared),
        })
    }

    /// Uses new certificates from the next request on: to be called before the old ones end.
    ///
    /// # Errors
    /// Where they cannot be used; then the old ones stay.
    pub fn renew(&self, identity: &Identity) -> Result<(), Error> {
        *self.shared.tls.lock() = identity.tls()?;
        self.shared.servers.lock().clear();
        Ok(())
    }

    /// The client of the API server at this address, the same one as long as the certificates stay.
    ///
    /// # Errors
    /// Where the address is none.
    pub fn client(&self, address: &str) -> Result<ApiServer, Error> {
        if let Some(server) = self.shared.servers.lock().get(address) {
            return Ok(server.clone());
        }
        let client = connection::client(&self.shared.tls.lock().clone(), address, self.shared.port)?;
        let server = ApiServer {
            inner: Arc::new(Inner {
                address: address.to_owned(),
                client,
                mappings: Mappings::default(),
                nodes: Mutex::default(),
                changes: self.shared.changes.clone(),
            }),
        };
        Ok(self
            .shared
            .servers
            .lock()
            .entry(address.to_owned())
            .or_insert(server)
            .clone())
    }

    /// Forgets API servers that are no longer among these addresses.
    pub fn retain(&self, addresses: &[String]) {
        self.shared
            .servers
            .lock()
            .retain(|address, _| addresses.contains(address));
    }

    /// Changes whenever a Node object changed in what [`cke_model::kubernetes::KubeNode`] tells: a reason to look again,
    /// like a node that has become ready.
    #[must_use]
    pub fn changes(&self) -> tokio::sync::watch::Receiver<u64> {
        self.shared.changes.subscribe()
    }

    /// Ends the watches of all other API servers: one is enough.
    pub(crate) fn watch_only(&self, address: &str) {
        for (other, server) in self.shared.servers.lock().iter() {
            if other != address {
                server.inner.nodes.lock().take();
            }
        }
    }

    pub(crate) fn definitions(&self) -> &Definitions {
        &self.shared.definitions
    }
}

/// One API server. Cheap to clone.
#[derive(Clone)]
pub struct ApiServer {
    inner: Arc<Inner>,
}

struct Inner {
    address: String,
    client: kube::Client,
    mappings: Mappings,
    nodes: Mutex<Option<Arc<NodeWatch>>>,
    changes: tokio::sync::watch::Sender<u64>,
}

impl fmt::Debug for ApiServer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ApiServer")
            .field("address", &self.inner.address)
            .finish_non_exhaustive()
    }
}

impl ApiServer {
    /// Its address.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.inner.address
    }

    /// The client, for requests that this crate does not know. They have no limit of time.
    #[must_use]
    pub fn raw(&self) -> kube::Client {
        self.inner.client.clone()
    }

    pub(crate) fn mappings(&self) -> &Mappings {
        &self.inner.mappings
    }

    /// The watch of Node objects, begun where it was not.
    pub(crate) fn node_watch(&self) -> Arc<NodeWatch> {
        let start = || Arc::new(NodeWatch::start(self.raw(), self.inner.changes.clone()));
        self.inner.nodes.lock().get_or_insert_with(start).clone()
    }

    /// Tells the watch, where there is one, what was written, so that the next observation waits until it has seen that.
    pub(crate) fn wrote_node(&self, name: &str, written: crate::node_watch::Written) {
        if let Some(watch) = self.inner.nodes.lock().as_ref() {
            watch.wrote(name, written);
        }
    }

    /// Sends a request and waits for its answer, but not for ever.
    pub(crate) async fn ask<T>(
        &self,
        request: impl fmt::Display,
        answer: impl Future<Output = kube::Result<T>>,
    ) -> Result<T, Error> {
        let server = || self.inner.address.clone();
        match tokio::time::timeout(REQUEST_LIMIT, answer).await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(source)) => Err(Error::Request {
                server: server(),
                request: request.to_string(),
                source: source.into(),
            }),
            Err(_) => Err(Error::Timeout {
                server: server(),
                request: request.to_string(),
                limit: REQUEST_LIMIT,
            }),
        }
    }

    /// The same for what may not be there. Where even its kind is not, the API server's answer is no `Status`, which kube's
    /// own `get_opt` takes for a fault.
    pub(crate) async fn ask_for<T>(
        &self,
        request: impl fmt::Display,
        answer: impl Future<Output = kube::Result<T>>,
    ) -> Result<Option<T>, Error> {
        match self.ask(request, answer).await {
            Ok(value) => Ok(Some(value)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }
}
