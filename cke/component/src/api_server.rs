//! kube-apiserver.

use crate::Site;
use crate::steps::{
    self, Container, file, kubernetes_binds, make_dirs, operation, params, pull, stop_container, write_files,
};
use cke_model::certificate::{Authority, Certificate};
use cke_model::cluster::ApiServerParams;
use cke_model::names::container::API_SERVER;
use cke_model::names::path::kubernetes_pki;
use cke_model::operation::{Content, NodeFile};
use cke_model::{Node, Operation, ServiceParams};

/// Directory of files that only the API server reads.
const DIR: &str = "/etc/kubernetes/apiserver";
/// How Secrets are encrypted in etcd.
const ENCRYPTION: &str = "/etc/kubernetes/apiserver/encryption.yml";
/// Common name of the certificate that API servers show to aggregated ones.
const AGGREGATION_CN: &str = "front-proxy-client";
/// Options of `docker run`.
const OPTIONS: [&str; 2] = ["--mount", "type=tmpfs,dst=/run/kubernetes"];

/// Parameters on a node.
#[must_use]
pub fn built_in(site: &Site<'_>, node: &Node) -> ServiceParams {
    let mut args = vec!["kube-apiserver".to_owned(), "--allow-privileged".to_owned()];
    args.extend(etcd_args());
    args.extend(serving_args());
    args.extend(service_account_args(site));
    args.extend(aggregation_args());
    args.extend([
        "--authorization-mode=Node,RBAC".to_owned(),
        format!("--advertise-address={}", node.address),
        // CKE keeps the endpoints: an API server would take those of others away when it stops.
        "--endpoint-reconciler-type=none".to_owned(),
        format!("--service-cluster-ip-range={}", site.cluster.service_subnet),
        format!("--encryption-provider-config={ENCRYPTION}"),
        // Controllers of the older version lead while versions are mixed.
        "--feature-gates=CoordinatedLeaderElection=true".to_owned(),
        "--runtime-config=coordination.k8s.io/v1beta1=true".to_owned(),
    ]);
    args.extend(audit_args(&site.cluster.options.kube_api));
    params(args, kubernetes_binds())
}

fn pki(option: &str, name: &str) -> String {
    format!("--{option}={}", kubernetes_pki(name))
}

fn etcd_args() -> [String; 5] {
    [
        "--etcd-servers=https://127.0.0.1:12379".to_owned(),
        pki("etcd-cafile", "etcd-ca.crt"),
        pki("etcd-certfile", "apiserver-etcd-client.crt"),
        pki("etcd-keyfile", "apiserver-etcd-client.key"),
        "--etcd-compaction-interval=5m".to_owned(),
    ]
}

fn serving_args() -> [String; 8] {
    [
        "--bind-address=0.0.0.0".to_owned(),
        pki("client-ca-file", "ca.crt"),
        pki("tls-cert-file", "apiserver.crt"),
        pki("tls-private-key-file", "apiserver.key"),
        pki("kubelet-certificate-authority", "ca.crt"),
        pki("kubelet-client-certificate", "apiserver.crt"),
        pki("kubelet-client-key", "apiserver.key"),
        // A kubelet may change its own node only, and no Service may claim addresses of others.
        "--enable-admission-plugins=NodeRestriction,DenyServiceExternalIPs".to_owned(),
    ]
}

fn service_account_args(site: &Site<'_>) -> [String; 4] {
    let issuer = format!("https://kubernetes.default.svc.{}", site.cluster_domain);
    [
        format!("--service-account-issuer={issuer}"),
        pki("service-account-key-file", "service-account.crt"),
        pki("service-account-signing-key-file", "service-account.key"),
        "--service-account-lookup".to_owned(),
    ]
}

fn aggregation_args() -> [String; 7] {
    [
        pki("requestheader-client-ca-file", "aggregation-ca.crt"),
        format!("--requestheader-allowed-names={AGGREGATION_CN}"),
        "--requestheader-extra-headers-prefix=X-Remote-Extra-".to_owned(),
        "--requestheader-group-headers=X-Remote-Group".to_owned(),
        "--requestheader-username-headers=X-Remote-User".to_owned(),
        pki("proxy-client-cert-file", "aggregation.crt"),
        pki("proxy-client-key-file", "aggregation.key"),
    ]
}

fn audit_args(params: &ApiServerParams) -> Vec<String> {
    if !params.audit_log_enabled {
        return Vec::new();
    }
    let log = match params.audit_log_path.as_str() {
        "" => "-",
        path => path,
    };
    let policy = audit_policy_path(&params.audit_log_policy);
    vec![
        format!("--audit-log-path={log}"),
        format!("--audit-policy-file={policy}"),
    ]
}

/// The path names the policy's digest: another policy is another argument, and restarts the API server.
fn audit_policy_path(policy: &str) -> String {
    format!("{DIR}/audit-policy-{:x}.yaml", md5::compute(policy))
}

/// Certificates, keys and configuration on a node.
#[must_use]
pub fn files(site: &Site<'_>, node: &Node) -> Vec<NodeFile> {
    let server = Certificate::ApiServer {
        nodename: node.nodename().to_owned(),
        address: node.address.clone(),
        service_subnet: site.cluster.service_subnet.clone(),
        cluster_domain: site.cluster_domain.clone(),
    };
    let pki = |name: &str, content| file(kubernetes_pki(name), content);
    let mut files = vec![
        pki("apiserver", Content::KeyPair(server)),
        pki("apiserver-etcd-client", Content::KeyPair(Certificate::EtcdForApiServer)),
        pki("ca.crt", Content::Ca(Authority::Kubernetes)),
        pki("etcd-ca.crt", Content::Ca(Authority::Server)),
        pki("service-account", Content::ServiceAccountKeyPair),
        pki("aggregation-ca.crt", Content::Ca(Authority::KubernetesAggregation)),
        pki("aggregation", Content::KeyPair(Certificate::Aggregation)),
        file(ENCRYPTION, Content::EncryptionConfiguration),
    ];
    let options = &site.cluster.options.kube_api;
    if options.audit_log_enabled {
        let policy = &options.audit_log_policy;
        files.push(file(audit_policy_path(policy), Content::Text(policy.clone())));
    }
    files
}

/// `kube-apiserver-restart`: starts or replaces API servers.
#[must_use]
pub fn restart(site: &Site<'_>, nodes: &[&Node]) -> Operation {
    let tools = &site.images.tools;
    let server = Container {
        name: API_SERVER,
        image: &site.images.kubernetes,
        options: &OPTIONS,
        extra: site.cluster.options.kube_api.extra_params(),
    };
    let steps = vec![
        pull(nodes, &site.images.kubernetes),
        make_dirs(nodes, tools, &[DIR], "700"),
        write_files(nodes, tools, |node| files(site, node)),
        stop_container(nodes, API_SERVER),
        server.start(nodes, |node| built_in(site, node)),
    ];
    operation("kube-apiserver-restart", nodes, steps)
}

/// `stop-kube-apiserver`: removes API servers from nodes that are no control planes.
#[must_use]
pub fn stop(nodes: &[&Node]) -> Operation {
    steps::stop(API_SERVER, nodes)
}
