//! etcd on control planes: its container, its certificates, and the operations on the cluster's members.

mod operations;

pub use operations::{
    add_member, boot, destroy_members, mark_members, remove_members, restart, start, stop, wait_cluster,
};

use crate::steps::{bind, file, params};
use cke_model::certificate::{Authority, Certificate};
use cke_model::cluster::EtcdParams;
use cke_model::names::path::{ETCD_PKI, etcd_pki};
use cke_model::names::{port, volume};
use cke_model::operation::{Content, NodeFile};
use cke_model::{Node, ServiceParams};

/// Arguments with this beginning matter to the first start of a member only; they are not compared.
const FIRST_START: &str = "--initial-";

/// The docker volume of the data.
#[must_use]
pub fn volume_name(params: &EtcdParams) -> &str {
    if params.volume_name.is_empty() {
        volume::ETCD
    } else {
        &params.volume_name
    }
}

/// URLs for clients.
#[must_use]
pub fn endpoints(nodes: &[&Node]) -> Vec<String> {
    nodes.iter().map(|node| client_url(&node.address)).collect()
}

fn client_url(address: &str) -> String {
    format!("https://{address}:{}", port::ETCD)
}

fn peer_url(address: &str) -> String {
    format!("https://{address}:{}", port::ETCD_PEER)
}

/// Options of `docker run`.
#[must_use]
pub fn options(params: &EtcdParams) -> Vec<String> {
    let mount = format!("type=volume,src={},dst=/var/lib/etcd", volume_name(params));
    vec!["--mount".to_owned(), mount]
}

/// Parameters of a member that has been started before.
#[must_use]
pub fn built_in(node: &Node) -> ServiceParams {
    let pki = |option: &str, name: &str| format!("--{option}={}", etcd_pki(name));
    let args = vec![
        format!("--name={}", node.address),
        peer_listen("listen-peer-urls"),
        format!("--listen-client-urls={}", client_url("0.0.0.0")),
        format!("--advertise-client-urls={}", client_url(&node.address)),
        pki("cert-file", "server.crt"),
        pki("key-file", "server.key"),
        "--client-cert-auth=true".to_owned(),
        pki("trusted-ca-file", "ca-client.crt"),
        pki("peer-cert-file", "peer.crt"),
        pki("peer-key-file", "peer.key"),
        "--peer-client-cert-auth=true".to_owned(),
        pki("peer-trusted-ca-file", "ca-peer.crt"),
        "--enable-pprof=true".to_owned(),
        // No --auto-compaction: the API server compacts, and knows which revisions its watchers still need.
        "--feature-gates=InitialCorruptCheck=true,CompactHashCheck=true".to_owned(),
        "--corrupt-check-time=3h".to_owned(),
    ];
    params(args, vec![bind(ETCD_PKI, true, "", "Z")])
}

fn peer_listen(option: &str) -> String {
    format!("--{option}={}", peer_url("0.0.0.0"))
}

/// Parameters for the first start in a new cluster of these nodes.
#[must_use]
pub fn built_in_new(node: &Node, members: &[&Node]) -> ServiceParams {
    let members = members
        .iter()
        .map(|member| named_peer(&member.address, &peer_url(&member.address)));
    first_start(built_in(node), &node.address, &members.collect::<Vec<_>>(), "new")
}

/// Completes the parameters of a member that joins an existing cluster: its peers, `NAME=URL` each and itself among them, are known
/// only once it was added.
#[must_use]
pub fn joining(built_in: ServiceParams, address: &str, peers: &[String]) -> ServiceParams {
    first_start(built_in, address, peers, "existing")
}

fn named_peer(name: &str, url: &str) -> String {
    format!("{name}={url}")
}

fn first_start(mut built_in: ServiceParams, address: &str, members: &[String], state: &str) -> ServiceParams {
    built_in.extra_args.get_or_insert_default().extend([
        format!("{FIRST_START}advertise-peer-urls={}", peer_url(address)),
        format!("{FIRST_START}cluster={}", members.join(",")),
        format!("{FIRST_START}cluster-token=cke"),
        format!("{FIRST_START}cluster-state={state}"),
    ]);
    built_in
}

/// Whether a member with parameters `running` may stay where `wanted` are declared.
#[must_use]
pub fn same_params(wanted: &ServiceParams, running: &ServiceParams) -> bool {
    fn compared(params: &ServiceParams) -> impl Iterator<Item = &String> {
        let args = params.extra_args.as_deref().unwrap_or_default();
        args.iter().filter(|arg| !arg.starts_with(FIRST_START))
    }
    compared(wanted).eq(compared(running)) && wanted.same_binds(running) && wanted.same_env(running)
}

/// Certificates and keys of a member.
#[must_use]
pub fn files(node: &Node) -> Vec<NodeFile> {
    let (nodename, address) = (node.nodename().to_owned(), node.address.clone());
    let server = Certificate::EtcdServer {
        nodename: nodename.clone(),
        address: address.clone(),
    };
    let peer = Certificate::EtcdPeer { nodename, address };
    vec![
        file(etcd_pki("server"), Content::KeyPair(server)),
        file(etcd_pki("peer"), Content::KeyPair(peer)),
        file(etcd_pki("ca-peer.crt"), Content::Ca(Authority::EtcdPeer)),
        file(etcd_pki("ca-client.crt"), Content::Ca(Authority::EtcdClient)),
    ]
}
