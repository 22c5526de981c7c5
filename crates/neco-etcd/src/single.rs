//! A client of one member by itself, without failover or retries: for looking at members one by one, and for what is asked of
//! a cluster's members, users and data rather than of its keys.

use etcd_client::{Channel, Client, ConnectOptions};

use crate::client::install_crypto_provider;
use crate::config::{self, Config};
use crate::error::Error;

/// A client of the first endpoint of a configuration. Nothing is asked yet: the first request connects.
///
/// # Errors
/// [`Error::Config`].
pub async fn single_client(config: &Config) -> Result<Client, Error> {
    install_crypto_provider();
    let endpoint = config::endpoints(config)?.into_iter().next();
    let endpoint = endpoint.ok_or(config::ConfigError::NoEndpoints)?;
    // A member without a leader must say so instead of letting a request wait.
    let options = ConnectOptions::new().with_require_leader(true);
    let client = Client::from_channel(Channel::Tonic(endpoint.connect_lazy()), Some(options)).await;
    client.map_err(|e| Error::Unavailable {
        op: "connecting".to_owned(),
        source: e.into(),
    })
}
