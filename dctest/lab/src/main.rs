//! A fleet of nodes for people: brought up, looked at, logged in to, and taken away.
//!
//! A fleet lives as long as the process that holds it. `up` leaves such a process in the background (`hold`); `down` ends it.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for a terminal")]

mod hold;
mod show;

use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use cke_model::images::Images;
use clap::{Parser, Subcommand, ValueEnum};
use testkit::fleet::{Found, Layout, Node, User, found, images};

/// Nodes that boot in three seconds.
#[derive(Parser)]
#[command(name = "neco-lab")]
struct Options {
    /// The fleet: up to six letters and digits
    #[arg(long, default_value = "lab", global = true)]
    fleet: String,
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Make the container images that nodes begin with, where they are out of date
    Images {
        /// Folder with the programs of the image cke-tools (cke/tools/build.sh prints it)
        #[arg(long, required_unless_present = "list")]
        tools: Option<PathBuf>,
        /// Only print the table of images, with their ids
        #[arg(long)]
        list: bool,
    },
    /// Bring a fleet up: control planes, then workers
    Up {
        #[arg(default_value_t = 3)]
        control_planes: u8,
        #[arg(default_value_t = 2)]
        workers: u8,
    },
    /// Keep a fleet running until a signal comes
    #[command(hide = true)]
    Hold { control_planes: u8, workers: u8 },
    /// Take the fleet away
    Down,
    /// Show all fleets and their nodes
    Status,
    /// Log in on a node, or run a command there
    Ssh {
        /// cp1, w1, ...
        node: String,
        /// As the user that is not root
        #[arg(long)]
        cke: bool,
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        command: Vec<String>,
    },
    /// Run a command on the boot server
    Boot {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
        command: Vec<String>,
    },
    /// Switch a node's power
    Power { node: String, switch: Switch },
    /// Cut a node's cable, or plug it in again
    Cable { node: String, state: Cable },
}

#[derive(Clone, Copy, ValueEnum)]
enum Switch {
    On,
    Off,
    Cycle,
}

#[derive(Clone, Copy, ValueEnum)]
enum Cable {
    Cut,
    Heal,
}

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<()> {
    let id = options.fleet.as_str();
    match &options.action {
        Action::Images { list: true, .. } => show::images(),
        Action::Images { tools, .. } => make_images(tools.as_ref().context("--tools")?),
        Action::Up {
            control_planes,
            workers,
        } => hold::up(id, *control_planes, *workers),
        Action::Hold {
            control_planes,
            workers,
        } => hold::hold(id, *control_planes, *workers),
        Action::Down => hold::down(id),
        Action::Status => show::status(),
        Action::Ssh { node, cke, command } => ssh(id, node, *cke, command),
        Action::Boot { command } => boot(id, command),
        Action::Power { node, switch } => power(&node_of(id, node)?, *switch),
        Action::Cable { node, state } => match state {
            Cable::Cut => node_of(id, node)?.cut_network(),
            Cable::Heal => node_of(id, node)?.heal_network(),
        },
    }
}

fn make_images(tools: &std::path::Path) -> Result<()> {
    let tools = tools
        .canonicalize()
        .with_context(|| format!("{} is no folder", tools.display()))?;
    for name in images::ensure(&images::table(&Images::default(), &tools))? {
        println!("==> made {name}");
    }
    Ok(())
}

fn ssh(id: &str, node: &str, cke: bool, command: &[String]) -> Result<()> {
    let user = if cke { User::Cke } else { User::Root };
    let error = node_of(id, node)?.login(user).args(command).exec();
    bail!("ssh: {error}")
}

fn boot(id: &str, command: &[String]) -> Result<()> {
    let (program, arguments) = command.split_first().context("a command")?;
    let namespace = fleet(id)?.layout.namespace("boot");
    let error = std::process::Command::new("nsenter")
        .arg(format!("--net=/run/netns/{namespace}"))
        .arg(program)
        .args(arguments)
        .exec();
    bail!("nsenter: {error}")
}

fn power(node: &Node, switch: Switch) -> Result<()> {
    if !matches!(switch, Switch::On) {
        node.cut_power()?;
    }
    if !matches!(switch, Switch::Off) {
        node.restore_power()?;
    }
    Ok(())
}

/// The fleet of this name.
fn fleet(id: &str) -> Result<Found> {
    let mut all = found()?.into_iter();
    all.find(|fleet| fleet.layout.id == id)
        .with_context(|| format!("there is no fleet {id}: `neco-lab up` starts it"))
}

fn node_of(id: &str, name: &str) -> Result<Node> {
    let layout: Arc<Layout> = Arc::new(fleet(id)?.layout);
    let spec = layout.nodes.iter().find(|node| node.name == name);
    let names: Vec<&str> = layout.nodes.iter().map(|node| node.name.as_str()).collect();
    let spec = spec.with_context(|| format!("there is no node {name}; there are {}", names.join(", ")))?;
    Ok(Node::new(&layout, spec))
}
