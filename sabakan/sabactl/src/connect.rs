//! From flags to clients.

use crate::cli::Connection;
use anyhow::Context;
use sabakan_client::{Client, Identity, Options};
use std::path::Path;

impl Connection {
    /// A client of the server.
    pub(crate) fn client(&self) -> anyhow::Result<Client> {
        self.client_of(&self.server)
    }

    /// A client of the server's port for disk keys.
    pub(crate) fn tls_client(&self) -> anyhow::Result<Client> {
        self.client_of(&self.tls_server)
    }

    fn client_of(&self, server: &str) -> anyhow::Result<Client> {
        let options = Options {
            user: self.user.clone(),
            ca_pem: self.ca.as_deref().map(read).transpose()?,
            identity: self.identity()?,
            insecure: self.insecure,
            read_timeout: self.timeout,
            ..Options::new(server)
        };
        Ok(Client::new(&options)?)
    }

    fn identity(&self) -> anyhow::Result<Option<Identity>> {
        let (Some(cert), Some(key)) = (&self.cert, &self.key) else {
            return Ok(None);
        };
        Ok(Some(Identity {
            cert_pem: read(cert)?,
            key_pem: read(key)?,
        }))
    }
}

fn read(path: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}
