//! kube-scheduler.

use crate::Site;
use crate::config::{self, Object, SCHEDULER as SCHEMA, set};
use crate::kubeconfig::credentials;
use crate::steps::{self, Container, file, kubernetes_binds, operation, params, pull, write_files};
use cke_model::certificate::Certificate;
use cke_model::cluster::SchedulerParams;
use cke_model::names::container::SCHEDULER;
use cke_model::names::path::{SCHEDULER_CONFIG, SCHEDULER_KUBECONFIG, kubernetes_pki};
use cke_model::operation::{Content, NodeFile};
use cke_model::{Node, Operation, ServiceParams};
use serde_json::{Value, json};

/// Parameters, the same on all nodes.
#[must_use]
pub fn built_in() -> ServiceParams {
    let args = vec![
        "kube-scheduler".to_owned(),
        format!("--config={SCHEDULER_CONFIG}"),
        format!("--authentication-kubeconfig={SCHEDULER_KUBECONFIG}"),
        format!("--authorization-kubeconfig={SCHEDULER_KUBECONFIG}"),
        // Its health is served with the certificate of the API server beside it.
        format!("--tls-cert-file={}", kubernetes_pki("apiserver.crt")),
        format!("--tls-private-key-file={}", kubernetes_pki("apiserver.key")),
    ];
    params(args, kubernetes_binds())
}

/// The configuration: what is declared, with what CKE enforces.
#[must_use]
pub fn config(params: &SchedulerParams) -> Object {
    let mut config = SCHEMA.over(json!({}), params.config.as_ref());
    set(
        &mut config,
        &["clientConnection", "kubeconfig"],
        SCHEDULER_KUBECONFIG.into(),
    );
    set(&mut config, &["leaderElection", "leaderElect"], true.into());
    config
}

/// Whether two configurations mean the same.
#[must_use]
pub fn same_config(wanted: &Object, running: Option<&Value>) -> bool {
    running
        .and_then(Value::as_object)
        .is_some_and(|running| config::same(SCHEMA.fields, wanted, running))
}

/// Credentials and configuration on a node.
#[must_use]
pub fn files(site: &Site<'_>) -> Vec<NodeFile> {
    let kubeconfig = credentials(site, "system:kube-scheduler", Certificate::Scheduler);
    let config = SCHEMA.to_yaml(&config(&site.cluster.options.kube_scheduler));
    vec![
        file(SCHEDULER_KUBECONFIG, kubeconfig),
        file(SCHEDULER_CONFIG, Content::Text(config)),
    ]
}

/// `kube-scheduler-bootstrap`: starts it.
#[must_use]
pub fn boot(site: &Site<'_>, nodes: &[&Node]) -> Operation {
    let run = scheduler(site).start(nodes, |_| built_in());
    operation(
        "kube-scheduler-bootstrap",
        nodes,
        vec![pull_image(site, nodes), write(site, nodes), run],
    )
}

/// `kube-scheduler-restart`: replaces it, with its files.
#[must_use]
pub fn restart(site: &Site<'_>, nodes: &[&Node]) -> Operation {
    let run = scheduler(site).restart(nodes, |_| built_in());
    operation(
        "kube-scheduler-restart",
        nodes,
        vec![pull_image(site, nodes), write(site, nodes), run],
    )
}

/// `stop-kube-scheduler`: removes it from nodes that are no control planes.
#[must_use]
pub fn stop(nodes: &[&Node]) -> Operation {
    steps::stop(SCHEDULER, nodes)
}

fn pull_image(site: &Site<'_>, nodes: &[&Node]) -> cke_model::Step {
    pull(nodes, &site.images.kubernetes)
}

fn write(site: &Site<'_>, nodes: &[&Node]) -> cke_model::Step {
    write_files(nodes, &site.images.tools, |_| files(site))
}

fn scheduler<'a>(site: &Site<'a>) -> Container<'a> {
    Container {
        name: SCHEDULER,
        image: &site.images.kubernetes,
        options: &[],
        extra: site.cluster.options.kube_scheduler.extra_params(),
    }
}
