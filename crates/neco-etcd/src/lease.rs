//! Leases: keys that die with their owner.
//!
//! Each keep-alive is a request of its own with retries on other members, so there is no stream that could die unseen.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::client::Etcd;
use crate::client::attempt::Ask;
use crate::cluster::Header;
use crate::error::Error;

/// A lease that is kept alive until it is dropped. Then it is revoked, as far as etcd can be reached; else it expires.
#[derive(Debug)]
pub struct Lease {
    etcd: Etcd,
    id: i64,
    ttl: Duration,
    lost: CancellationToken,
    valid_until: watch::Receiver<Instant>,
    keeper: Option<AbortOnDropHandle<()>>,
}

impl Etcd {
    /// Grants a lease of `ttl` (whole seconds, at least one) and keeps it alive in the background.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn grant_lease(&self, ttl: Duration) -> Result<Lease, Error> {
        let seconds = i64::try_from(ttl.as_secs()).unwrap_or(i64::MAX).max(1);
        let asked = Instant::now();
        // A lease that was granted twice expires by itself: trying again is safe.
        let granted = self.shared().run(Ask::read("grant a lease", ""), |client| async move {
            let answer = client.lease_client().grant(seconds, None).await?;
            Ok((Header::of(answer.header()), (answer.id(), answer.ttl())))
        });
        let (id, ttl) = granted.await?;
        let ttl = Duration::from_secs(ttl.max(1).unsigned_abs());
        let lost = CancellationToken::new();
        let (until, valid_until) = watch::channel(asked + ttl);
        let keeper = keep(self.clone(), id, ttl, until, lost.clone());
        let keeper = Some(AbortOnDropHandle::new(tokio::spawn(keeper)));
        Ok(Lease {
            etcd: self.clone(),
            id,
            ttl,
            lost,
            valid_until,
            keeper,
        })
    }

    /// Keeps a lease alive once: it has its whole time again.
    ///
    /// # Errors
    /// [`Error::LeaseGone`], and see [`Error`].
    pub async fn keep_lease_alive(&self, lease: i64) -> Result<(), Error> {
        let ask = Ask::read("keep a lease alive", "").about(lease);
        let kept = self.shared().run(ask, |client| async move {
            // The first answer of the stream is all that is needed of it.
            let _stream = client.lease_client().keep_alive(lease).await?;
            Ok((Header::default(), ()))
        });
        kept.await
    }

    /// Revokes a lease: its keys are deleted. That it is gone already is no error.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn revoke_lease(&self, lease: i64) -> Result<(), Error> {
        let ask = Ask::read("revoke a lease", "").about(lease);
        let revoked = self.shared().run(ask, |client| async move {
            let answer = client.lease_client().revoke(lease).await?;
            Ok((Header::of(answer.header()), ()))
        });
        match revoked.await {
            Err(Error::LeaseGone { .. }) => Ok(()),
            other => other,
        }
    }
}

impl Lease {
    /// What keys are put with ([`crate::Txn::put_with_lease`]).
    pub fn id(&self) -> i64 {
        self.id
    }

    /// How long it lives without being kept alive.
    pub fn ttl(&self) -> Duration {
        self.ttl
    }

    /// How long the lease is certain to live, by this host's monotonic clock. Zero once it may be gone, also in a process
    /// that stood still and has not heard of it yet.
    pub fn remaining(&self) -> Duration {
        if self.lost.is_cancelled() {
            return Duration::ZERO;
        }
        self.valid_until.borrow().saturating_duration_since(Instant::now())
    }

    /// Cancelled once the lease is gone, or may be: nothing that relies on it may go on.
    pub fn lost(&self) -> CancellationToken {
        self.lost.clone()
    }

    /// Ends it now.
    ///
    /// # Errors
    /// When etcd cannot be told; then it expires by itself.
    pub async fn revoke(mut self) -> Result<(), Error> {
        self.keeper = None;
        self.lost.cancel();
        self.etcd.revoke_lease(self.id).await
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let revoked = self.keeper.take().is_none();
        self.lost.cancel();
        if let (false, Ok(runtime)) = (revoked, tokio::runtime::Handle::try_current()) {
            let (etcd, id) = (self.etcd.clone(), self.id);
            runtime.spawn(async move { etcd.revoke_lease(id).await });
        }
    }
}

/// Keeps the lease until it is lost. `valid_until` counts from before the request that etcd answered, so it is never
/// later than what etcd thinks.
async fn keep(etcd: Etcd, id: i64, ttl: Duration, until: watch::Sender<Instant>, lost: CancellationToken) {
    let interval = ttl / 3;
    let mut valid_until = *until.borrow();
    loop {
        tokio::time::sleep_until((valid_until - ttl + interval).max(Instant::now())).await;
        let asked = Instant::now();
        match tokio::time::timeout_at(valid_until, etcd.keep_lease_alive(id)).await {
            Ok(Ok(())) => {
                valid_until = asked + ttl;
                until.send_replace(valid_until);
            }
            Ok(Err(error)) if error.is_unavailable() && Instant::now() < valid_until => {
                tracing::warn!(lease = %format_args!("{id:x}"), %error, "lease not kept alive yet");
                tokio::time::sleep(interval.min(etcd.timeout()) / 4).await;
            }
            Ok(Err(error)) => {
                tracing::warn!(lease = %format_args!("{id:x}"), %error, "lease lost");
                break;
            }
            Err(_) => {
                tracing::warn!(lease = %format_args!("{id:x}"), "lease lost: etcd did not answer");
                break;
            }
        }
    }
    lost.cancel();
}
