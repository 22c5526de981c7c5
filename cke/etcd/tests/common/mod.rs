//! The cluster's etcd as nodes run it, and CKE's handle on it.

use cke_etcd::{ClusterEtcd, RootCredentials};
use testkit::etcd::Etcd;

/// A handle as the user `root`.
pub(crate) fn root(etcd: &Etcd) -> ClusterEtcd {
    ClusterEtcd::new(etcd.endpoints(), user(etcd, "root"))
}

/// Credentials of a user.
pub(crate) fn user(etcd: &Etcd, name: &str) -> RootCredentials {
    let (certificate, key) = etcd.tls().user(name);
    RootCredentials {
        server_ca: std::fs::read_to_string(&etcd.tls().ca).unwrap(),
        certificate,
        key: key.into(),
    }
}
