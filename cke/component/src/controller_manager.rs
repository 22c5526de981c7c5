//! kube-controller-manager.

use crate::Site;
use crate::kubeconfig::credentials;
use crate::steps::{self, Container, file, kubernetes_binds, operation, params, pull, write_files};
use cke_model::certificate::Certificate;
use cke_model::names::container::CONTROLLER_MANAGER;
use cke_model::names::path::{CONTROLLER_MANAGER_KUBECONFIG as KUBECONFIG, kubernetes_pki};
use cke_model::operation::{Content, NodeFile};
use cke_model::{Node, Operation, ServiceParams};

/// Parameters, the same on all nodes.
#[must_use]
pub fn built_in(site: &Site<'_>) -> ServiceParams {
    let args = vec![
        "kube-controller-manager".to_owned(),
        format!("--cluster-name={}", site.cluster.name),
        format!("--service-cluster-ip-range={}", site.cluster.service_subnet),
        format!("--kubeconfig={KUBECONFIG}"),
        format!("--authentication-kubeconfig={KUBECONFIG}"),
        format!("--authorization-kubeconfig={KUBECONFIG}"),
        // Its health is served with the certificate of the API server beside it.
        format!("--tls-cert-file={}", kubernetes_pki("apiserver.crt")),
        format!("--tls-private-key-file={}", kubernetes_pki("apiserver.key")),
        format!("--root-ca-file={}", kubernetes_pki("ca.crt")),
        format!(
            "--service-account-private-key-file={}",
            kubernetes_pki("service-account.key")
        ),
        "--use-service-account-credentials=true".to_owned(),
    ];
    params(args, kubernetes_binds())
}

/// Credentials on a node.
#[must_use]
pub fn files(site: &Site<'_>) -> Vec<NodeFile> {
    let kubeconfig = credentials(site, "system:kube-controller-manager", Certificate::ControllerManager);
    vec![
        file(KUBECONFIG, kubeconfig),
        file(kubernetes_pki("service-account.key"), Content::ServiceAccountKey),
    ]
}

/// `kube-controller-manager-bootstrap`: starts it.
#[must_use]
pub fn boot(site: &Site<'_>, nodes: &[&Node]) -> Operation {
    let built_in = built_in(site);
    let steps = vec![
        pull(nodes, &site.images.kubernetes),
        write_files(nodes, &site.images.tools, |_| files(site)),
        manager(site).start(nodes, |_| built_in.clone()),
    ];
    operation("kube-controller-manager-bootstrap", nodes, steps)
}

/// `kube-controller-manager-restart`: replaces it.
#[must_use]
pub fn restart(site: &Site<'_>, nodes: &[&Node]) -> Operation {
    let built_in = built_in(site);
    let steps = vec![
        pull(nodes, &site.images.kubernetes),
        manager(site).restart(nodes, |_| built_in.clone()),
    ];
    operation("kube-controller-manager-restart", nodes, steps)
}

/// `stop-kube-controller-manager`: removes it from nodes that are no control planes.
#[must_use]
pub fn stop(nodes: &[&Node]) -> Operation {
    steps::stop(CONTROLLER_MANAGER, nodes)
}

fn manager<'a>(site: &Site<'a>) -> Container<'a> {
    Container {
        name: CONTROLLER_MANAGER,
        image: &site.images.kubernetes,
        options: &[],
        extra: site.cluster.options.kube_controller_manager.clone(),
    }
}
