//! What all servers of tests share: addresses that nobody else takes, and processes that do not outlive their test.

use std::fs;
use std::net::Ipv4Addr;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rand::RngExt as _;

use crate::wait::{PATIENCE, wait_for_blocking};

/// An address of its own in 127.0.0.0/8: unlike a free port, nobody else takes it in the meantime.
pub(crate) fn own_loopback() -> Ipv4Addr {
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

/// Stops a process where it stands, and waits until none of its threads runs any more.
pub(crate) fn freeze(pid: u32) {
    signal(pid, Signal::SIGSTOP);
    wait_for_blocking("a process to stand still", PATIENCE, || match running_threads(pid) {
        0 => Ok(()),
        count => Err(format!("{count} threads of {pid} run")),
    });
}

/// The third field of a thread's `stat`, after the name in parentheses, is its state; `T` is stopped.
fn running_threads(pid: u32) -> usize {
    let threads = fs::read_dir(format!("/proc/{pid}/task"))
        .into_iter()
        .flatten()
        .flatten();
    let states = threads.map(|thread| fs::read_to_string(thread.path().join("stat")).unwrap_or_default());
    let stopped = |stat: &String| stat.is_empty() || stat.rsplit_once(") ").is_some_and(|(_, s)| s.starts_with('T'));
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
