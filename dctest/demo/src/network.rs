//! The rack's network: a switch, the boot server's link to it, and a tap interface for the machine.
//!
//! ```text
//! namespace neco-demo-N-rack                  namespace neco-demo-N-boot
//!   switch (bridge) 10.69.0.1/26
//!     node1 (tap) ── the machine
//!     boot  (veth) ──────────────────────────── eth0 10.69.0.3/26
//! ```

use std::process::Command;

use anyhow::Result;

use crate::process::output;
use crate::state::Demo;

/// The boot server's address: the one that the inventory computes for the boot server of rack 0.
pub(crate) const BOOT_SERVER: &str = "10.69.0.3";
/// The machine's interface on the switch.
pub(crate) const TAP: &str = "node1";

/// Makes namespaces, switch and links.
pub(crate) fn lay_out(demo: &Demo) -> Result<()> {
    let (rack, boot) = (demo.rack_ns.as_str(), demo.boot_ns.as_str());
    for name in [rack, boot] {
        ip(&["netns", "add", name])?;
        ip(&["-n", name, "link", "set", "lo", "up"])?;
    }
    ip(&["-n", rack, "link", "add", "switch", "type", "bridge"])?;
    ip(&["-n", rack, "address", "add", "10.69.0.1/26", "dev", "switch"])?;
    ip(&[
        "-n", rack, "link", "add", "boot", "type", "veth", "peer", "name", "eth0", "netns", boot,
    ])?;
    ip(&["-n", rack, "tuntap", "add", TAP, "mode", "tap"])?;
    for port in ["boot", TAP] {
        ip(&["-n", rack, "link", "set", port, "master", "switch", "up"])?;
    }
    ip(&["-n", rack, "link", "set", "switch", "up"])?;
    ip(&[
        "-n",
        boot,
        "address",
        "add",
        &format!("{BOOT_SERVER}/26"),
        "dev",
        "eth0",
    ])?;
    ip(&["-n", boot, "link", "set", "eth0", "up"])?;
    ip(&["-n", boot, "route", "add", "default", "via", "10.69.0.1"])
}

/// Removes a namespace with all that is in it; it may be gone already.
pub(crate) fn remove(name: &str) {
    let _ = ip(&["netns", "delete", name]);
}

fn ip(arguments: &[&str]) -> Result<()> {
    output(Command::new("ip").args(arguments)).map(drop)
}
