//! The switch, the boot server's link to it, and a link for each node.
//!
//! A node gets a new namespace at every boot: a kernel that starts knows no address, no rule and no route. Its port on the switch has
//! the node's name, and the node's card always the same address, or neighbours would look for the old one for five seconds.

use std::process::Command;

use anyhow::{Context, Result};

use super::layout::{Layout, NodeSpec};
use super::shell::{ip, run, wait_for};
use crate::wait::PATIENCE;

const BRIDGE: &str = "br0";

/// Makes the switch and the boot server.
pub(super) fn lay_out(layout: &Layout) -> Result<()> {
    let switch = layout.namespace("switch");
    namespace(&switch)?;
    ip(&["-n", &switch, "link", "add", BRIDGE, "type", "bridge"])?;
    let gateway = format!("{}/24", layout.gateway());
    ip(&["-n", &switch, "address", "add", &gateway, "dev", BRIDGE])?;
    ip(&["-n", &switch, "link", "set", BRIDGE, "up"])?;
    run(Command::new("nsenter").arg(format!("--net=/run/netns/{switch}")).args([
        "sysctl",
        "-qw",
        "net.ipv4.ip_forward=1",
    ]))?;
    for node in &layout.nodes {
        let (pods, via) = (layout.pods(node), layout.address(node));
        ip(&["-n", &switch, "route", "add", &pods, "via", &via])?;
    }
    attach(layout, "boot", &layout.boot_address(), layout.boot)
}

/// Gives a node that boots a network as new, plugged in or not.
pub(super) fn plug(layout: &Layout, node: &NodeSpec, connected: bool) -> Result<()> {
    let _ = ip(&["netns", "delete", &layout.namespace(&node.name)]);
    attach(layout, &node.name, &layout.address(node), node.number)?;
    if connected { Ok(()) } else { cut(layout, &node.name) }
}

/// Takes away the network of a node that stopped.
pub(super) fn unplug(layout: &Layout, node: &NodeSpec) {
    // The namespace dies in the background; its port is silent at once. Either may be gone with the whole fleet.
    let _ = cut(layout, &node.name);
    let _ = ip(&["netns", "delete", &layout.namespace(&node.name)]);
}

/// Cuts a port: nothing passes, and neither side is told.
pub(super) fn cut(layout: &Layout, name: &str) -> Result<()> {
    ip(&["-n", &layout.namespace("switch"), "link", "set", name, "nomaster"])
}

/// Heals a port.
pub(super) fn heal(layout: &Layout, name: &str) -> Result<()> {
    ip(&["-n", &layout.namespace("switch"), "link", "set", name, "master", BRIDGE])
}

/// Removes all namespaces of a fleet; some may be gone.
pub(super) fn remove(layout: &Layout) {
    let nodes = layout.nodes.iter().map(|node| node.name.as_str());
    for name in nodes.chain(["boot", "switch"]) {
        let _ = ip(&["netns", "delete", &layout.namespace(name)]);
    }
}

fn attach(layout: &Layout, name: &str, address: &str, number: u8) -> Result<()> {
    let (switch, own) = (layout.namespace("switch"), layout.namespace(name));
    namespace(&own)?;
    // The old card lives on for a moment after its namespace was deleted.
    let _ = ip(&["-n", &switch, "link", "delete", name]);
    let mac = format!("02:99:00:00:00:{number:02x}");
    wait_for("a free port", PATIENCE, || {
        ip(&[
            "-n", &own, "link", "add", "eth0", "address", &mac, "type", "veth", "peer", "name", name, "netns", &switch,
        ])
    })?;
    ip(&["-n", &switch, "link", "set", name, "master", BRIDGE, "up"])?;
    ip(&["-n", &own, "address", "add", &format!("{address}/24"), "dev", "eth0"])?;
    ip(&["-n", &own, "link", "set", "eth0", "up"])?;
    ip(&["-n", &own, "route", "add", "default", "via", &layout.gateway()])
        .with_context(|| format!("connecting {name} to the switch"))
}

fn namespace(name: &str) -> Result<()> {
    ip(&["netns", "add", name])?;
    ip(&["-n", name, "link", "set", "lo", "up"])
}
