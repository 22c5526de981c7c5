//! The system's own endpoints: health, mounts, policies, ways to log in.

use std::collections::BTreeMap;

use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::request::{EMPTY, Request, Wire};
use crate::{Endpoint, Error, Vault};

/// How a server is.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Health {
    /// Whether it was ever initialised.
    pub initialized: bool,
    /// Whether somebody must unseal it.
    pub sealed: bool,
    /// Whether another server of its cluster is active.
    pub standby: bool,
    /// Its clock, in seconds since 1970.
    #[serde(rename = "server_time_utc", default)]
    pub server_time: i64,
    /// Its version.
    #[serde(default)]
    pub version: String,
}

/// An engine to mount.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Mount {
    /// `pki`, `kv`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Options of the engine, like `version`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub options: BTreeMap<String, String>,
    /// Tuning, like `max_lease_ttl`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub config: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Mounted {
    #[serde(rename = "type", default)]
    kind: String,
}

#[derive(Deserialize)]
struct Policy {
    #[serde(default)]
    policy: String,
}

/// Whatever its state, it is an answer of 200.
const HEALTH: &str = "sys/health?standbyok=true&perfstandbyok=true&sealedcode=200&uninitcode=200";

impl Health {
    /// Asks a server how it is; no login is needed.
    ///
    /// # Errors
    /// [`Error::is_unavailable`], [`Error::Url`] and [`Error::Ca`].
    pub async fn of(endpoint: &Endpoint) -> Result<Health, Error> {
        Wire::new(endpoint)?.health().await
    }
}

impl Wire {
    async fn health(&self) -> Result<Health, Error> {
        let (op, path) = ("ask for health", HEALTH);
        let request = Request {
            op,
            method: Method::GET,
            path,
            body: EMPTY,
        };
        // Alone among the endpoints it wraps nothing around its answer.
        self.plain(&request).await
    }
}

impl Vault {
    /// How the server is.
    ///
    /// # Errors
    /// [`Error::is_unavailable`].
    pub async fn health(&self) -> Result<Health, Error> {
        self.shared.wire.health().await
    }

    /// The kinds of the mounted engines by path; paths end with a slash.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn mounts(&self) -> Result<BTreeMap<String, String>, Error> {
        self.kinds("list mounts", "sys/mounts").await
    }

    /// Mounts an engine.
    ///
    /// # Errors
    /// [`Error`]; a path in use is [`Error::Rejected`].
    pub async fn mount(&self, path: &str, mount: &Mount) -> Result<(), Error> {
        self.put("mount", &format!("sys/mounts/{path}"), mount).await
    }

    /// Writes a policy, in HCL.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn put_policy(&self, name: &str, policy: &str) -> Result<(), Error> {
        let body = json!({"policy": policy});
        self.put("write policy", &format!("sys/policies/acl/{name}"), &body)
            .await
    }

    /// A policy, in HCL.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn policy(&self, name: &str) -> Result<Option<String>, Error> {
        let found: Option<Policy> = self.get("read policy", &format!("sys/policies/acl/{name}")).await?;
        Ok(found.map(|p| p.policy))
    }

    /// The kinds of the ways to log in by path; paths end with a slash.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn auth_methods(&self) -> Result<BTreeMap<String, String>, Error> {
        self.kinds("list ways to log in", "sys/auth").await
    }

    /// Allows a way to log in.
    ///
    /// # Errors
    /// [`Error`]; one that is allowed already is [`Error::Rejected`].
    pub async fn enable_auth(&self, path: &str, kind: &str) -> Result<(), Error> {
        let body = json!({"type": kind});
        self.put("enable login", &format!("sys/auth/{path}"), &body).await
    }

    async fn kinds(&self, op: &'static str, path: &str) -> Result<BTreeMap<String, String>, Error> {
        let found: Option<BTreeMap<String, Mounted>> = self.get(op, path).await?;
        let kinds = found.unwrap_or_default().into_iter().map(|(path, m)| (path, m.kind));
        Ok(kinds.collect())
    }
}
