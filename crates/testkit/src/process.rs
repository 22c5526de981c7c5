//! What all servers of tests share: addresses that nobody else takes, and processes that do not outlive their test.

use std::fs;
use std::net::Ipv4Addr;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rand::RngExt as _;

use crate::wait::{PATIENCE, wait_for_blocking};

/// An address of its own in 127.0.0.0/8, where every port is free: unlike a free port of 127.0.0.1, nobody else takes it
/// in the meantime, and no connection goes out from it.
pub fn own_loopback() -> Ipv4Addr {
    let mut random = rand::rng();
    Ipv4Addr::new(
        127,
        random.random_range(1..=250),
        random.random_range(0..=250),
        random.random_range(2..=250),
    )
}

/// Sends a signal to a process.
pub(crate) fn signal(pid: u32, signal: Signal) {
    kill(Pid::from_raw(pid.try_into().expect("a process id")), signal).expect("send a signal");
}

/// A process and all that come from it.
pub(crate) fn family(root: u32) -> Vec<u32> {
    let parents: Vec<(u32, u32)> = fs::read_dir("/proc")
        .expect("/proc")
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter_map(|pid: u32| Some((pid, parent(pid)?)))
        .collect();
    let mut family = vec![root];
    let mut next = 0;
    while let Some(&member) = family.get(next) {
        family.extend(
            parents
                .iter()
                .filter(|(_, parent)| *parent == member)
                .map(|(pid, _)| pid),
        );
        next += 1;
    }
    family
}

/// The parent's id: the second field after the name in parentheses.
fn parent(pid: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

/// Whether a process does anything any more; what is only waited for does not.
pub(crate) fn lives(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ")
        .is_some_and(|(_, state)| !state.starts_with(['Z', 'X']))
}

/// Stops a process where it stands, and waits until none of its threads runs any more.
pub(crate) fn freeze(pid: u32) {
    signal(pid, Signal::SIGSTOP);
    wait_until_still(pid);
}

/// Waits until no thread of a process that was told to stop runs, or none is left.
pub(crate) fn wait_until_still(pid: u32) {
    wait_for_blocking("a process to stand still", PATIENCE, || match running_threads(pid) {
        0 => Ok(()),
        count => Err(format!("{count} threads of {pid} run")),
    });
}

/// The third field of a thread's `stat`, after the name in parentheses, is its state: stopped, or dead.
fn running_threads(pid: u32) -> usize {
    let threads = fs::read_dir(format!("/proc/{pid}/task"))
        .into_iter()
        .flatten()
        .flatten();
    let states = threads.map(|thread| fs::read_to_string(thread.path().join("stat")).unwrap_or_default());
    let stopped = |stat: &String| {
        stat.is_empty()
            || stat
                .rsplit_once(") ")
                .is_some_and(|(_, s)| s.starts_with(['T', 'Z', 'X']))
    };
    states.filter(|stat| !stopped(stat)).count()
}

/// A test that is killed leaves no server behind.
#[allow(unsafe_code, reason = "std has no safe way to set what a child dies with")]
pub(crate) fn die_with_parent(command: &mut Command) {
    // SAFETY: prctl is async-signal-safe and touches nothing of the parent.
    unsafe {
        command.pre_exec(|| {
            if libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) == 0 {
                Ok(())
            } else {
                Err(std::io::Error::last_os_error())
            }
        });
    }
}
