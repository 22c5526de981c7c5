//! kube-proxy and unbound on the boot server itself, so that programs there reach Kubernetes' services by their names.
//!
//! - [`decide`] is pure: from the declared cluster and what was seen here to operations.
//! - [`observe`] asks the local docker, [`cluster`] the cluster; [`run`] is the loop around them.
//! - [`local`] runs commands on this host as others run them on nodes: it is a [`neco_ssh::Runner`].
//!
//! It leads nothing and needs no lead: each boot server looks after its own two containers.

pub mod cluster;
pub mod decide;
pub mod local;
pub mod observe;
pub mod options;
pub mod run;

/// The node that stands for this host in operations, in containers' parameters, and in kube-proxy's configuration.
pub const LOCALHOST: &str = "localhost";

/// Name of unbound's container.
pub const UNBOUND: &str = "cke-unbound";

/// unbound's configuration.
pub const UNBOUND_CONF: &str = "/etc/unbound/unbound.conf";
