//! Network namespaces: a network of a test's own, gone when the test is.
//!
//! A namespace belongs to a thread, and threads and processes that it starts inherit it. So a test runs in a fresh thread
//! ([`isolated`], or [`Namespace::run`]), builds its tokio runtime there, and starts its servers from there.

use std::panic::resume_unwind;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use nix::sched::{CloneFlags, setns, unshare};

static NEXT: AtomicU32 = AtomicU32::new(0);

/// Runs a closure in a network of its own that has a loopback interface and nothing else.
///
/// # Panics
/// When the caller may not make namespaces, and with the closure's own panic.
pub fn isolated<T: Send>(run: impl FnOnce() -> T + Send) -> T {
    on_thread(|| {
        unshare(CloneFlags::CLONE_NEWNET).expect("cannot make a network namespace: tests run as root");
        ip(&["link", "set", "lo", "up"]);
        run()
    })
}

/// Runs a test in a network of its own: what listens on usual ports of this machine is not in its way.
///
/// # Panics
/// As [`isolated`].
pub fn isolated_async(test: impl AsyncFnOnce() + Send) {
    isolated(|| {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build();
        runtime.expect("a runtime").block_on(test());
    });
}

/// Makes every address of a network the present namespace's own: a test can then speak as many relays.
///
/// # Panics
/// When `ip` refuses.
pub fn own_network(network: &str) {
    ip(&["route", "add", "local", network, "dev", "lo"]);
}

/// Runs `ip` in the present namespace.
///
/// # Panics
/// When it fails.
pub fn ip(args: &[&str]) {
    let output = Command::new("ip")
        .args(args)
        .output()
        .expect("ip is missing: install iproute2");
    assert!(
        output.status.success(),
        "ip {}: {}",
        args.join(" "),
        String::from_utf8_lossy(&output.stderr)
    );
}

/// A command that runs a program in a named namespace, or in the caller's own; the process id is the program's.
pub fn command_in(namespace: Option<&str>, program: &Path) -> Command {
    let Some(name) = namespace else {
        return Command::new(program);
    };
    let mut command = Command::new("nsenter");
    command.arg(format!("--net=/run/netns/{name}")).arg(program);
    command
}

/// A named namespace. Dropping it removes it, and the interfaces in it.
#[derive(Debug)]
pub struct Namespace {
    name: String,
}

impl Namespace {
    /// Makes one; its name begins with `prefix` and is unique on the host.
    ///
    /// # Panics
    /// When `ip` refuses.
    pub fn new(prefix: &str) -> Namespace {
        let name = format!(
            "{prefix}-{}-{}",
            std::process::id(),
            NEXT.fetch_add(1, Ordering::Relaxed)
        );
        ip(&["netns", "add", &name]);
        let namespace = Namespace { name };
        namespace.ip(&["link", "set", "lo", "up"]);
        namespace
    }

    /// The name, as `ip netns` knows it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Runs `ip` in it.
    ///
    /// # Panics
    /// When it fails.
    pub fn ip(&self, args: &[&str]) {
        ip(&[&["-n", &self.name], args].concat());
    }

    /// Joins this one and another by a cable, each end with an address like `10.0.0.1/24`.
    ///
    /// # Panics
    /// When `ip` refuses.
    pub fn cable(&self, interface: &str, address: &str, other: &Namespace, its_interface: &str, its_address: &str) {
        let peer = ["peer", "name", its_interface, "netns", &other.name];
        self.ip(&[&["link", "add", interface, "type", "veth"][..], &peer].concat());
        for (end, interface, address) in [(self, interface, address), (other, its_interface, its_address)] {
            end.ip(&["addr", "add", address, "dev", interface]);
            end.ip(&["link", "set", interface, "up"]);
        }
    }

    /// Runs a closure on a thread in the namespace.
    ///
    /// # Panics
    /// With the closure's own panic.
    pub fn run<T: Send>(&self, run: impl FnOnce() -> T + Send) -> T {
        run_in(&self.name, run)
    }
}

/// Runs a closure on a thread in a named namespace.
///
/// # Panics
/// When the namespace is not there, and with the closure's own panic.
pub fn run_in<T: Send>(name: &str, run: impl FnOnce() -> T + Send) -> T {
    on_thread(|| {
        let file = std::fs::File::open(format!("/run/netns/{name}")).expect("the namespace is gone");
        setns(file, CloneFlags::CLONE_NEWNET).expect("cannot enter the namespace");
        run()
    })
}

impl Drop for Namespace {
    fn drop(&mut self) {
        // Nothing can be done about a failure here, and a panic would hide the test's own.
        let _status = Command::new("ip").args(["netns", "del", &self.name]).status();
    }
}

fn on_thread<T: Send>(run: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| scope.spawn(run).join().unwrap_or_else(|panic| resume_unwind(panic)))
}
