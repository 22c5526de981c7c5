//! What the lab's nodes need beside a cluster, for these tests.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use testkit::fleet::{Fleet, Node, images};

use crate::images::Sources;

/// The folder that all checkouts share.
///
/// # Errors
/// When neither it nor a home is given.
pub fn cache() -> Result<PathBuf> {
    if let Some(folder) = std::env::var_os("NECO_CACHE") {
        return Ok(folder.into());
    }
    let home = std::env::var_os("HOME").context("neither NECO_CACHE nor HOME is set")?;
    Ok(Path::new(&home).join(".cache/neco"))
}

/// Gives the nodes the tests' images and ports of the host for pods.
///
/// # Errors
/// When something is not built, or a node does not take it.
pub fn prepare(fleet: &Fleet, sources: &Sources) -> Result<()> {
    fleet.each(give_host_ports)?;
    let nodes: Vec<&Node> = fleet.nodes().iter().collect();
    images::give(&nodes, &sources.images())
}

/// The nodes' network for pods is a bridge alone; ports of the host need a second plugin behind it.
fn give_host_ports(node: &Node) -> Result<()> {
    let script = r#"
        cd /etc/cni/net.d
        jq '{cniVersion, name, plugins: [del(.cniVersion, .name), {type: "portmap", capabilities: {portMappings: true}}]}' \
            98-bridge.conf >97-bridge.conflist.new
        mv 97-bridge.conflist.new 97-bridge.conflist
    "#;
    node.ssh(script).map(drop)
}
