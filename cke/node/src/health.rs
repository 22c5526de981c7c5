//! Whether a component says that it is healthy, asked from here over kept connections.

mod http;

pub use http::{Credentials, HttpProbes, ProbeError};

use std::sync::Arc;

/// A component that can be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Endpoint {
    /// kube-apiserver: lists one namespace, as an administrator.
    ApiServer,
    /// kube-controller-manager.
    ControllerManager,
    /// kube-scheduler.
    Scheduler,
    /// kube-proxy.
    Proxy,
    /// kubelet.
    Kubelet,
}

impl Endpoint {
    /// All of them.
    pub const ALL: [Endpoint; 5] = [
        Endpoint::ApiServer,
        Endpoint::ControllerManager,
        Endpoint::Scheduler,
        Endpoint::Proxy,
        Endpoint::Kubelet,
    ];
}

/// Asks components of nodes whether they are healthy.
pub trait Probes: Send + Sync {
    /// Whether the component of that node is healthy: why not, in words.
    fn probe(&self, address: &str, endpoint: Endpoint) -> impl Future<Output = Result<(), String>> + Send;
}

impl<P: Probes> Probes for Arc<P> {
    fn probe(&self, address: &str, endpoint: Endpoint) -> impl Future<Output = Result<(), String>> + Send {
        (**self).probe(address, endpoint)
    }
}

impl<P: Probes> Probes for &P {
    fn probe(&self, address: &str, endpoint: Endpoint) -> impl Future<Output = Result<(), String>> + Send {
        (**self).probe(address, endpoint)
    }
}

/// Probes by a function, for nodes in memory.
#[derive(Debug, Clone, Copy)]
pub struct ProbeFn<F>(pub F);

impl<F: Fn(&str, Endpoint) -> Result<(), String> + Send + Sync> Probes for ProbeFn<F> {
    async fn probe(&self, address: &str, endpoint: Endpoint) -> Result<(), String> {
        (self.0)(address, endpoint)
    }
}
