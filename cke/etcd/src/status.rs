//! The observed state: members, health, who is in sync.

use std::collections::{BTreeMap, BTreeSet};

use cke_model::observed::EtcdClusterStatus;
use etcd_client::Client;

use crate::members::{endpoint_of, member_name};
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
        let in_sync: BTreeSet<String> = looked
            .into_iter()
            .filter(|(_, is)| *is)
            .map(|(name, _)| name.clone())
            .collect();
        Ok(EtcdClusterStatus {
            healthy: true,
            members,
            in_sync,
        })
    }

    /// Whether this member alone answers a read that needs the majority, at this revision or a later one.
    async fn is_in_sync(&self, address: &str, revision: i64) -> bool {
        let read = |client: Client| async move { client.kv_client().get("health", None).await };
        match self.ask_one(&endpoint_of(address), &read).await {
            Ok(Ok(answer)) => answer.header().is_some_and(|h| h.revision() >= revision),
            _ => false,
        }
    }
}
