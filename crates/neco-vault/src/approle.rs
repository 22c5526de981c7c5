//! Roles of programs: making one, and giving it credentials.

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{AppRole, Error, Secret, Vault};

/// What a program's role is allowed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AppRoleOptions {
    /// Names of policies, with commas.
    pub policies: String,
    /// A token lives this long after each renewal, `1h`.
    pub period: String,
}

#[derive(Deserialize)]
struct RoleId {
    role_id: String,
}

#[derive(Deserialize)]
struct SecretId {
    secret_id: Secret,
}

impl Vault {
    /// Makes a role or replaces its options.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn put_app_role(&self, name: &str, options: &AppRoleOptions) -> Result<(), Error> {
        self.put("write AppRole", &format!("auth/approle/role/{name}"), options)
            .await
    }

    /// New credentials of a role.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn new_credentials(&self, name: &str) -> Result<AppRole, Error> {
        let path = format!("auth/approle/role/{name}/role-id");
        let found: Option<RoleId> = self.get("read AppRole", &path).await?;
        let role = found.ok_or(Error::NotFound {
            op: "read AppRole",
            path,
        })?;
        let path = format!("auth/approle/role/{name}/secret-id");
        let made = self.post::<SecretId>("make secret-id", &path, &json!({})).await?;
        let secret = made.data.ok_or(Error::NotFound {
            op: "make secret-id",
            path,
        })?;
        Ok(AppRole {
            role_id: role.role_id,
            secret_id: secret.secret_id,
        })
    }
}
