//! One kept connection for each member.

use std::collections::BTreeMap;

use etcd_client::Client;
use neco_etcd::{Config, single_client};
use neco_vault::Secret;
use tokio::sync::Mutex;

use crate::Error;

/// A connection that does not come about within this time is given up.
const CONNECT_TIMEOUT: &str = "2s";

/// What is shown to the members, and what theirs are checked by. All in PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RootCredentials {
    /// Certificate of the authority of etcd's servers.
    pub server_ca: String,
    /// Certificate of the user `root`.
    pub certificate: String,
    /// Its key.
    pub key: Secret,
}

/// Clients by end point, each made when it is first asked for.
pub(crate) struct Clients {
    credentials: RootCredentials,
    kept: Mutex<BTreeMap<String, Client>>,
}

impl std::fmt::Debug for Clients {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Clients").finish_non_exhaustive()
    }
}

impl Clients {
    pub(crate) fn new(credentials: RootCredentials) -> Clients {
        Clients {
            credentials,
            kept: Mutex::default(),
        }
    }

    /// The client of an end point. Nothing is sent yet.
    pub(crate) async fn of(&self, endpoint: &str) -> Result<Client, Error> {
        let mut kept = self.kept.lock().await;
        if let Some(client) = kept.get(endpoint) {
            return Ok(client.clone());
        }
        let client = single_client(&self.config(endpoint))
            .await
            .map_err(|source| Error::Setup {
                endpoint: endpoint.to_owned(),
                source: Box::new(source),
            })?;
        kept.insert(endpoint.to_owned(), client.clone());
        Ok(client)
    }

    fn config(&self, endpoint: &str) -> Config {
        Config {
            endpoints: vec![endpoint.to_owned()],
            timeout: CONNECT_TIMEOUT.to_owned(),
            tls_ca: self.credentials.server_ca.clone(),
            tls_cert: self.credentials.certificate.clone(),
            tls_key: self.credentials.key.clone(),
            ..Config::new("")
        }
    }
}
