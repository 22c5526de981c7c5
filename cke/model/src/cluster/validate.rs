//! The rules that a declared cluster must keep, each with the place in its error.

mod cni;
mod kube_names;
mod nodes;
mod options;
mod policies;

use super::Cluster;
use ipnet::IpNet;
use std::net::IpAddr;

/// A rule that is broken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {problem}")]
pub struct Invalid {
    /// Path of the value, like `nodes[3].taints[0].effect`.
    pub place: String,
    /// What is wrong with it.
    pub problem: String,
}

impl Invalid {
    pub(crate) fn new(place: impl Into<String>, problem: impl Into<String>) -> Self {
        Self {
            place: place.into(),
            problem: problem.into(),
        }
    }
}

/// What a declaration is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To be built.
    Cluster,
    /// To generate clusters from: its nodes have no addresses.
    Template,
}

impl Cluster {
    /// Whether it keeps every rule.
    ///
    /// # Errors
    /// The first rule that it breaks.
    pub fn validate(&self, purpose: Purpose) -> Result<(), Invalid> {
        if self.name.is_empty() {
            return Err(Invalid::new("name", "cluster name is empty"));
        }
        if self.service_subnet.parse::<IpNet>().is_err() {
            let problem = format!("{:?} is not a subnet like 10.68.0.0/16", self.service_subnet);
            return Err(Invalid::new("service_subnet", problem));
        }
        nodes::check(&self.nodes, purpose)?;
        nodes::check_tolerations(self.control_plane_tolerations.as_deref().unwrap_or_default())?;
        self.check_dns()?;
        policies::check_reboot(&self.reboot)?;
        policies::check_repair(&self.repair)?;
        options::check(&self.options)?;
        options::check_mappings(&self.trusted_rest_mappings)
    }

    fn check_dns(&self) -> Result<(), Invalid> {
        for (at, server) in self.dns_servers.iter().flatten().enumerate() {
            if server.parse::<IpAddr>().is_err() {
                return Err(Invalid::new(
                    format!("dns_servers[{at}]"),
                    format!("invalid IP address: {server}"),
                ));
            }
        }
        let parts: Vec<_> = self.dns_service.split('/').collect();
        if !self.dns_service.is_empty() && (parts.len() != 2 || parts.contains(&"")) {
            let problem = format!("{:?} is not a service like NAMESPACE/NAME", self.dns_service);
            return Err(Invalid::new("dns_service", problem));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
