//! What each member says of itself: for whoever looks for what is wrong, not for decisions.

use std::collections::BTreeMap;

use etcd_client::{Client, StatusResponse};
use futures::future::join_all;

use crate::cluster::explain;
use crate::members::endpoint_of;
use crate::{ClusterEtcd, Error};

/// A member as it sees itself. Indices count log entries, sizes are in bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MemberState {
    /// Its ID.
    pub id: u64,
    /// Version of etcd.
    pub version: String,
    /// ID of the member that it follows; 0 where it knows none.
    pub leader: u64,
    /// The last entry that it has applied.
    pub applied: u64,
    /// Size of its file.
    pub db_size: u64,
    /// How much of the file is used; the rest comes back by `etcdctl defrag`.
    pub db_used: u64,
    /// How large the file may become; 0 where this version does not say.
    pub quota: u64,
    /// Whether it is a learner.
    pub learner: bool,
    /// What it complains of in its own words: alarms, no leader.
    pub complaints: Vec<String>,
}

impl ClusterEtcd {
    /// Asks each of these nodes for its member, all at the same time: what it says, or why it says nothing, in words.
    pub async fn member_states<'a>(
        &self,
        addresses: impl IntoIterator<Item = &'a str>,
    ) -> BTreeMap<String, Result<MemberState, String>> {
        let asked = addresses.into_iter().map(|address| async move {
            let state = self.member_state(&endpoint_of(address)).await;
            (address.to_owned(), state.map_err(|error| in_words(&error)))
        });
        join_all(asked).await.into_iter().collect()
    }

    async fn member_state(&self, endpoint: &str) -> Result<MemberState, Error> {
        const OP: &str = "tell its state";
        let status = |client: Client| async move { client.maintenance_client().status().await };
        match self.ask_one(endpoint, &status).await? {
            Ok(answer) => Ok(state(&answer)),
            Err(failure) => Err(explain(OP, endpoint, failure)),
        }
    }
}

fn state(answer: &StatusResponse) -> MemberState {
    let size = |bytes: i64| u64::try_from(bytes).unwrap_or_default();
    MemberState {
        id: answer.header().map_or(0, |header| header.member_id()),
        version: answer.version().to_owned(),
        leader: answer.leader(),
        applied: answer.raft_applied_index(),
        db_size: size(answer.db_size()),
        db_used: size(answer.raft_used_db_size()),
        quota: size(answer.db_size_quota()),
        learner: answer.is_learner(),
        complaints: answer.errors().to_vec(),
    }
}

fn in_words(error: &Error) -> String {
    let causes = std::iter::successors(Some(error as &dyn std::error::Error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
