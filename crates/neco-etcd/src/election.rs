//! Leader election, with the same keys as etcd's own (`NAME/LEASE` in hexadecimal), so that programs of both kinds can
//! stand for one office.
//!
//! The oldest key leads. etcd's server-side campaign is one call that hangs until it wins, on one member, cut by any
//! time-out; here it is a transaction and a watch, which survive the loss of a member.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::client::Etcd;
use crate::error::Error;
use crate::kv::{Kv, Snapshot};
use crate::lease::Lease;
use crate::txn::{Guard, Txn};
use crate::watch::{Event, Watch, WatchItem};

/// An office that one of many candidates holds.
#[derive(Debug, Clone)]
pub struct Election {
    etcd: Etcd,
    name: String,
    value: Vec<u8>,
    ttl: Duration,
}

/// The office, held. Dropping it, or [`Leadership::resign`], gives it up.
#[derive(Debug)]
pub struct Leadership {
    key: String,
    create_revision: i64,
    lost: CancellationToken,
    lease: Lease,
    guardian: AbortOnDropHandle<()>,
}

impl Etcd {
    /// The election at `name`, to stand for with `value` (who this is). A leader that is not heard of for `ttl` is
    /// replaced.
    pub fn election(&self, name: &str, value: impl Into<Vec<u8>>, ttl: Duration) -> Election {
        Election {
            etcd: self.clone(),
            name: name.to_owned(),
            value: value.into(),
            ttl,
        }
    }
}

impl Election {
    /// Waits until this candidate leads. Dropping the future withdraws it.
    ///
    /// # Errors
    /// What waiting does not mend; outages of etcd are waited through.
    pub async fn campaign(&self) -> Result<Leadership, Error> {
        loop {
            match self.campaign_once().await {
                Ok(Some(leadership)) => return Ok(leadership),
                Ok(None) => {}
                Err(error) if error.is_unavailable() => {
                    tracing::warn!(election = self.name, %error, "campaign waits for etcd");
                    tokio::time::sleep(self.etcd.timeout() / 4).await;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Who leads now.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn leader(&self) -> Result<Option<Kv>, Error> {
        Ok(oldest(self.etcd.read_prefix(&self.prefix()).await?))
    }

    /// One candidacy with a lease of its own; `None` when that was lost before it won.
    async fn campaign_once(&self) -> Result<Option<Leadership>, Error> {
        let lease = self.etcd.grant_lease(self.ttl).await?;
        let key = format!("{}{:x}", self.prefix(), lease.id());
        let create_revision = self.stand(&key, lease.id()).await?;
        let lost = lease.lost();
        let watch = tokio::select! {
            () = lost.cancelled() => return Ok(None),
            won = self.win(&key, create_revision) => won?,
        };
        let Some(watch) = watch else { return Ok(None) };
        let guardian = guard_key(watch, key.clone(), create_revision, lost.clone());
        let guardian = AbortOnDropHandle::new(tokio::spawn(guardian));
        Ok(Some(Leadership {
            key,
            create_revision,
            lost,
            lease,
            guardian,
        }))
    }

    /// Puts the candidate's key. Nobody else uses a key with this lease, so trying again after an ambiguous answer finds
    /// our own.
    async fn stand(&self, key: &str, lease: i64) -> Result<i64, Error> {
        loop {
            let txn = Txn::new().if_absent(key).put_with_lease(key, self.value.clone(), lease);
            match self.etcd.commit(txn).await {
                Ok(outcome) if outcome.succeeded => return Ok(outcome.revision),
                Ok(_) => {
                    if let Some(kv) = self.etcd.get(key).await? {
                        return Ok(kv.create_revision);
                    }
                }
                Err(error) if error.is_ambiguous() => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Waits until no older key is there; gives the watch on the candidates, or `None` when our own key is gone.
    async fn win(&self, key: &str, create_revision: i64) -> Result<Option<Watch>, Error> {
        let mut watch: Option<Watch> = None;
        loop {
            let snapshot = self.etcd.read_prefix(&self.prefix()).await?;
            let revision = snapshot.revision;
            if !snapshot.kvs.iter().any(|kv| is_ours(kv, key, create_revision)) {
                return Ok(None);
            }
            let mut following = watch
                .take()
                .unwrap_or_else(|| self.etcd.watch(&self.prefix(), revision));
            if oldest(snapshot).is_some_and(|kv| kv.key == key) {
                return Ok(Some(following));
            }
            following.next().await?;
            watch = Some(following);
        }
    }

    fn prefix(&self) -> String {
        format!("{}/", self.name)
    }
}

fn oldest(snapshot: Snapshot) -> Option<Kv> {
    snapshot.kvs.into_iter().min_by_key(|kv| kv.create_revision)
}

fn is_ours(kv: &Kv, key: &str, create_revision: i64) -> bool {
    kv.key == key && kv.create_revision == create_revision
}

/// Watches over the leader's key: deleted by an operator, or gone with a restored backup, means that the office is lost.
async fn guard_key(mut watch: Watch, key: String, create_revision: i64, lost: CancellationToken) {
    loop {
        let gone = match watch.next().await {
            Ok(WatchItem::Events { events, .. }) => events
                .iter()
                .any(|e| matches!(e, Event::Delete { key: gone, .. } if *gone == key)),
            Ok(WatchItem::Resync(now)) => !now.kvs.iter().any(|kv| is_ours(kv, &key, create_revision)),
            // The lease decides while the watch cannot say.
            Err(_) => false,
        };
        if gone {
            tracing::warn!(key, "leadership lost: its key is gone");
            return lost.cancel();
        }
    }
}

impl Leadership {
    /// The key that this leadership is.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The fencing number: it grows from leader to leader.
    pub fn create_revision(&self) -> i64 {
        self.create_revision
    }

    /// Put into every transaction of the leader: it fails once somebody else leads.
    pub fn guard(&self) -> Guard {
        Guard::CreateRevision(self.key.clone(), self.create_revision)
    }

    /// The lease under which the office is held: keys put with it go when the office does.
    pub fn lease_id(&self) -> i64 {
        self.lease.id()
    }

    /// How long the office is certain to be held, by this host's monotonic clock ([`Lease::remaining`]). To be asked just
    /// before an effect outside etcd, with a margin for the effect itself.
    pub fn remaining(&self) -> Duration {
        if self.lost.is_cancelled() {
            return Duration::ZERO;
        }
        self.lease.remaining()
    }

    /// Cancelled once the office is lost, or may be. To be asked just before an effect outside etcd.
    pub fn lost(&self) -> CancellationToken {
        self.lost.clone()
    }

    /// Gives the office up.
    ///
    /// # Errors
    /// When etcd cannot be told; then the lease expires by itself.
    pub async fn resign(self) -> Result<(), Error> {
        // What is given up is not lost.
        drop(self.guardian);
        self.lease.revoke().await
    }
}
