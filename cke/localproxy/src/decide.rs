//! What is to be done on this host. Pure.

#[cfg(test)]
mod tests;

use crate::{LOCALHOST, UNBOUND, UNBOUND_CONF};
use cke_component::drift::{Drift, Wanted};
use cke_component::{Site, proxy};
use cke_model::observed::{ComponentStatus, ServiceStatus};
use cke_model::operation::{Action, ContainerOnNode, Content, NodeFile, NodeFiles, RunContainer};
use cke_model::service::Mount;
use cke_model::{Cluster, Images, Node, Operation, ServiceParams, Step};

/// What was seen of this host and of the cluster.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Observed {
    /// Addresses of control planes whose API servers take connections, in the order of the cluster.
    pub api_servers: Vec<String>,
    /// kube-proxy, with its configuration file.
    pub proxy: ComponentStatus,
    /// The API server in kube-proxy's kubeconfig, where that can be read.
    pub proxy_api_server: Option<String>,
    /// unbound.
    pub unbound: ServiceStatus,
    /// unbound's configuration file.
    pub unbound_conf: Option<String>,
    /// What it should be; `None` while the addresses of services that it needs are not known. Then unbound is left alone.
    pub wanted_unbound_conf: Option<String>,
}

/// What is to be done.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Decision {
    /// The API server that kube-proxy is to use from now on.
    pub api_server: Option<String>,
    /// What to do, in order, each with its reason.
    pub due: Vec<(Operation, Reason)>,
}

/// Why something is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// The container does not run.
    #[error("it does not run")]
    NotRunning,
    /// kube-proxy uses an API server that does not answer.
    #[error("its API server is not the one to use")]
    ApiServer,
    /// The configuration file differs.
    #[error("its configuration is out of date")]
    Configuration,
    /// Image or parameters differ.
    #[error("its container is out of date")]
    Container(Drift),
}

/// Decides what is to be done. `known` is the API server that this process chose before.
#[must_use]
pub fn decide(cluster: &Cluster, images: &Images, known: Option<&str>, observed: &Observed) -> Decision {
    let used = known.or(observed.proxy_api_server.as_deref());
    let still_there = used.filter(|used| observed.api_servers.iter().any(|address| address == used));
    let Some(api_server) = still_there.or(observed.api_servers.first().map(String::as_str)) else {
        return Decision::default();
    };
    let host = Node {
        address: LOCALHOST.to_owned(),
        ..Node::default()
    };
    let site = Site::new(cluster, images);
    let due = [
        decide_proxy(&site, &host, api_server, used, &observed.proxy),
        decide_unbound(images, observed),
    ];
    Decision {
        api_server: Some(api_server.to_owned()),
        due: due.into_iter().flatten().collect(),
    }
}

fn decide_proxy(
    site: &Site<'_>,
    host: &Node,
    api_server: &str,
    used: Option<&str>,
    proxy: &ComponentStatus,
) -> Option<(Operation, Reason)> {
    let url = format!("https://{api_server}:{}", cke_model::names::port::API_SERVER);
    if !proxy.service.running {
        return Some((proxy::boot_with(site, &[host], &url), Reason::NotRunning));
    }
    let reason = if used == Some(api_server) {
        Wanted::new(site).proxy(host, proxy).map(Reason::from)?
    } else {
        Reason::ApiServer
    };
    Some((proxy::restart_with(site, &[host], &url), reason))
}

impl From<Drift> for Reason {
    fn from(drift: Drift) -> Self {
        if drift == Drift::Config {
            Reason::Configuration
        } else {
            Reason::Container(drift)
        }
    }
}

fn decide_unbound(images: &Images, observed: &Observed) -> Option<(Operation, Reason)> {
    let conf = observed.wanted_unbound_conf.as_deref()?;
    let (running, wanted) = (&observed.unbound, unbound_params());
    let reason = if !running.running {
        Reason::NotRunning
    } else if observed.unbound_conf.as_deref() != Some(conf) {
        Reason::Configuration
    } else if running.image != images.unbound {
        Reason::Container(Drift::Image)
    } else if !running.built_in.same_as(&wanted) {
        Reason::Container(Drift::BuiltIn)
    } else {
        return None;
    };
    let restart = reason != Reason::NotRunning;
    Some((unbound(images, conf, restart), reason))
}

fn unbound_params() -> ServiceParams {
    ServiceParams {
        extra_args: Some(vec!["-c".to_owned(), UNBOUND_CONF.to_owned()]),
        extra_binds: Some(vec![Mount {
            source: "/etc/unbound".to_owned(),
            destination: "/etc/unbound".to_owned(),
            read_only: true,
            ..Mount::default()
        }]),
        ..ServiceParams::default()
    }
}

/// `unbound-boot-op` and `unbound-restart-op`: the image, the configuration, the container.
fn unbound(images: &Images, conf: &str, restart: bool) -> Operation {
    let host = || LOCALHOST.to_owned();
    let step = |name: &str, target: &str, action| Step {
        name: name.to_owned(),
        target: target.to_owned(),
        action,
    };
    let file = NodeFile {
        path: UNBOUND_CONF.to_owned(),
        content: Content::Text(conf.to_owned()),
    };
    let files = Action::WriteFiles {
        image: images.tools.clone(),
        nodes: vec![NodeFiles {
            node: host(),
            files: vec![file],
        }],
    };
    let on_host = ContainerOnNode {
        options: vec!["--cap-add=NET_BIND_SERVICE".to_owned()],
        built_in: unbound_params(),
    };
    let container = RunContainer {
        name: UNBOUND.to_owned(),
        image: images.unbound.clone(),
        nodes: [(host(), on_host)].into(),
        extra: ServiceParams::default(),
        restart,
    };
    let pull = Action::PullImage {
        nodes: vec![host()],
        image: images.unbound.clone(),
    };
    Operation {
        name: if restart {
            "unbound-restart-op"
        } else {
            "unbound-boot-op"
        }
        .to_owned(),
        targets: vec![host()],
        steps: vec![
            step("image-pull", &images.unbound, pull),
            step("make-files", UNBOUND_CONF, files),
            step("run-container", UNBOUND, Action::RunContainer(container)),
        ],
    }
}
