//! The token that etcd gives for a user and password, renewed when etcd no longer takes it.

use std::sync::atomic::{AtomicU64, Ordering};

use etcd_client::{Client, Error as ClientError};
use tokio::sync::Mutex;

/// Which token a request was sent with: the count of authentications so far, 0 for none.
pub(crate) type Token = u64;

/// Authenticates for all who share a client, once for each token that went bad.
#[derive(Debug)]
pub(crate) struct Authenticator {
    user: Option<(String, String)>,
    good: AtomicU64,
    /// How often a token was taken. Held while authenticating: the others wait for the result.
    taken: Mutex<Token>,
}

impl Authenticator {
    pub(crate) fn new(user: Option<(String, String)>) -> Authenticator {
        Authenticator {
            user,
            good: AtomicU64::new(0),
            taken: Mutex::new(0),
        }
    }

    /// Makes sure that `client` has a token that nobody has found bad, when a user is configured.
    pub(crate) async fn ensure(&self, client: &Client) -> Result<Token, ClientError> {
        let good = self.good.load(Ordering::Acquire);
        if self.user.is_none() || good != 0 {
            return Ok(good);
        }
        let mut taken = self.taken.lock().await;
        let good = self.good.load(Ordering::Acquire);
        if good != 0 {
            return Ok(good);
        }
        match client.clone().update_user(self.user.clone()).await {
            // Go's client goes on without a token, too: a user may be configured before auth is enabled.
            Err(error) if error.to_string().contains("authentication is not enabled") => {}
            other => other?,
        }
        *taken += 1;
        self.good.store(*taken, Ordering::Release);
        Ok(*taken)
    }

    /// Marks a token as bad; the next request takes another. Nothing happens when it was replaced already.
    pub(crate) fn forget(&self, token: Token) {
        // That somebody else was faster is as good.
        let _ = self
            .good
            .compare_exchange(token, 0, Ordering::AcqRel, Ordering::Acquire);
    }
}
