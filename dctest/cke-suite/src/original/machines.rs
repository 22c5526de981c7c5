//! The machines of the suites: two boot servers and six nodes, with the users, files and programs that the original's own have.

use std::fs::File;
use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, Result, bail};
use testkit::etcd::tool;
use testkit::fleet::{Fleet, Node, Role, User};

use super::folder::Folder;

/// A machine.
#[derive(Debug, Clone, Copy)]
pub struct Machine {
    /// Its host name.
    pub name: &'static str,
    number: u8,
}

impl Machine {
    /// The boot servers.
    pub const HOSTS: [Machine; 2] = [machine("host1", 11), machine("host2", 12)];
    /// The nodes.
    pub const NODES: [Machine; 6] = [
        machine("node1", 101),
        machine("node2", 102),
        machine("node3", 103),
        machine("node4", 104),
        machine("node5", 105),
        machine("node6", 106),
    ];
}

const fn machine(name: &'static str, number: u8) -> Machine {
    Machine { name, number }
}

/// The user whom the suites log in as.
pub const USER: &str = "cybozu";
/// Where the kubelet's containerd listens; `/var/run` is no link in the image that the kubelet runs in.
pub const CONTAINERD: &str = "unix:///run/k8s-containerd.sock";
/// Which machine answers for the names of the internet.
pub const NAMES: &str = "host2";

const NETWORK: &str = "10.0.0";
/// Where the suites themselves run.
const SUITES: u8 = 2;

/// The address of a machine; the suites know some of them by heart.
#[must_use]
pub fn address(name: &str) -> String {
    let all = Machine::HOSTS.iter().chain(&Machine::NODES);
    let number = all
        .filter(|machine| machine.name == name)
        .map(|machine| machine.number)
        .next();
    format!("{NETWORK}.{}", number.unwrap_or_default())
}

/// Brings them up.
///
/// # Errors
/// When one does not come up.
pub fn start() -> Result<Fleet> {
    let builder = Fleet::builder().network(NETWORK).boot(SUITES);
    let all = Machine::HOSTS.map(|host| (host, Role::Server)).into_iter();
    let all = all.chain(Machine::NODES.map(|node| (node, Role::Worker)));
    all.fold(builder, |builder, (machine, role)| {
        builder.node(machine.name, role, machine.number)
    })
    .start()
}

/// Gives them what the suites expect.
///
/// # Errors
/// When a machine does not take it.
pub fn furnish(fleet: &Fleet, folder: &Folder) -> Result<()> {
    fleet.each(|node| match node.role() {
        Role::Server => furnish_host(fleet, node, folder),
        _ => furnish_node(node),
    })?;
    serve_names(fleet.node(NAMES)?)
}

/// The user may use docker, and sudo.
const LOGIN: &str = "useradd --create-home --shell /bin/bash --groups docker,sudo cybozu
install -d -m 700 -o cybozu -g cybozu /home/cybozu/.ssh
install -m 600 -o cybozu -g cybozu /root/.ssh/authorized_keys /home/cybozu/.ssh/
mkdir -p /opt/bin";

fn furnish_node(node: &Node) -> Result<()> {
    // What of the lab lies there is CKE's to write.
    node.ssh(&format!("{LOGIN}; mkdir -p /var/log/audit; rm -f /etc/cni/net.d/*"))
        .map(drop)
}

fn furnish_host(fleet: &Fleet, host: &Node, folder: &Folder) -> Result<()> {
    let config = format!("endpoints: [http://{}:2379]", address("host1"));
    host.ssh(&format!(
        "{LOGIN}; mkdir -p /etc/cke /data; echo '{config}' >/etc/cke/config.yml"
    ))?;
    let programs = [("etcd", "etcd"), ("etcdctl", "etcdctl"), ("bao", "vault")];
    for (name, to) in programs {
        put(host, &tool(name), &format!("/data/{to}"), "755")?;
    }
    put(host, &folder.suite("setup-cke.sh"), "/data/setup-cke.sh", "755")?;
    put(host, &fleet.boot().key(), "/data/mtest_key", "644")?;
    write(host, include_str!("images/ipvsadm"), "/usr/local/sbin/ipvsadm", "755")
}

fn serve_names(host: &Node) -> Result<()> {
    write(host, include_str!("images/names.conf"), "/etc/names.conf", "644")?;
    host.ssh("systemd-run --unit=names unbound -d -c /etc/names.conf")
        .map(drop)
}

fn write(node: &Node, text: &str, to: &str, mode: &str) -> Result<()> {
    let mut file = tempfile::NamedTempFile::new()?;
    std::io::Write::write_all(&mut file, text.as_bytes())?;
    put(node, file.path(), to, mode)
}

/// Copies a file to a machine.
fn put(node: &Node, from: &Path, to: &str, mode: &str) -> Result<()> {
    let file = File::open(from).with_context(|| format!("opening {}", from.display()))?;
    let script = format!("cat >{to} && chmod {mode} {to}");
    let output = node.command_as(User::Root, &script).stdin(Stdio::from(file)).output()?;
    if !output.status.success() {
        bail!(
            "{} to {}: {}",
            from.display(),
            node.name(),
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(())
}
