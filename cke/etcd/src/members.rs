//! The members, as data.

use cke_model::observed::EtcdMember;
use etcd_client::{Client, Member};

use crate::{ClusterEtcd, Error};

/// Port for clients on every control-plane node.
const CLIENT_PORT: u16 = 2379;
/// Port for other members.
const PEER_PORT: u16 = 2380;

/// The end point of a node.
#[must_use]
pub fn endpoint_of(address: &str) -> String {
    url(address, CLIENT_PORT)
}

/// The URL by which other members find a node.
pub(crate) fn peer_url_of(address: &str) -> String {
    url(address, PEER_PORT)
}

fn url(address: &str, port: u16) -> String {
    if address.contains(':') {
        format!("https://[{address}]:{port}")
    } else {
        format!("https://{address}:{port}")
    }
}

/// The address by which CKE knows a member: its name, or the host of its first peer URL while it has never started.
///
/// # Errors
/// [`Error::Nameless`].
pub fn member_name(member: &EtcdMember) -> Result<String, Error> {
    if !member.name.is_empty() {
        return Ok(member.name.clone());
    }
    let host = member.peer_urls.first().and_then(|url| host_of(url));
    host.map(str::to_owned).ok_or_else(|| Error::Nameless {
        id: member.id,
        peer_urls: member.peer_urls.clone(),
    })
}

/// The host of a URL with a port; an IPv6 address without its brackets.
pub(crate) fn host_of(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?']).next()?;
    let (host, port) = authority.rsplit_once(':')?;
    port.parse::<u16>().ok()?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    (!host.is_empty()).then_some(host)
}

pub(crate) fn as_data(member: &Member) -> EtcdMember {
    EtcdMember {
        id: member.id(),
        name: member.name().to_owned(),
        peer_urls: member.peer_urls().to_vec(),
        client_urls: member.client_urls().to_vec(),
        learner: member.is_learner(),
    }
}

impl ClusterEtcd {
    /// All members, as a member sees them that is in step with the majority.
    ///
    /// # Errors
    /// [`Error::is_unavailable`] without a majority.
    pub async fn members(&self) -> Result<Vec<EtcdMember>, Error> {
        Ok(self.members_at().await?.1)
    }

    /// The same, with the revision at which the member that answered is in step.
    pub(crate) async fn members_at(&self) -> Result<(i64, Vec<EtcdMember>), Error> {
        // The list alone is what that one member believes; the read before it brings it up to date.
        let list = |client: Client| async move {
            let read = client.kv_client().get("health", None).await?;
            let answer = client.cluster_client().member_list().await?;
            let members = answer.members().iter().map(as_data).collect();
            Ok((read.header().map_or(0, |h| h.revision()), members))
        };
        self.ask("list the members", list).await
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn member(name: &str, url: &str) -> EtcdMember {
        EtcdMember {
            name: name.to_owned(),
            peer_urls: vec![url.to_owned()],
            ..EtcdMember::default()
        }
    }

    #[test]
    fn a_member_is_known_by_its_name_or_else_by_its_peer_url() {
        let named = member("10.0.0.1", "https://10.0.0.9:2380");
        assert_eq!(member_name(&named).unwrap(), "10.0.0.1");
        let fresh = member("", "https://10.0.0.9:2380");
        assert_eq!(member_name(&fresh).unwrap(), "10.0.0.9");
        let six = member("", "https://[fd00::9]:2380");
        assert_eq!(member_name(&six).unwrap(), "fd00::9");
        for bad in ["", "10.0.0.9:2380", "https://10.0.0.9", "https://:2380"] {
            assert!(member_name(&member("", bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn end_points_of_both_families() {
        assert_eq!(endpoint_of("10.0.0.1"), "https://10.0.0.1:2379");
        assert_eq!(peer_url_of("fd00::1"), "https://[fd00::1]:2380");
    }
}
