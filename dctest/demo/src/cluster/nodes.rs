//! The nodes: a fleet with the addresses that sabakan computes for rack 4, connected to the demo's rack.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use nix::sys::signal::{SigSet, Signal};
use testkit::fleet::{Fleet, Layout, Node, found};

use crate::process::{output, wait_for};
use crate::state::Demo;

/// How many there are: one control plane, the rest workers.
pub(super) const COUNT: usize = 3;
/// Rack 4's network, and the first address in it that sabakan gives to a node.
const NETWORK: &str = "10.69.1";
const FIRST: u8 = 4;
const SERIALS: [&str; COUNT] = ["DEMO-CS-1", "DEMO-CS-2", "DEMO-CS-3"];
const STARTS: Duration = Duration::from_secs(120);

/// Holds the fleet until a signal comes: a fleet lives as long as the process that started it.
pub(crate) fn hold(id: &str) -> Result<()> {
    let mut signals = SigSet::empty();
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        signals.add(signal);
    }
    // Before any thread is there: they inherit it.
    signals.thread_block()?;
    let builder = Fleet::builder().id(id).network(NETWORK).first_node(FIRST);
    let fleet = builder.control_planes(1).workers(u8::try_from(COUNT - 1)?).start()?;
    println!("up");
    signals.wait()?;
    drop(fleet);
    Ok(())
}

/// Starts the process that holds the fleet, and waits until the nodes are up.
pub(super) fn start(demo: &mut Demo) -> Result<()> {
    let (id, namespace) = (id(demo), demo.boot_ns.clone());
    let arguments = ["hold".to_owned(), id];
    demo.spawn("nodes", &namespace, &std::env::current_exe()?, &arguments)?;
    let log = demo.dir.join("nodes.log");
    wait_for("the nodes to come up", STARTS, || {
        let said = std::fs::read_to_string(&log).unwrap_or_default();
        let holder = demo.processes.iter().find(|process| process.name == "nodes");
        if holder.is_none_or(|process| !process.runs()) {
            bail!("the nodes did not come up: {}", said.trim());
        }
        Ok(said.contains("up\n"))
    })?;
    for node in of(demo)? {
        println!("    {:<4} {}", node.name(), node.address());
    }
    write_login(demo)
}

/// The nodes, when they run.
pub(super) fn of(demo: &Demo) -> Result<Vec<Node>> {
    let layout = Arc::new(layout(demo)?);
    Ok(layout.nodes.iter().map(|spec| Node::new(&layout, spec)).collect())
}

pub(super) fn layout(demo: &Demo) -> Result<Layout> {
    let id = id(demo);
    let mut all = found()?.into_iter().map(|fleet| fleet.layout);
    all.find(|layout| layout.id == id).context("the nodes are gone")
}

/// Of the demo's own name, so that demos of several checkouts stand side by side.
fn id(demo: &Demo) -> String {
    let digits: String = demo.boot_ns.chars().filter(char::is_ascii_digit).collect();
    format!("demo{digits}")
}

/// A cable between the rack's switch and the nodes', and routes over it.
pub(super) fn connect(demo: &Demo) -> Result<()> {
    let (rack, switch) = (demo.rack_ns.as_str(), layout(demo)?.namespace("switch"));
    let ip = |arguments: &[&str]| output(Command::new("ip").args(arguments)).map(drop);
    ip(&[
        "-n", rack, "link", "add", "cluster", "type", "veth", "peer", "name", "rack", "netns", &switch,
    ])?;
    for (namespace, port, own, network, other) in [
        (
            rack,
            "cluster",
            "10.69.15.1/30",
            format!("{NETWORK}.0/24"),
            "10.69.15.2",
        ),
        (
            &switch,
            "rack",
            "10.69.15.2/30",
            "10.69.0.0/26".to_owned(),
            "10.69.15.1",
        ),
    ] {
        ip(&["-n", namespace, "address", "add", own, "dev", port])?;
        ip(&["-n", namespace, "link", "set", port, "up"])?;
        ip(&["-n", namespace, "route", "add", &network, "via", other])?;
    }
    output(Command::new("nsenter").arg(format!("--net=/run/netns/{rack}")).args([
        "sysctl",
        "-qw",
        "net.ipv4.ip_forward=1",
    ]))
    .map(drop)
}

/// Lists the nodes in the inventory, as healthy, and checks that it computed the addresses that they have.
pub(super) fn register(demo: &Demo) -> Result<()> {
    let file = demo.dir.join("site/cluster/machines.json").display().to_string();
    sabactl(demo, &["machines", "create", "-f", &file])?;
    for serial in SERIALS {
        sabactl(demo, &["machines", "set-state", serial, "healthy"])?;
    }
    let machines: serde_json::Value = serde_json::from_str(&sabactl(demo, &["machines", "get", "--role", "cs"])?)?;
    let listed: Vec<&str> = machines
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|machine| machine.pointer("/spec/ipv4/0")?.as_str())
        .collect();
    for node in of(demo)? {
        if !listed.contains(&node.address().as_str()) {
            bail!("{} has {}, but sabakan lists {listed:?}", node.name(), node.address());
        }
    }
    Ok(())
}

fn sabactl(demo: &Demo, arguments: &[&str]) -> Result<String> {
    println!("    sabactl {}", arguments.join(" "));
    output(Command::new(demo.dir.join("sabactl")).args(arguments))
}

/// A script that logs in on a node.
fn write_login(demo: &Demo) -> Result<()> {
    let layout = layout(demo)?;
    let cases: String = layout
        .nodes
        .iter()
        .map(|node| format!("{}) address={} ;;\n", node.name, layout.address(node)))
        .collect();
    let text = format!(
        "#!/bin/sh\nnode=$1\nshift\ncase $node in\n{cases}*) echo \"no node $node\" >&2; exit 1 ;;\nesac\n\
         exec nsenter --net=/run/netns/{} ssh -i {} -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
         -o LogLevel=ERROR root@$address \"$@\"\n",
        demo.boot_ns,
        key(demo)?.display(),
    );
    crate::server::write_script(Path::new(&demo.dir.join("node")), &text)
}

/// The SSH key that CKE gets.
pub(super) fn key(demo: &Demo) -> Result<std::path::PathBuf> {
    Ok(layout(demo)?.dir().join("cke_key"))
}

/// Where sabakan answers.
pub(super) fn sabakan_url() -> String {
    // From its own host, as sabakan lets that one read.
    "http://127.0.0.1:10080".to_owned()
}
