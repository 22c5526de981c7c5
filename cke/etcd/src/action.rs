//! Steps of plans that are about etcd.

use cke_model::Action;

use crate::{ClusterEtcd, Error};

impl ClusterEtcd {
    /// Applies a step, at the end points that it names. Adding a member is not here, for a container goes with it: see
    /// [`ClusterEtcd::add_member`].
    ///
    /// # Errors
    /// [`Error::NotMine`] for a step that is not about etcd; else as the methods.
    pub async fn apply(&self, action: &Action) -> Result<(), Error> {
        match action {
            Action::EtcdSetupAuth { endpoints } => self.at(endpoints.clone()).set_up_auth().await,
            Action::EtcdWaitSync { endpoints, redundant } => {
                self.at(endpoints.clone()).wait_until_serving(*redundant).await
            }
            Action::EtcdRemoveMembers { endpoints, ids } => self.at(endpoints.clone()).remove_members(ids).await,
            Action::EtcdAddMember { .. } => Err(Error::NotMine("etcd-add-member")),
            _ => Err(Error::NotMine("a step that is not about etcd")),
        }
    }
}
