//! Logging in, and asking about the own token.

use std::time::Duration;

use reqwest::Method;
use serde::Deserialize;
use serde_json::json;

use crate::request::{EMPTY, Request, Wire};
use crate::{Error, Secret};

/// The credentials of a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppRole {
    /// ID of the role.
    pub role_id: String,
    /// Secret of the role.
    pub secret_id: Secret,
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Login {
    /// Somebody with a token; nobody renews it here.
    Token(Secret),
    /// A program: it logs in again whenever its token is no longer good.
    AppRole(AppRole),
    /// A person.
    UserPass {
        /// Name.
        user: String,
        /// Password.
        password: Secret,
    },
}

/// What a login gives.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Granted {
    pub(crate) client_token: Secret,
    /// Seconds; 0 is for ever.
    #[serde(default)]
    pub(crate) lease_duration: u64,
    #[serde(default)]
    pub(crate) renewable: bool,
}

impl Granted {
    /// A token that came from outside: nothing is known of its life.
    pub(crate) fn for_ever(token: Secret) -> Granted {
        Granted {
            client_token: token,
            lease_duration: 0,
            renewable: false,
        }
    }

    pub(crate) fn lifetime(&self) -> Option<Duration> {
        (self.lease_duration > 0).then(|| Duration::from_secs(self.lease_duration))
    }
}

impl Wire {
    pub(crate) async fn login(&self, login: &Login) -> Result<Granted, Error> {
        let (path, body) = match login {
            Login::Token(token) => return Ok(Granted::for_ever(token.clone())),
            Login::AppRole(role) => (
                "auth/approle/login".to_owned(),
                json!({"role_id": role.role_id, "secret_id": role.secret_id.expose()}),
            ),
            Login::UserPass { user, password } => (
                format!("auth/userpass/login/{user}"),
                json!({"password": password.expose()}),
            ),
        };
        let request = Request {
            op: "login",
            method: Method::POST,
            path: &path,
            body: Some(body),
        };
        self.granted(&request, None).await.map_err(as_login)
    }

    /// Renews the token; the answer says how long it lives now.
    pub(crate) async fn renew(&self, token: &Secret) -> Result<Granted, Error> {
        let request = Request {
            op: "renew",
            method: Method::POST,
            path: "auth/token/renew-self",
            body: Some(json!({})),
        };
        self.granted(&request, Some(token)).await
    }

    /// Whether the server knows the token. Every token may ask about itself.
    pub(crate) async fn knows(&self, token: &Secret) -> Result<bool, Error> {
        let request = Request {
            op: "look up",
            method: Method::GET,
            path: "auth/token/lookup-self",
            body: EMPTY,
        };
        match self.send::<serde_json::Value, _>(&request, Some(token)).await {
            Ok(_) => Ok(true),
            Err(Error::PermissionDenied { .. }) => Ok(false),
            Err(other) => Err(other),
        }
    }

    async fn granted<B: serde::Serialize>(
        &self,
        request: &Request<'_, B>,
        token: Option<&Secret>,
    ) -> Result<Granted, Error> {
        let answer = self.send::<serde_json::Value, _>(request, token).await?;
        answer.and_then(|a| a.auth).ok_or_else(|| Error::NotFound {
            op: request.op,
            path: request.path.to_owned(),
        })
    }
}

/// At a login a refusal is about the credentials.
fn as_login(error: Error) -> Error {
    match error {
        Error::Rejected { path, message, .. } => Error::LoginRefused { path, message },
        Error::PermissionDenied { path, .. } => Error::LoginRefused {
            path,
            message: "permission denied".to_owned(),
        },
        other => other,
    }
}
