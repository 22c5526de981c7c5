//! kubelet: its container, its configuration, and what a node needs before it starts.

mod config;
mod operations;

pub use config::{KEPT_FIELDS, cluster_domain, config, declared_config};
pub(crate) use config::{NODE_FIELD, NOT_COMPARED, address_list};
pub use operations::{boot, restart};

use crate::Site;
use crate::config::KUBELET as SCHEMA;
use crate::steps::{bind, file};
use cke_model::certificate::{Authority, Certificate};
use cke_model::cluster::KubeletParams;
use cke_model::names::path::kubernetes_pki;
use cke_model::operation::{Content, NodeFile};
use cke_model::service::Mount;
use cke_model::{Node, ServiceParams};
use serde_json::Value;

const PROGRAM: &str = "kubelet";
const CONFIG: &str = "/etc/kubernetes/kubelet/config.yml";
const KUBECONFIG: &str = "/etc/kubernetes/kubelet/kubeconfig";
const CNI_BIN: &str = "/opt/cni/bin";
const CNI_CONF: &str = "/etc/cni/net.d";
const CNI_VAR: &str = "/var/lib/cni";
const VOLUME_PLUGINS: &str = "/opt/volume/bin";
/// The argument with the name of the node.
const NAME: &str = "--hostname-override=";
/// The argument with the container runtime, which cannot be changed under running pods.
const RUNTIME: &str = "--container-runtime-endpoint=";

/// Parameters on a node.
#[must_use]
pub fn built_in(params: &KubeletParams, node: &Node) -> ServiceParams {
    crate::steps::params(args(params, node.nodename()), binds())
}

fn args(params: &KubeletParams, nodename: &str) -> Vec<String> {
    let mut args = vec![
        PROGRAM.to_owned(),
        format!("--config={CONFIG}"),
        format!("--kubeconfig={KUBECONFIG}"),
        format!("{NAME}{nodename}"),
    ];
    if !params.cri_endpoint.is_empty() {
        args.push(format!("{RUNTIME}{}", params.cri_endpoint));
    }
    args
}

/// The mounts, the same on all nodes.
pub(crate) fn binds() -> Vec<Mount> {
    vec![
        bind("/etc/machine-id", true, "", ""),
        bind("/etc/os-release", true, "", ""),
        bind("/etc/kubernetes", true, "", "z"),
        bind("/var/lib/kubelet", false, "rshared", "z"),
        // cAdvisor inside kubelet reads it.
        bind("/var/lib/docker", false, "", "Z"),
        bind(VOLUME_PLUGINS, false, "shared", "z"),
        bind("/var/log/pods", false, "", "z"),
        bind("/var/log/containers", false, "", "z"),
        bind("/run", false, "", ""),
        bind("/sys", false, "", ""),
        bind("/dev", false, "", ""),
        bind(CNI_BIN, true, "", "z"),
        bind(CNI_CONF, true, "", "z"),
        bind(CNI_VAR, false, "", "z"),
    ]
}

/// Whether a container has the arguments for a node. It runs for every node of a decision, and builds nothing.
pub(crate) fn same_args(params: &KubeletParams, node: &Node, running: &ServiceParams) -> bool {
    let runtime = params.cri_endpoint.as_str();
    match running.extra_args.as_deref().unwrap_or_default() {
        [program, config, kubeconfig, name, rest @ ..] => {
            program == PROGRAM
                && config.strip_prefix("--config=") == Some(CONFIG)
                && kubeconfig.strip_prefix("--kubeconfig=") == Some(KUBECONFIG)
                && name.strip_prefix(NAME) == Some(node.nodename())
                && match rest {
                    [] => runtime.is_empty(),
                    [one] => one
                        .strip_prefix(RUNTIME)
                        .is_some_and(|one| !one.is_empty() && one == runtime),
                    _ => false,
                }
        }
        _ => false,
    }
}

/// Whether a kubelet with these parameters uses another container runtime than is declared.
#[must_use]
pub fn runtime_changed(params: &KubeletParams, running: &ServiceParams) -> bool {
    let args = running.extra_args.as_deref().unwrap_or_default();
    let running = args.iter().find_map(|arg| arg.strip_prefix(RUNTIME));
    running.unwrap_or_default() != params.cri_endpoint
}

/// What both operations write; `running` is the configuration of a kubelet that runs.
fn config_files(site: &Site<'_>, node: &Node, running: Option<&Value>) -> [NodeFile; 3] {
    let (ca, certificate, key) = pki_paths();
    let user = format!("system:node:{}", node.nodename());
    let kubeconfig = crate::kubeconfig::with_files(site, &user, &ca, &certificate, &key);
    let config = config(&site.cluster.options.kubelet, &node.address, running);
    let pair = Certificate::Kubelet {
        nodename: node.nodename().to_owned(),
        address: node.address.clone(),
    };
    [
        file(CONFIG, Content::Text(SCHEMA.to_yaml(&config))),
        file(kubernetes_pki("kubelet"), Content::KeyPair(pair)),
        file(KUBECONFIG, Content::Text(kubeconfig)),
    ]
}

/// Files for the first start on a node.
#[must_use]
pub fn boot_files(site: &Site<'_>, node: &Node, running: Option<&Value>) -> Vec<NodeFile> {
    let [config, pair, kubeconfig] = config_files(site, node, running);
    let ca = file(kubernetes_pki("ca.crt"), Content::Ca(Authority::Kubernetes));
    let cni = &site.cluster.options.kubelet.cni_conf_file;
    let cni_file = file(format!("{CNI_CONF}/{}", cni.name), Content::Text(cni.content.clone()));
    let mut files = vec![config, ca, pair, kubeconfig];
    if !cni.name.is_empty() {
        files.insert(0, cni_file);
    }
    files
}

/// Files for a restart.
#[must_use]
pub fn restart_files(site: &Site<'_>, node: &Node, running: Option<&Value>) -> Vec<NodeFile> {
    config_files(site, node, running).into()
}

/// Paths of the authority's certificate, and of the kubelet's with its key.
fn pki_paths() -> (String, String, String) {
    (
        kubernetes_pki("ca.crt"),
        kubernetes_pki("kubelet.crt"),
        kubernetes_pki("kubelet.key"),
    )
}
