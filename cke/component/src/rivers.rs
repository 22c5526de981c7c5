//! rivers, the TCP proxy on every node to the API servers, and etcd-rivers, the one on control planes to etcd.

use crate::Site;
use crate::steps::{self, Container, operation, pull};
use cke_model::names::{container, port};
use cke_model::{Node, Operation, ServiceParams};

/// One of the two proxies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rivers {
    /// To the API servers, on all nodes.
    Kubernetes,
    /// To etcd, on control planes.
    Etcd,
}

impl Rivers {
    /// Name of the container.
    #[must_use]
    pub fn container(self) -> &'static str {
        match self {
            Self::Kubernetes => container::RIVERS,
            Self::Etcd => container::ETCD_RIVERS,
        }
    }

    /// What operators add.
    #[must_use]
    pub fn extra<'a>(self, site: &Site<'a>) -> &'a ServiceParams {
        match self {
            Self::Kubernetes => &site.cluster.options.rivers,
            Self::Etcd => &site.cluster.options.etcd_rivers,
        }
    }

    /// The port of the servers, and the one to listen on.
    fn ports(self) -> (u16, u16) {
        match self {
            Self::Kubernetes => (port::API_SERVER, port::RIVERS),
            Self::Etcd => (port::ETCD, port::ETCD_RIVERS),
        }
    }
}

/// Parameters, the same on all nodes.
#[must_use]
pub fn built_in(rivers: Rivers, site: &Site<'_>) -> ServiceParams {
    let (upstream, listen) = rivers.ports();
    let upstreams: Vec<_> = site
        .control_planes
        .iter()
        .map(|node| format!("{}:{upstream}", node.address))
        .collect();
    let args = vec![
        "rivers".to_owned(),
        format!("--upstreams={}", upstreams.join(",")),
        format!("--listen=127.0.0.1:{listen}"),
    ];
    steps::params(args, Vec::new())
}

/// `rivers-bootstrap`, `etcd-rivers-bootstrap`: starts the proxy.
#[must_use]
pub fn boot(rivers: Rivers, site: &Site<'_>, nodes: &[&Node]) -> Operation {
    let built_in = built_in(rivers, site);
    let run = proxy(rivers, site).start(nodes, |_| built_in.clone());
    let name = format!("{}-bootstrap", rivers.container());
    operation(name, nodes, vec![pull(nodes, &site.images.tools), run])
}

/// `rivers-restart`, `etcd-rivers-restart`: replaces the proxy.
#[must_use]
pub fn restart(rivers: Rivers, site: &Site<'_>, nodes: &[&Node]) -> Operation {
    let built_in = built_in(rivers, site);
    let run = proxy(rivers, site).restart(nodes, |_| built_in.clone());
    let name = format!("{}-restart", rivers.container());
    operation(name, nodes, vec![pull(nodes, &site.images.tools), run])
}

/// `stop-rivers`, `stop-etcd-rivers`: removes the proxy.
#[must_use]
pub fn stop(rivers: Rivers, nodes: &[&Node]) -> Operation {
    steps::stop(rivers.container(), nodes)
}

fn proxy<'a>(rivers: Rivers, site: &Site<'a>) -> Container<'a> {
    Container {
        name: rivers.container(),
        image: &site.images.tools,
        options: &[],
        extra: rivers.extra(site).clone(),
    }
}
