//! The client: a server, a login, and the token that it has at the moment.

mod keep;

use std::sync::{Arc, Mutex, PoisonError};

use reqwest::Method;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::auth::{Granted, Login};
use crate::body::Answer;
use crate::request::{EMPTY, Request, Wire};
use crate::{AppRole, Endpoint, Error, Secret};

/// A client that is logged in. Cloning it is cheap and shares connections and token.
#[derive(Clone)]
pub struct Vault {
    pub(crate) shared: Arc<Shared>,
}

/// What all clones share; when the last is dropped, the renewal in the background ends.
pub(crate) struct Shared {
    pub(crate) wire: Wire,
    login: Login,
    state: Mutex<State>,
    /// Held while logging in: the others wait for the result.
    logging_in: tokio::sync::Mutex<()>,
}

#[derive(Debug, Clone)]
struct State {
    token: Secret,
    /// How often a login or a renewal succeeded.
    grants: u64,
    trouble: Option<String>,
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Vault")
            .field("url", &self.url())
            .finish_non_exhaustive()
    }
}

impl Vault {
    /// Logs in as a program and keeps the login good in the background.
    ///
    /// # Errors
    /// [`Error::LoginRefused`] for bad credentials, [`Error::Url`] and [`Error::Ca`] for what can never work; all of
    /// [`Error::is_unavailable`] is worth trying again.
    pub async fn login(endpoint: &Endpoint, role: AppRole) -> Result<Vault, Error> {
        Vault::connect(endpoint, Login::AppRole(role)).await
    }

    /// Uses a token as it is. Nothing is asked of the server yet.
    ///
    /// # Errors
    /// [`Error::Url`] and [`Error::Ca`].
    pub async fn with_token(endpoint: &Endpoint, token: impl Into<Secret>) -> Result<Vault, Error> {
        Vault::connect(endpoint, Login::Token(token.into())).await
    }

    /// Logs in. Only an AppRole's login is renewed.
    ///
    /// # Errors
    /// As [`Vault::login`].
    pub async fn connect(endpoint: &Endpoint, login: Login) -> Result<Vault, Error> {
        let wire = Wire::new(endpoint)?;
        let granted = wire.login(&login).await?;
        let shared = Arc::new(Shared {
            wire,
            login,
            state: Mutex::new(State {
                token: granted.client_token.clone(),
                grants: 1,
                trouble: None,
            }),
            logging_in: tokio::sync::Mutex::new(()),
        });
        if matches!(shared.login, Login::AppRole(_)) {
            tokio::spawn(keep::run(Arc::downgrade(&shared), granted));
        }
        Ok(Vault { shared })
    }

    /// The server's URL, as configured.
    #[must_use]
    pub fn url(&self) -> &str {
        self.shared.wire.url()
    }

    /// How often a login or a renewal has succeeded, the first login included.
    #[must_use]
    pub fn grants(&self) -> u64 {
        self.shared.state().grants
    }

    /// Why the login could not be kept good lately, for a person; none when all is well.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        self.shared.state().trouble.clone()
    }

    pub(crate) async fn get<T: DeserializeOwned>(&self, op: &'static str, path: &str) -> Result<Option<T>, Error> {
        let answer = self.call(op, Method::GET, path, EMPTY).await?;
        Ok(answer.and_then(|a| a.data))
    }

    pub(crate) async fn post<T: DeserializeOwned>(
        &self,
        op: &'static str,
        path: &str,
        body: &impl Serialize,
    ) -> Result<Answer<T>, Error> {
        let answer = self.call(op, Method::POST, path, Some(body)).await?;
        answer.ok_or_else(|| Error::NotFound {
            op,
            path: path.to_owned(),
        })
    }

    /// The same for what answers with nothing of interest.
    pub(crate) async fn put(&self, op: &'static str, path: &str, body: &impl Serialize) -> Result<(), Error> {
        self.post::<serde::de::IgnoredAny>(op, path, body).await.map(|_| ())
    }

    pub(crate) async fn delete(&self, op: &'static str, path: &str) -> Result<(), Error> {
        let answer = self
            .call::<serde::de::IgnoredAny, _>(op, Method::DELETE, path, EMPTY)
            .await;
        answer.map(|_| ())
    }

    /// Sends a request; a program whose token is no longer good logs in again and asks once more.
    pub(crate) async fn call<T: DeserializeOwned, B: Serialize>(
        &self,
        op: &'static str,
        method: Method,
        path: &str,
        body: Option<B>,
    ) -> Result<Option<Answer<T>>, Error> {
        let request = Request { op, method, path, body };
        let used = self.shared.state();
        let refused = match self.shared.wire.send(&request, Some(&used.token)).await {
            Err(refused @ Error::PermissionDenied { .. }) => refused,
            other => return other,
        };
        if self.shared.wire.knows(&used.token).await? {
            return Err(refused);
        }
        if !matches!(self.shared.login, Login::AppRole(_)) {
            let path = path.to_owned();
            return Err(Error::TokenInvalid { op, path });
        }
        self.shared.login_again(used.grants).await?;
        self.shared.wire.send(&request, Some(&self.shared.state().token)).await
    }
}

impl Shared {
    fn state(&self) -> State {
        self.lock().clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a new token, unless somebody did since `seen` grants were counted.
    async fn login_again(&self, seen: u64) -> Result<Option<Granted>, Error> {
        let _turn = self.logging_in.lock().await;
        if self.lock().grants != seen {
            return Ok(None);
        }
        let granted = self.wire.login(&self.login).await?;
        tracing::info!(url = self.wire.url(), "logged in to vault again");
        self.take(&granted);
        Ok(Some(granted))
    }

    fn take(&self, granted: &Granted) {
        let mut state = self.lock();
        state.token = granted.client_token.clone();
        state.grants += 1;
        state.trouble = None;
    }

    fn complain(&self, trouble: String) {
        self.lock().trouble = Some(trouble);
    }
}
