//! kube-proxy, in the mode that operators declare: iptables, IPVS or nftables. CKE does not choose one.

use crate::Site;
use crate::config::{Object, PROXY as SCHEMA, set};
use crate::kubeconfig::{credentials_for, local_server};
use crate::steps::{self, Container, bind, file, kubernetes_binds, operation, params, pull, write_files};
use cke_model::certificate::Certificate;
use cke_model::cluster::ProxyParams;
use cke_model::names::container::PROXY;
use cke_model::operation::{Content, NodeFile};
use cke_model::{Node, Operation, ServiceParams, Step};
use serde_json::json;

const CONFIG: &str = "/etc/kubernetes/proxy/config.yml";
const KUBECONFIG: &str = "/etc/kubernetes/proxy/kubeconfig";
/// Options of `docker run`.
const OPTIONS: [&str; 2] = ["--tmpfs=/run", "--privileged"];
/// The field of the configuration that names the node.
pub(crate) const NODE_FIELD: &str = "hostnameOverride";

/// Parameters, the same on all nodes.
#[must_use]
pub fn built_in() -> ServiceParams {
    let mut binds = kubernetes_binds();
    binds.push(bind("/lib/modules", true, "", ""));
    params(vec!["kube-proxy".to_owned(), format!("--config={CONFIG}")], binds)
}

/// The configuration on a node: defaults, what is declared over them, and what CKE enforces.
#[must_use]
pub fn config(params: &ProxyParams, nodename: &str) -> Object {
    let defaults = json!({
        NODE_FIELD: nodename,
        "metricsBindAddress": "0.0.0.0",
        "conntrack": {
            "tcpEstablishedTimeout": "24h0m0s",
            "tcpCloseWaitTimeout": "1h0m0s",
        },
    });
    let mut config = SCHEMA.over(defaults, params.config.as_ref());
    set(&mut config, &["clientConnection", "kubeconfig"], KUBECONFIG.into());
    config
}

/// Credentials for an API server, and configuration, on a node.
#[must_use]
pub fn files(site: &Site<'_>, node: &Node, api_server: &str) -> Vec<NodeFile> {
    let kubeconfig = credentials_for(site, "system:kube-proxy", Certificate::Proxy, api_server.to_owned());
    let config = SCHEMA.to_yaml(&config(&site.cluster.options.kube_proxy, node.nodename()));
    vec![file(KUBECONFIG, kubeconfig), file(CONFIG, Content::Text(config))]
}

/// `kube-proxy-bootstrap`: starts it.
#[must_use]
pub fn boot(site: &Site<'_>, nodes: &[&Node]) -> Operation {
    boot_with(site, nodes, &local_server())
}

/// `kube-proxy-bootstrap` where no rivers runs: with this URL of the API server.
#[must_use]
pub fn boot_with(site: &Site<'_>, nodes: &[&Node], api_server: &str) -> Operation {
    let run = proxy(site).start(nodes, |_| built_in());
    operation("kube-proxy-bootstrap", nodes, steps(site, nodes, api_server, run))
}

/// `kube-proxy-restart`: replaces it, with its files.
#[must_use]
pub fn restart(site: &Site<'_>, nodes: &[&Node]) -> Operation {
    restart_with(site, nodes, &local_server())
}

/// `kube-proxy-restart` where no rivers runs: with this URL of the API server.
#[must_use]
pub fn restart_with(site: &Site<'_>, nodes: &[&Node], api_server: &str) -> Operation {
    let run = proxy(site).restart(nodes, |_| built_in());
    operation("kube-proxy-restart", nodes, steps(site, nodes, api_server, run))
}

/// `stop-kube-proxy`: removes it where it is disabled.
#[must_use]
pub fn stop(nodes: &[&Node]) -> Operation {
    steps::stop(PROXY, nodes)
}

fn steps(site: &Site<'_>, nodes: &[&Node], api_server: &str, run: Step) -> Vec<Step> {
    vec![
        pull(nodes, &site.images.kubernetes),
        write_files(nodes, &site.images.tools, |node| files(site, node, api_server)),
        run,
    ]
}

fn proxy<'a>(site: &Site<'a>) -> Container<'a> {
    Container {
        name: PROXY,
        image: &site.images.kubernetes,
        options: &OPTIONS,
        extra: site.cluster.options.kube_proxy.extra_params(),
    }
}
