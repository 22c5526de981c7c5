//! What all servers of tests share: addresses that nobody else takes, and processes that do not outlive their test.

use std::net::Ipv4Addr;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use rand::RngExt as _;

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
