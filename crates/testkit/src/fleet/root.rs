//! A node's own files, on top of the root that all nodes share.
//!
//! They are written into the upper folder of the node's overlay while it is not mounted.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;

use anyhow::{Context, Result};

use super::boot::make_key;
use super::layout::{Layout, NodeSpec, cache};
use super::shell::write;

/// The folders of a node that lie beside its root, and where they are bound to.
pub(super) const DISKS: [(&str, &str); 4] = [
    ("docker", "/var/lib/docker"),
    ("containerd", "/var/lib/containerd"),
    ("k8s-containerd", "/var/lib/k8s-containerd"),
    ("kubelet", "/var/lib/kubelet"),
];

/// The id of the user `cke` in the nodes' root: the first that Debian gives.
const CKE: u32 = 1000;

/// The root that all nodes share.
pub(super) fn base() -> Result<std::path::PathBuf> {
    let link = cache().join("nodes/base");
    // The target's own name: a newer base may come meanwhile.
    link.canonicalize()
        .with_context(|| format!("{} is missing: run `make servers`", link.display()))
}

/// Makes the node's folders and files.
pub(super) fn create(layout: &Layout, node: &NodeSpec) -> Result<()> {
    let dir = layout.node_dir(&node.name);
    for folder in ["up", "work", "root"].into_iter().chain(DISKS.map(|(name, _)| name)) {
        fs::create_dir_all(dir.join(folder)).with_context(|| format!("creating {folder} of {}", node.name))?;
    }
    let up = dir.join("up");
    write(&up.join("etc/hostname"), &format!("{}\n", node.name))?;
    write(
        &up.join("etc/machine-id"),
        &format!("{:032x}\n", rand::random::<u128>()),
    )?;
    write(&up.join("etc/hosts"), &hosts(layout))?;
    write(
        &up.join("etc/resolv.conf"),
        &format!("nameserver {}\n", layout.boot_address()),
    )?;
    write(&up.join("etc/cni/net.d/98-bridge.conf"), &cni(&layout.pods(node)))?;
    renew_host_key(layout, node)?;
    authorize(layout, &up.join("root"), 0)?;
    authorize(layout, &up.join("home/cke"), CKE)
}

/// Gives the node another host key, as a machine has after a boot from the network.
pub(super) fn renew_host_key(layout: &Layout, node: &NodeSpec) -> Result<()> {
    let folder = layout.node_dir(&node.name).join("up/etc/ssh");
    fs::create_dir_all(&folder)?;
    let key = folder.join("ssh_host_ed25519_key");
    for file in [key.clone(), key.with_extension("pub")] {
        if file.exists() {
            fs::remove_file(file)?;
        }
    }
    make_key(&key)
}

/// Lets both keys in; what the second one runs is noted.
fn authorize(layout: &Layout, home: &Path, user: u32) -> Result<()> {
    let key = |name: &str| fs::read_to_string(layout.dir().join(name)).with_context(|| format!("reading {name}"));
    let lines = format!(
        "{}command=\"/usr/local/sbin/logged\" {}",
        key("key.pub")?,
        key("cke_key.pub")?
    );
    let file = home.join(".ssh/authorized_keys");
    write(&file, &lines)?;
    for (path, mode) in [(home, 0o700), (&home.join(".ssh"), 0o700), (&file, 0o600)] {
        fs::set_permissions(path, Permissions::from_mode(mode))?;
        chown(path, Some(user), Some(user)).with_context(|| format!("{}", path.display()))?;
    }
    Ok(())
}

/// All nodes know each other by name.
fn hosts(layout: &Layout) -> String {
    let lines = layout
        .nodes
        .iter()
        .map(|node| format!("{} {}\n", layout.address(node), node.name));
    std::iter::once("127.0.0.1 localhost\n".to_owned())
        .chain(lines)
        .collect()
}

/// A bridge for pods; the switch routes to it.
fn cni(pods: &str) -> String {
    serde_json::json!({
        "cniVersion": "0.4.0",
        "name": "bridge",
        "type": "bridge",
        "bridge": "cnio0",
        "isGateway": true,
        "ipMasq": false,
        "hairpinMode": true,
        "ipam": {
            "type": "host-local",
            "ranges": [[{"subnet": pods}]],
            "routes": [{"dst": "0.0.0.0/0"}],
        },
    })
    .to_string()
}
