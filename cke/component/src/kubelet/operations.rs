//! Operations on kubelets.

use super::{CNI_BIN, CNI_CONF, CNI_VAR, VOLUME_PLUGINS, boot_files, built_in, restart_files};
use crate::Site;
use crate::steps::{Container, addresses, make_dirs, operation, pull, step, write_files};
use cke_model::names::container::KUBELET;
use cke_model::operation::Action;
use cke_model::service::Mount;
use cke_model::{Node, Observed, Operation, Step};
use serde_json::Value;

/// Options of `docker run`.
const OPTIONS: [&str; 3] = ["--pid=host", "--privileged", "--tmpfs=/tmp"];
/// Directories that kubelet and its plugins expect.
const DIRS: [&str; 6] = [
    CNI_BIN,
    CNI_CONF,
    CNI_VAR,
    "/var/log/pods",
    "/var/log/containers",
    VOLUME_PLUGINS,
];

/// `kubelet-bootstrap`: prepares nodes and starts kubelet. `registered` are the Node objects among them; `api_server` is
/// the address of a healthy one.
#[must_use]
pub fn boot(
    site: &Site<'_>,
    nodes: &[&Node],
    registered: &[&Node],
    api_server: &str,
    observed: &Observed,
) -> Operation {
    let params = &site.cluster.options.kubelet;
    let tools = &site.images.tools;
    let mut steps = vec![pull(nodes, &site.images.kubernetes)];
    if !params.cni_conf_file.name.is_empty() {
        steps.push(empty_cni_conf(nodes, tools));
    }
    steps.push(make_dirs(nodes, tools, &DIRS, "755"));
    steps.push(write_files(nodes, tools, |node| {
        boot_files(site, node, running(observed, node))
    }));
    steps.push(install_cni(nodes, tools));
    steps.extend(retaint(site, registered, api_server));
    steps.push(kubelet(site).start(nodes, |node| built_in(params, node)));
    steps.push(wait_ready(nodes));
    operation("kubelet-bootstrap", nodes, steps)
}

/// `kubelet-restart`: replaces kubelet, with its configuration and its certificate.
#[must_use]
pub fn restart(site: &Site<'_>, nodes: &[&Node], observed: &Observed) -> Operation {
    let params = &site.cluster.options.kubelet;
    let steps = vec![
        pull(nodes, &site.images.kubernetes),
        write_files(nodes, &site.images.tools, |node| {
            restart_files(site, node, running(observed, node))
        }),
        kubelet(site).restart(nodes, |node| built_in(params, node)),
        wait_ready(nodes),
    ];
    operation("kubelet-restart", nodes, steps)
}

fn running<'a>(observed: &'a Observed, node: &Node) -> Option<&'a Value> {
    observed.nodes.get(&node.address)?.kubelet.config.as_ref()
}

fn kubelet<'a>(site: &Site<'a>) -> Container<'a> {
    Container {
        name: KUBELET,
        image: &site.images.kubernetes,
        options: &OPTIONS,
        extra: site.cluster.options.kubelet.extra_params(),
    }
}

/// Takes files of another CNI plugin away: the runtime would use the first by name.
fn empty_cni_conf(nodes: &[&Node], tools: &str) -> Step {
    let action = Action::EmptyDir {
        nodes: addresses(nodes),
        image: tools.to_owned(),
        dir: CNI_CONF.to_owned(),
    };
    step("empty-dir", CNI_CONF, action)
}

fn install_cni(nodes: &[&Node], tools: &str) -> Step {
    let mount = |source: &str, destination: &str| Mount {
        source: source.to_owned(),
        destination: destination.to_owned(),
        selinux_label: "z".to_owned(),
        ..Mount::default()
    };
    let action = Action::InstallCni {
        nodes: addresses(nodes),
        image: tools.to_owned(),
        binds: vec![mount(CNI_BIN, "/host/bin"), mount(CNI_CONF, "/host/net.d")],
    };
    step("install-cni", "", action)
}

/// Puts boot taints back on nodes that are known: a kubelet registers its taints only with a new Node object.
fn retaint(site: &Site<'_>, registered: &[&Node], api_server: &str) -> Option<Step> {
    let taints = site.cluster.options.kubelet.boot_taints.clone().unwrap_or_default();
    if registered.is_empty() || taints.is_empty() {
        return None;
    }
    let action = Action::KubeRetaint {
        api_server: api_server.to_owned(),
        nodes: registered.iter().map(|node| node.nodename().to_owned()).collect(),
        taints,
    };
    Some(step("retaint-before-kubelet-boot", "", action))
}

fn wait_ready(nodes: &[&Node]) -> Step {
    let action = Action::WaitKubelet {
        nodes: addresses(nodes),
    };
    step("wait-for-kubelet-ready", "", action)
}
