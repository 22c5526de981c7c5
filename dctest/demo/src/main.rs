//! A virtual rack on one machine: etcd, sabakan, and a UEFI machine that boots from it over HTTP, in network namespaces of their own.
//!
//! `up` lays it out, shows the boot as a time-line while it happens, and leaves everything running; `down` takes it away.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for a terminal")]

mod certificate;
mod cluster;
mod follow;
mod machine;
mod network;
mod process;
mod server;
mod state;

use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};
use clap::{Parser, Subcommand};

use state::Demo;

/// A virtual rack that boots from sabakan.
#[derive(Parser)]
#[command(name = "neco-demo")]
struct Options {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Lay out the rack, start the servers, boot the machine
    Up {
        /// Folder with sabakan, sabactl and sabakan-cryptsetup; this program's own without it
        #[arg(long)]
        programs: Option<PathBuf>,
    },
    /// Build a Kubernetes cluster on nodes that sabakan lists; the rack is started first where it is not there
    Cluster {
        /// Folder with cke and ckecli beside sabakan's; this program's own without it
        #[arg(long)]
        programs: Option<PathBuf>,
    },
    /// Hold the cluster's nodes until a signal comes
    #[command(hide = true)]
    Hold {
        /// The fleet's name
        id: String,
    },
    /// Take everything away
    Down,
    /// Attach to the machine's console; Ctrl-] leaves it
    Console,
    /// Switch the machine off and on again, and show the boot
    Reboot,
}

fn main() -> ExitCode {
    match run(Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: Options) -> Result<()> {
    match options.action {
        Action::Up { programs } => up(programs),
        Action::Cluster { programs } => build_cluster(programs),
        Action::Hold { id } => cluster::hold(&id),
        Action::Down => down(),
        Action::Console => console(),
        Action::Reboot => reboot(),
    }
}

fn up(programs: Option<PathBuf>) -> Result<()> {
    if Demo::load()?.is_some() {
        step("a demo is there already: taking it away");
        down()?;
    }
    let programs = match programs {
        Some(folder) => folder
            .canonicalize()
            .with_context(|| format!("{} is no folder", folder.display()))?,
        None => beside_this_program()?,
    };
    let mut demo = Demo::create(programs)?;
    lay_out(&mut demo).and_then(|()| boot(&mut demo)).with_context(|| {
        let folder = demo.dir.display();
        format!("the demo did not come up; its logs are in {folder}, and `make demo-down` takes away what is left")
    })?;
    what_next(&demo);
    Ok(())
}

fn build_cluster(programs: Option<PathBuf>) -> Result<()> {
    if Demo::load()?.is_none() {
        up(programs)?;
    }
    let mut demo = Demo::load()?.context("the demo is gone")?;
    if demo.processes.iter().any(|process| process.name == "nodes") {
        bail!("a cluster is there already: `make demo-down` takes everything away");
    }
    cluster::build(&mut demo).with_context(|| {
        let folder = demo.dir.display();
        format!("the cluster did not come up; its logs are in {folder} (cke.log, nodes.log, vault.log), and `make demo-down` takes away what is left")
    })?;
    cluster::what_next(&demo);
    Ok(())
}

fn lay_out(demo: &mut Demo) -> Result<()> {
    step("network: one rack, its switch, a boot server");
    network::lay_out(demo)?;
    step("etcd");
    server::start_etcd(demo)?;
    step("sabakan");
    server::start_sabakan(demo)?;
    step("what sabakan is told");
    server::configure(demo)
}

fn boot(demo: &mut Demo) -> Result<()> {
    step("machine DEMO-NODE-1: UEFI firmware, a TPM, an empty disk");
    machine::start(demo)?;
    follow::until_login(demo)
}

fn reboot() -> Result<()> {
    let mut demo = Demo::load()?.context("there is no demo: start it with `make demo`")?;
    machine::stop(&mut demo)?;
    boot(&mut demo)
}

fn down() -> Result<()> {
    let Some(demo) = Demo::load()? else {
        println!("there is no demo");
        return Ok(());
    };
    demo.take_away()
}

fn console() -> Result<()> {
    let demo = Demo::load()?.context("there is no demo: start it with `make demo`")?;
    println!("Ctrl-] leaves the console. Press return for a prompt; the login is root, the password neco.");
    let socket = demo.dir.join("console.sock");
    let error = Command::new("socat")
        .arg("-,raw,echo=0,escape=0x1d")
        .arg(format!("UNIX-CONNECT:{}", socket.display()))
        .exec();
    bail!("socat: {error}")
}

fn beside_this_program() -> Result<PathBuf> {
    let program = std::env::current_exe()?;
    Ok(program.parent().context("this program lies in no folder")?.to_owned())
}

/// Says what begins.
pub(crate) fn step(text: &str) {
    println!("==> {text}");
}

fn what_next(demo: &Demo) {
    let sabactl = demo.dir.join("sabactl");
    let program = std::env::current_exe().map_or_else(|_| "neco-demo".to_owned(), |path| path.display().to_string());
    println!(
        "
The machine is up. Try next:

  {program} console            its console: log in as root, password neco; `df /var` shows the encrypted disk
  {program} reboot             boot it again: the disk is opened with the same key
  {sabactl} machines get       the inventory
  {sabactl} boot-log DEMO-NODE-1
  {sabactl} logs               who changed what
  ip netns exec {boot} curl -s http://127.0.0.1:10081/metrics | grep machine_status

Logs are in {logs}. `make demo-down` takes everything away.",
        sabactl = sabactl.display(),
        boot = demo.boot_ns,
        logs = demo.dir.display(),
    );
}
