//! Public-key infrastructure: an authority, its roles, and what it issues.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::{Error, Secret, Vault};

/// What servers of several versions say of an engine that has no authority yet.
const NO_AUTHORITY: [&str; 2] = ["no default issuer", "must be configured with a CA"];

/// Options of a role or of a certificate, by the names that the API gives them.
pub type Options = BTreeMap<&'static str, String>;

/// A certificate with its key.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Issued {
    /// In PEM, without an end of line at the end.
    pub certificate: String,
    /// In PEM, as above.
    pub private_key: Secret,
    /// When the certificate ends, in seconds since 1970.
    #[serde(default)]
    pub expiration: i64,
}

#[derive(Deserialize)]
struct Root {
    certificate: String,
}

#[derive(Deserialize)]
struct Keys {
    keys: Vec<String>,
}

impl Vault {
    /// Whether the authority at `mount` has this role.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn pki_has_role(&self, mount: &str, role: &str) -> Result<bool, Error> {
        let found: Option<Value> = self.get("read role", &format!("{mount}/roles/{role}")).await?;
        Ok(found.is_some())
    }

    /// The names of an authority's roles.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn pki_roles(&self, mount: &str) -> Result<Vec<String>, Error> {
        let found: Option<Keys> = self.get("list roles", &format!("{mount}/roles?list=true")).await?;
        Ok(found.map(|k| k.keys).unwrap_or_default())
    }

    /// Makes a role or replaces it.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn pki_put_role(&self, mount: &str, role: &str, options: &Options) -> Result<(), Error> {
        self.put("write role", &format!("{mount}/roles/{role}"), options).await
    }

    /// Removes a role.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn pki_delete_role(&self, mount: &str, role: &str) -> Result<(), Error> {
        self.delete("delete role", &format!("{mount}/roles/{role}")).await
    }

    /// Issues a certificate.
    ///
    /// # Errors
    /// [`Error`]; a missing role is [`Error::Rejected`] with `unknown role` in it.
    pub async fn pki_issue(&self, mount: &str, role: &str, options: &Options) -> Result<Issued, Error> {
        let path = format!("{mount}/issue/{role}");
        let answer = self.post("issue", &path, options).await?;
        answer.data.ok_or(Error::NotFound { op: "issue", path })
    }

    /// Makes the authority's own certificate; its key never leaves the server. `ttl` as `87600h`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn pki_generate_root(&self, mount: &str, common_name: &str, ttl: &str) -> Result<String, Error> {
        let path = format!("{mount}/root/generate/internal");
        let body = json!({"common_name": common_name, "ttl": ttl, "format": "pem"});
        let answer = self.post::<Root>("generate root", &path, &body).await?;
        let root = answer.data.ok_or(Error::NotFound {
            op: "generate root",
            path,
        })?;
        Ok(root.certificate)
    }

    /// The authority's certificate; `None` where it has none yet.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn pki_ca(&self, mount: &str) -> Result<Option<String>, Error> {
        match self.get::<Root>("read CA", &format!("{mount}/cert/ca")).await {
            Err(refused)
                if NO_AUTHORITY
                    .iter()
                    .any(|said| refused.rejection().is_some_and(|r| r.contains(said))) =>
            {
                Ok(None)
            }
            found => Ok(found?.map(|r| r.certificate).filter(|pem| !pem.is_empty())),
        }
    }

    /// Starts to forget certificates that ended more than `safety_buffer` (`1m0s`) ago. It goes on in the background;
    /// what the server says about it is given back.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn pki_tidy(&self, mount: &str, safety_buffer: &str) -> Result<Vec<String>, Error> {
        let body = json!({
            "tidy_cert_store": true,
            "tidy_revoked_certs": true,
            "safety_buffer": safety_buffer,
        });
        let answer = self.post::<Value>("tidy", &format!("{mount}/tidy"), &body).await?;
        Ok(answer.warnings.unwrap_or_default())
    }

    /// The serial numbers of the certificates that the authority remembers.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn pki_certificates(&self, mount: &str) -> Result<Vec<String>, Error> {
        let found: Option<Keys> = self
            .get("list certificates", &format!("{mount}/certs?list=true"))
            .await?;
        Ok(found.map(|k| k.keys).unwrap_or_default())
    }
}
