//! The observed state: members, health, who is in sync.

use std::collections::BTreeMap;

use cke_model::observed::EtcdClusterStatus;
use etcd_client::Client;

use crate::cluster::explain;
use crate::members::{endpoint_of, member_name};
use crate::wait::say;
use crate::{ClusterEtcd, Error};

impl ClusterEtcd {
    /// Looks at the cluster: all members, and each of them by itself, at the same time.
    ///
    /// # Errors
    /// Without a majority nothing is known: [`Error::is_unavailable`].
    pub async fn status(&self) -> Result<EtcdClusterStatus, Error> {
        let (revision, listed) = self.members_at().await?;
        let mut members = BTreeMap::new();
        for member in listed {
            members.insert(member_name(&member)?, member);
        }
        let looks = members
            .keys()
            .map(|name| async move { (name, self.is_in_sync(name, revision).await) });
        let looked = futures::future::join_all(looks).await;
        let mut status = EtcdClusterStatus {
            healthy: true,
            ..EtcdClusterStatus::default()
        };
        for (name, look) in looked {
            match look {
                Ok(()) => drop(status.in_sync.insert(name.clone())),
                Err(because) => drop(status.unhealthy_because.insert(name.clone(), because)),
            }
        }
        Ok(EtcdClusterStatus { members, ..status })
    }

    /// Whether this member alone answers a read that needs the majority, at this revision or a later one; else why not.
    async fn is_in_sync(&self, address: &str, revision: i64) -> Result<(), String> {
        let read = |client: Client| async move { client.kv_client().get("health", None).await };
        let endpoint = endpoint_of(address);
        let asked = self.ask_one(&endpoint, &read).await.map_err(|error| say(&error))?;
        let answer = asked.map_err(|failure| say(&explain("read", &endpoint, failure)))?;
        let at = answer.header().map_or(0, |header| header.revision());
        if at >= revision {
            return Ok(());
        }
        Err(format!("it is at revision {at}, the others are at {revision}"))
    }
}
