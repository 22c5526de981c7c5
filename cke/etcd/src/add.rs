//! Adding a member.
//!
//! etcd refuses to add one unless all its voting members have been connected to each other for five seconds (`unhealthy cluster`).
//! Instead of a fixed wait before each addition it is tried at once, and again while that is the refusal.

use std::time::{Duration, Instant};

use cke_model::observed::EtcdMember;
use etcd_client::Client;

use crate::members::{as_data, host_of, peer_url_of};
use crate::wait::say;
use crate::{ClusterEtcd, Error};

/// etcd wants five seconds; a member that comes up meanwhile starts them anew.
const PATIENCE: Duration = Duration::from_secs(20);
const PAUSE: Duration = Duration::from_millis(500);

impl ClusterEtcd {
    /// Makes sure that a node is a member, and gives what its container's `--initial-cluster` must list, `NAME=URL` each.
    ///
    /// # Errors
    /// [`Error::Waited`] where etcd goes on to refuse, [`Error::Refused`], [`Error::is_unavailable`].
    pub async fn add_member(&self, address: &str) -> Result<Vec<String>, Error> {
        let started = Instant::now();
        loop {
            let members = self.members().await?;
            if members.iter().any(|m| is_at(m, address)) {
                return Ok(initial_cluster(&members, address));
            }
            let refusal = match self.try_add(address).await {
                Ok(members) => return Ok(initial_cluster(&members, address)),
                // Perhaps it was added: the list will say.
                Err(error) if error.is_unavailable() || passes(&error) => error,
                Err(error) => return Err(error),
            };
            let after = started.elapsed();
            if after >= PATIENCE {
                return Err(Error::Waited {
                    what: "etcd to take a new member",
                    after,
                    reason: say(&refusal),
                });
            }
            tracing::debug!(address, error = %refusal, "etcd does not take a new member yet");
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn try_add(&self, address: &str) -> Result<Vec<EtcdMember>, Error> {
        let url = peer_url_of(address);
        let add = |client: Client| {
            let urls = [url.clone()];
            async move { client.cluster_client().member_add(urls, None).await }
        };
        let answer = self.ask("add a member", add).await?;
        Ok(answer.member_list().iter().map(as_data).collect())
    }
}

/// Refusals that end by themselves: connections too young, or an earlier new member that has not started yet; and one that
/// says that the first try was heard.
fn passes(error: &Error) -> bool {
    let passing = [
        "unhealthy cluster",
        "not enough started members",
        "Peer URLs already exists",
    ];
    error
        .refusal()
        .is_some_and(|text| passing.iter().any(|p| text.contains(p)))
}

fn is_at(member: &EtcdMember, address: &str) -> bool {
    member.peer_urls.iter().any(|url| host_of(url) == Some(address))
}

/// Every peer URL with the member's name; the one that has none yet is the new one.
fn initial_cluster(members: &[EtcdMember], address: &str) -> Vec<String> {
    let entries = members.iter().flat_map(|member| {
        let name = if member.name.is_empty() { address } else { &member.name };
        member.peer_urls.iter().map(move |url| format!("{name}={url}"))
    });
    entries.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_member_is_named_by_its_address() {
        let member = |name: &str, host: &str| EtcdMember {
            name: name.to_owned(),
            peer_urls: vec![format!("https://{host}:2380")],
            ..EtcdMember::default()
        };
        let members = [member("10.0.0.1", "10.0.0.1"), member("", "10.0.0.2")];
        assert_eq!(
            initial_cluster(&members, "10.0.0.2"),
            ["10.0.0.1=https://10.0.0.1:2380", "10.0.0.2=https://10.0.0.2:2380"]
        );
        assert!(is_at(&members[1], "10.0.0.2"));
        assert!(!is_at(&members[1], "10.0.0"));
    }
}
