//! Configuration of the site, kernel parameters, version and health.

use crate::request::body;
use crate::{Client, Error};
use http::Method;
use sabakan_model::{DhcpConfig, IpamConfig};
use serde::Deserialize;

#[derive(Deserialize)]
struct Version {
    version: String,
}

impl Client {
    /// The address plan.
    ///
    /// # Errors
    /// 404 when none was put.
    pub async fn ipam(&self) -> Result<IpamConfig, Error> {
        self.get_json(&["config", "ipam"]).await
    }

    /// Replaces the address plan.
    ///
    /// # Errors
    /// 400 when it is not valid, 500 when machines are registered already.
    pub async fn set_ipam(&self, config: &IpamConfig) -> Result<(), Error> {
        self.send_json(Method::PUT, &["config", "ipam"], config).await
    }

    /// The DHCP configuration.
    ///
    /// # Errors
    /// 404 when none was put.
    pub async fn dhcp(&self) -> Result<DhcpConfig, Error> {
        self.get_json(&["config", "dhcp"]).await
    }

    /// Replaces the DHCP configuration.
    ///
    /// # Errors
    /// 400 when it is not valid.
    pub async fn set_dhcp(&self, config: &DhcpConfig) -> Result<(), Error> {
        self.send_json(Method::PUT, &["config", "dhcp"], config).await
    }

    /// Kernel parameters of an operating system.
    ///
    /// # Errors
    /// 404 when none were put.
    pub async fn kernel_params(&self, os: &str) -> Result<Vec<u8>, Error> {
        self.get_bytes(&["kernel_params", os]).await
    }

    /// Replaces the kernel parameters of an operating system.
    ///
    /// # Errors
    /// 400 when they hold characters that are not allowed.
    pub async fn set_kernel_params(&self, os: &str, params: &str) -> Result<(), Error> {
        self.send_bytes(Method::PUT, &["kernel_params", os], params.into())
            .await
    }

    /// The server's version.
    ///
    /// # Errors
    /// When it cannot be reached.
    pub async fn version(&self) -> Result<String, Error> {
        let answer: Version = self
            .read_json(self.request(Method::GET, self.root_url("version")))
            .await?;
        Ok(answer.version)
    }

    /// Succeeds when the server says that it is healthy.
    ///
    /// # Errors
    /// 500 when it is not.
    pub async fn health(&self) -> Result<(), Error> {
        body(self.send(self.request(Method::GET, self.root_url("health"))).await?)
            .await
            .map(drop)
    }
}
