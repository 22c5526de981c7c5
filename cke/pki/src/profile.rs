//! What is asked of Vault for each certificate: authority, role and options, by the names and with the values that clusters in
//! use were built with.
//!
//! Roles are made on demand and left alone where they exist; a certificate's meaning is thus the same whichever version
//! of CKE made the role.

#[cfg(test)]
mod tests;

use std::net::IpAddr;

use cke_model::certificate::{Authority, Certificate};
use neco_vault::Options;
use sha2::{Digest as _, Sha256};

/// Ten years, the life of certificates that nobody renews.
const TEN_YEARS: &str = "87600h";
/// Twenty years, as webhooks have it.
const TWENTY_YEARS: &str = "175200h";

/// The API server's name among aggregated API servers.
const AGGREGATION_CLIENT: &str = "front-proxy-client";

/// How a certificate is issued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// By whom.
    pub authority: Authority,
    /// Role of the authority.
    pub role: String,
    /// What the role is made with, where it is missing.
    pub role_options: Options,
    /// What is asked for.
    pub options: Options,
}

/// Why a certificate cannot be asked for.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ProfileError {
    /// The service network is none.
    #[error("service_subnet {0:?} is not a network, like 10.68.0.0/16")]
    ServiceSubnet(String),
}

impl Profile {
    /// How this certificate is issued.
    ///
    /// # Errors
    /// For an API server's whose service network cannot be read.
    pub fn of(certificate: &Certificate) -> Result<Profile, ProfileError> {
        use Authority::{EtcdClient, EtcdPeer, Kubernetes, KubernetesAggregation, KubernetesWebhook, Server};
        use Certificate as C;
        Ok(match certificate {
            C::EtcdServer { nodename, address } => server(nodename, address).under(Server),
            C::EtcdPeer { nodename, address } => peer(nodename, address).under(EtcdPeer),
            C::EtcdForApiServer => etcd_client("kube-apiserver").under(EtcdClient),
            C::EtcdRoot => etcd_root().under(EtcdClient),
            C::EtcdClient { user, ttl } => etcd_client(user).asks("ttl", ttl).under(EtcdClient),
            C::ApiServer {
                address,
                service_subnet,
                cluster_domain,
                nodename: _,
            } => api_server(address, first_address(service_subnet)?, cluster_domain).under(Kubernetes),
            C::Scheduler => component("kube-scheduler", "system:kube-scheduler").under(Kubernetes),
            C::ControllerManager => {
                component("kube-controller-manager", "system:kube-controller-manager").under(Kubernetes)
            }
            C::Kubelet { nodename, address } => kubelet(nodename, address).under(Kubernetes),
            C::Proxy => component("kube-proxy", "system:node-proxier")
                .asks("common_name", "system:kube-proxy")
                .under(Kubernetes),
            C::ServiceAccount => service_account().under(Kubernetes),
            C::Aggregation => client("system", AGGREGATION_CLIENT).under(KubernetesAggregation),
            C::User { user, group, ttl } => person(user, group, ttl).under(Kubernetes),
            C::Webhook { namespace, service } => webhook(namespace, service).under(KubernetesWebhook),
        })
    }

    /// The life that is asked for, as Vault writes it: of the certificate, else of its role.
    #[must_use]
    pub fn ttl(&self) -> &str {
        let asked = self.options.get("ttl").or_else(|| self.role_options.get("ttl"));
        asked.map_or(TEN_YEARS, String::as_str)
    }
}

/// A profile before its authority is named.
#[derive(Default)]
struct Draft {
    role: String,
    role_options: Options,
    options: Options,
}

impl Draft {
    fn new(role: &str, ttl: &str) -> Draft {
        let draft = Draft {
            role: role.to_owned(),
            ..Draft::default()
        };
        draft
            .allows("ttl", ttl)
            .allows("max_ttl", ttl)
            .allows("allow_any_name", "true")
    }

    fn allows(mut self, name: &'static str, value: &str) -> Draft {
        self.role_options.insert(name, value.to_owned());
        self
    }

    fn asks(mut self, name: &'static str, value: &str) -> Draft {
        self.options.insert(name, value.to_owned());
        self
    }

    /// The subject alone: the common name is no address.
    fn named(self, common_name: &str) -> Draft {
        self.asks("common_name", common_name)
            .asks("exclude_cn_from_sans", "true")
    }

