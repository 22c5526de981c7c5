//! The process in the background that a fleet lives with.

use std::fs::File;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use nix::sys::signal::{SigSet, Signal, kill};
use nix::unistd::Pid;
use testkit::fleet::{Fleet, found, remove};

/// Starts a holder and waits until its fleet is up.
pub(crate) fn up(id: &str, control_planes: u8, workers: u8) -> Result<()> {
    let started = Instant::now();
    let log_file = std::env::temp_dir().join(format!("neco-lab-{id}.log"));
    let log = File::create(&log_file)?;
    let mut child = Command::new(std::env::current_exe()?)
        .args(["--fleet", id, "hold", &control_planes.to_string(), &workers.to_string()])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(log)
        // A signal from the terminal is not meant for it.
        .process_group(0)
        .spawn()?;
    let mut word = String::new();
    let output = child.stdout.take().context("a pipe")?;
    std::io::BufRead::read_line(&mut std::io::BufReader::new(output), &mut word)?;
    if word.trim() != "up" {
        child.wait()?;
        bail!("{}", std::fs::read_to_string(&log_file)?.trim());
    }
    println!(
        "==> {} nodes in {:.1} s",
        control_planes + workers,
        started.elapsed().as_secs_f32()
    );
    crate::show::status()
}

/// Holds a fleet until it is told to end.
pub(crate) fn hold(id: &str, control_planes: u8, workers: u8) -> Result<()> {
    let mut signals = SigSet::empty();
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        signals.add(signal);
    }
    // Before any thread is there: they inherit it.
    signals.thread_block()?;
    let builder = Fleet::builder().id(id).control_planes(control_planes).workers(workers);
    let fleet = builder.start()?;
    println!("up");
    signals.wait()?;
    drop(fleet);
    Ok(())
}

/// Ends the holder, or takes away what a dead one left.
pub(crate) fn down(id: &str) -> Result<()> {
    let Some(fleet) = found()?.into_iter().find(|fleet| fleet.layout.id == id) else {
        println!("there is no fleet {id}");
        return Ok(());
    };
    if !fleet.held {
        return remove(&fleet.layout);
    }
    kill(Pid::from_raw(i32::try_from(fleet.pid)?), Signal::SIGTERM).context("ending the fleet's process")?;
    let end = Instant::now() + Duration::from_secs(60);
    while found()?.iter().any(|fleet| fleet.layout.id == id) {
        if Instant::now() > end {
            bail!("process {} does not take its fleet away", fleet.pid);
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}
