//! What there is, as text.

use std::sync::Arc;

use anyhow::Result;
use testkit::fleet::{Node, found, images};

/// All fleets, with their nodes.
pub(crate) fn status() -> Result<()> {
    let fleets = found()?;
    if fleets.is_empty() {
        println!("there is no fleet: `neco-lab up` starts one");
    }
    for fleet in fleets {
        let layout = Arc::new(fleet.layout);
        let holder = if fleet.held {
            "held by process"
        } else {
            "left over by process"
        };
        println!("fleet {} ({holder} {})", layout.id, fleet.pid);
        println!(
            "  boot   {:<14} namespace {}",
            layout.boot_address(),
            layout.namespace("boot")
        );
        for spec in &layout.nodes {
            let node = Node::new(&layout, spec);
            let power = if node.has_power() { "on" } else { "off" };
            println!(
                "  {:<6} {:<14} power {power}, booted {} times",
                node.name(),
                node.address(),
                node.boots()
            );
        }
    }
    Ok(())
}

/// The images that nodes begin with.
pub(crate) fn images() -> Result<()> {
    for (name, image) in images::loaded()? {
        println!("{name:<45} sha256:{}", image.id);
    }
    Ok(())
}