    fn under(self, authority: Authority) -> Profile {
        Profile {
            authority,
            role: self.role,
            role_options: self.role_options,
            options: self.options,
        }
    }
}

fn server(nodename: &str, address: &str) -> Draft {
    Draft::new("system", TEN_YEARS)
        .allows("client_flag", "false")
        .asks("common_name", nodename)
        .asks(
            "alt_names",
            "localhost,cke-etcd,cke-etcd.kube-system,cke-etcd.kube-system.svc",
        )
        .asks("ip_sans", &format!("127.0.0.1,{address}"))
}

fn peer(nodename: &str, address: &str) -> Draft {
    Draft::new("system", TEN_YEARS)
        .named(nodename)
        .asks("ip_sans", &format!("127.0.0.1,{address}"))
}

fn client(role: &str, name: &str) -> Draft {
    Draft::new(role, TEN_YEARS).allows("server_flag", "false").named(name)
}

fn etcd_client(user: &str) -> Draft {
    client("system", user)
}

fn etcd_root() -> Draft {
    client("admin", "root")
        .allows("ttl", "2h")
        .allows("max_ttl", "24h")
        .asks("ttl", "1h")
}

fn api_server(address: &str, service: IpAddr, cluster_domain: &str) -> Draft {
    let names = "localhost,kubernetes,kubernetes.default,kubernetes.default.svc,kubernetes.default.svc";
    Draft::new("system", TEN_YEARS)
        .allows("enforce_hostnames", "false")
        .named("kubernetes")
        .asks("alt_names", &format!("{names}.{cluster_domain}"))
        .asks("ip_sans", &format!("127.0.0.1,{address},{service}"))
}

/// A component of Kubernetes: its organization says what it may do; its name is mostly the same.
fn component(role: &str, organization: &str) -> Draft {
    Draft::new(role, TEN_YEARS)
        .allows("enforce_hostnames", "false")
        .allows("organization", organization)
        .named(organization)
}

fn kubelet(nodename: &str, address: &str) -> Draft {
    let names = if nodename == address {
        "localhost".to_owned()
    } else {
        format!("localhost,{nodename}")
    };
    component("kubelet", "system:nodes")
        .asks("common_name", &format!("system:node:{nodename}"))
        .asks("alt_names", &names)
        .asks("ip_sans", &format!("127.0.0.1,{address}"))
}

fn service_account() -> Draft {
    Draft::new("service-account", TEN_YEARS)
        .allows("client_flag", "false")
        .allows("server_flag", "false")
        .allows("key_usage", "DigitalSignature,CertSign")
        .allows("no_store", "true")
        .named("service-account")
}

/// A role carries the group, so each group has one of its own: with one for all, two who ask at a time, or a role that was
/// left over, would give somebody the group of somebody else.
fn person(user: &str, group: &str, ttl: &str) -> Draft {
    let digest = hex::encode(Sha256::digest(group.as_bytes()));
    let role = format!("admin-{}", digest.get(..16).unwrap_or(&digest));
    Draft::new(&role, "2h")
        .allows("max_ttl", "48h")
        .allows("enforce_hostnames", "false")
        .allows("organization", group)
        .named(user)
        .asks("ttl", ttl)
}

fn webhook(namespace: &str, service: &str) -> Draft {
    Draft::new("system", TWENTY_YEARS)
        .allows("enforce_hostnames", "false")
        .allows("server_flag", "true")
        .allows("client_flag", "false")
        .named(&format!("{namespace}/{service}"))
        .asks(
            "alt_names",
            &format!("{service},{service}.{namespace},{service}.{namespace}.svc"),
        )
}

/// The address of the service `kubernetes`: the first after the network's written address.
fn first_address(subnet: &str) -> Result<IpAddr, ProfileError> {
    let refuse = || ProfileError::ServiceSubnet(subnet.to_owned());
    let (address, bits) = subnet.split_once('/').ok_or_else(refuse)?;
    let address: IpAddr = address.parse().map_err(|_| refuse())?;
    let bits: u8 = bits.parse().map_err(|_| refuse())?;
    match address {
        IpAddr::V4(v4) if bits <= 32 => Ok(IpAddr::V4(v4.to_bits().wrapping_add(1).into())),
        IpAddr::V6(v6) if bits <= 128 => Ok(IpAddr::V6(v6.to_bits().wrapping_add(1).into())),
        _ => Err(refuse()),
    }
}
