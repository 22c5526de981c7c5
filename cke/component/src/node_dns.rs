//! unbound, the resolver of each node: its configuration. The rest of it is among the built-in resources.

use crate::dns::{config_map, create, update};
use cke_model::Operation;
use cke_model::kubernetes::KubeConfigMap;
use cke_model::names::kube::NODE_DNS;
use std::fmt::Write as _;

/// Key of the configuration.
pub const KEY: &str = "unbound.conf";

/// What comes before the zones.
const SERVER: &str = "
server:
  do-daemonize: no
  interface: 0.0.0.0
  interface-automatic: yes
  access-control: 0.0.0.0/0 allow
  chroot: \"\"
  username: \"\"
  directory: \"/etc/unbound\"
  logfile: \"\"
  use-syslog: no
  log-time-ascii: yes
  log-queries: no
  log-replies: yes
  log-local-actions: yes
  log-servfail: yes
  num-threads: 4
  incoming-num-tcp: 1000
  outgoing-num-tcp: 1000
  num-queries-per-thread: 4096
  outgoing-range: 8192
  rrset-roundrobin: yes
  extended-statistics: yes
  rrset-cache-size: 256m
  rrset-cache-slabs: 4
  msg-cache-size: 256m
  msg-cache-slabs: 4
  infra-cache-slabs: 4
  key-cache-slabs: 4
  so-rcvbuf: 4m
  pidfile: \"/tmp/unbound.pid\"
  infra-host-ttl: 60
  prefetch: yes
  tcp-upstream: yes
  so-reuseport: yes
";

/// Where the exporter and the reloader beside unbound find it; the manifest of the DaemonSet has the same path.
const CONTROL_SOCKET: &str = "/var/run/unbound/unbound.sock";

/// Reverse zones of private addresses: answered by the upstreams, and not signed.
fn private_zones() -> impl Iterator<Item = String> {
    ["10".to_owned(), "168.192".to_owned()]
        .into_iter()
        .chain((16..32).map(|octet| format!("{octet}.172")))
        .map(|zone| format!("{zone}.in-addr.arpa."))
}

/// Where a resolver outside of Kubernetes is controlled.
const CONTROL_ADDRESS: &str = "127.0.0.1";

/// The configuration, kept byte for byte: it is compared as text.
#[must_use]
pub fn unbound_conf(cluster_dns_ip: &str, domain: &str, upstreams: &[String]) -> String {
    conf(CONTROL_SOCKET, cluster_dns_ip, domain, upstreams)
}

/// The same for a resolver that runs on a host by itself, as that of a boot server.
#[must_use]
pub fn unbound_conf_of_host(cluster_dns_ip: &str, domain: &str, upstreams: &[String]) -> String {
    conf(CONTROL_ADDRESS, cluster_dns_ip, domain, upstreams)
}

fn conf(control: &str, ip: &str, domain: &str, upstreams: &[String]) -> String {
    let mut text = String::from(SERVER);
    write_all(&mut text, control, ip, domain, upstreams).map_or_else(|_| String::new(), |()| text)
}

fn write_all(text: &mut String, control: &str, ip: &str, domain: &str, upstreams: &[String]) -> std::fmt::Result {
    for zone in private_zones() {
        writeln!(text, "  local-zone: \"{zone}\" transparent")?;
    }
    text.push_str("  root-hints: \"/usr/local/unbound/etc/unbound/root.hints\"\n");
    text.push_str("  trust-anchor-file: \"/usr/local/unbound/etc/unbound/root.key\"\n");
    writeln!(text, "  domain-insecure: \"{domain}\"")?;
    for zone in private_zones() {
        writeln!(text, "  domain-insecure: \"{zone}\"")?;
    }
    // The two blanks on either side are those of the template that others compare with.
    writeln!(
        text,
        "remote-control:\n  control-enable: yes\n  control-interface:  {control} "
    )?;
    text.push_str("  control-use-cert: no\n");
    writeln!(text, "stub-zone:\n  name: \"{domain}\"\n  stub-addr: {ip}")?;
    for zone in ["in-addr.arpa.", "ip6.arpa."] {
        writeln!(text, "forward-zone:\n  name: \"{zone}\"\n  forward-addr: {ip}")?;
    }
    if !upstreams.is_empty() {
        text.push_str("forward-zone:\n  name: \".\"\n");
    }
    upstreams
        .iter()
        .try_for_each(|server| writeln!(text, "  forward-addr: {server}"))
}

/// The ConfigMap of the resolvers. `cluster_dns_ip` is the address of the cluster's resolver.
#[must_use]
pub fn wanted(cluster_dns_ip: &str, domain: &str, upstreams: &[String]) -> KubeConfigMap {
    config_map(NODE_DNS, KEY, unbound_conf(cluster_dns_ip, domain, upstreams))
}

/// `create-node-dns-configmap`
#[must_use]
pub fn create_config_map(api_server: &str, wanted: KubeConfigMap) -> Operation {
    create("create-node-dns-configmap", api_server, wanted)
}

/// `update-node-dns-configmap`
#[must_use]
pub fn update_config_map(api_server: &str, wanted: KubeConfigMap) -> Operation {
    update("update-node-dns-configmap", api_server, wanted)
}
