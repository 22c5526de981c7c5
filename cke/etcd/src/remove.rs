//! Removing members.

use etcd_client::Client;

use crate::{ClusterEtcd, Error};

impl ClusterEtcd {
    /// Removes members by their IDs, one after the other; those that are none any more are passed over.
    ///
    /// # Errors
    /// [`Error::Refused`] where the cluster would lose its majority, [`Error::is_unavailable`].
    pub async fn remove_members(&self, ids: &[u64]) -> Result<(), Error> {
        for id in ids {
            match self.remove_member(*id).await {
                Err(error) if error.refusal().is_some_and(|text| text.contains("member not found")) => {}
                other => other?,
            }
        }
        Ok(())
    }

    async fn remove_member(&self, id: u64) -> Result<(), Error> {
        let remove = |client: Client| async move { client.cluster_client().member_remove(id).await };
        self.ask("remove a member", remove).await.map(|_| ())
    }
}
