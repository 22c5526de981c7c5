//! Virtual machines under QEMU, for what needs real firmware, a real kernel or a TPM.
//!
//! Emulation only (TCG): a machine with the guest's kernel given directly says its first word after two seconds, one that comes up
//! through UEFI and the network after half a minute. Each machine dies with the [`Machine`] value, with the process that started it,
//! and when its time is over, whichever comes first.

mod command;
mod console;
mod guest;
mod tpm;
mod trust;

use std::path::PathBuf;
use std::process::Child;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

pub use command::{FIRMWARE_VARIABLES, arguments};
pub use console::{Console, plain};
pub use guest::Guest;
pub use tpm::{SoftTpm, listens};

use crate::wait::PATIENCE;

/// What a machine is made of.
#[derive(Clone, Debug)]
pub struct MachineSpec {
    /// The serial number that the machine reads from its DMI table.
    pub serial: String,
    /// Memory in MiB; UEFI with a network boot wants 1,024, the guest alone 256.
    pub memory_mib: u32,
    /// How it starts.
    pub boot: Boot,
    /// Its network cards, in order.
    pub nics: Vec<Nic>,
    /// Its disks, in order: `vda`, `vdb` and so on in the guest.
    pub disks: Vec<PathBuf>,
    /// CA certificate (PEM) that the firmware trusts for HTTPS boot.
    pub boot_ca: Option<PathBuf>,
    /// Directory with the state of its TPM 2.0, made when missing; none: no TPM.
    pub tpm: Option<PathBuf>,
    /// Network namespace that QEMU runs in, by name.
    pub netns: Option<String>,
    /// The machine is killed after this time: firmware that finds nothing to boot waits for ever.
    pub limit: Duration,
}

/// How a machine starts.
#[derive(Clone, Debug)]
pub enum Boot {
    /// UEFI firmware, which boots over HTTP from the first network card.
    Firmware,
    /// A kernel and an initrd handed over by QEMU.
    Kernel {
        /// The kernel's image.
        kernel: PathBuf,
        /// The initrd.
        initrd: PathBuf,
        /// What to add to the kernel's command line.
        append: String,
    },
}

/// A network card.
#[derive(Clone, Debug)]
pub enum Nic {
    /// QEMU's own network: the guest reaches this host's loopback address as 10.0.2.2.
    User,
    /// A tap interface that exists in the machine's namespace.
    Tap {
        /// The interface's name.
        interface: String,
        /// The card's address, as `52:54:00:00:00:01`.
        mac: String,
    },
}

impl MachineSpec {
    /// A small machine with the guest's kernel, `initrd` and one card on QEMU's own network.
    #[must_use]
    pub fn direct(serial: &str, guest: &Guest, initrd: PathBuf) -> Self {
        Self {
            serial: serial.to_owned(),
            memory_mib: 384,
            boot: Boot::Kernel {
                kernel: guest.kernel.clone(),
                initrd,
                append: "quiet".to_owned(),
            },
            nics: vec![Nic::User],
            disks: Vec::new(),
            boot_ca: None,
            tpm: None,
            netns: None,
            limit: Duration::from_secs(120),
        }
    }

    /// A machine that boots over HTTP from the firmware, through a tap interface in a namespace.
    #[must_use]
    pub fn network_boot(serial: &str, netns: &str, interface: &str, mac: &str) -> Self {
        Self {
            serial: serial.to_owned(),
            memory_mib: 1024,
            boot: Boot::Firmware,
            nics: vec![Nic::Tap {
                interface: interface.to_owned(),
                mac: mac.to_owned(),
            }],
            disks: Vec::new(),
            boot_ca: None,
            tpm: None,
            netns: Some(netns.to_owned()),
            limit: Duration::from_secs(300),
        }
    }
}

/// A running machine.
#[derive(Debug)]
pub struct Machine {
    pid: u32,
    console: Console,
    spec: MachineSpec,
    started: Instant,
    _dir: tempfile::TempDir,
    _tpm: Option<SoftTpm>,
}

impl Machine {
    /// Starts the machine.
    ///
    /// # Errors
    /// When a program is missing or its files cannot be made.
    pub fn start(spec: MachineSpec) -> Result<Self> {
        let dir = tempfile::Builder::new().prefix("machine-").tempdir()?;
        let tpm = match &spec.tpm {
            Some(state) => Some(SoftTpm::for_machine(state, &dir.path().join("tpm.sock"))?),
            None => None,
        };
        if matches!(spec.boot, Boot::Firmware) {
            std::fs::copy(FIRMWARE_VARIABLES, dir.path().join("vars.fd"))
                .context("copying the firmware's variables: is the package ovmf installed?")?;
        }
        if let Some(ca) = &spec.boot_ca {
            std::fs::write(dir.path().join(command::TRUST), trust::signature_list(ca)?)?;
        }
        let command = command::qemu(&spec, dir.path());
        let console = Console::default();
        let pid = run_in_thread(command, console.clone(), spec.limit)?;
        Ok(Self {
            pid,
            console,
            spec,
            started: Instant::now(),
            _dir: dir,
            _tpm: tpm,
        })
    }

    /// QEMU's process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// What the machine was made of: start it again with the same value and it has the same disks and TPM.
    #[must_use]
    pub fn spec(&self) -> &MachineSpec {
        &self.spec
    }

    /// The serial console.
    #[must_use]
    pub fn console(&self) -> &Console {
        &self.console
    }

    /// How long ago it was started.
    #[must_use]
    pub fn age(&self) -> Duration {
        self.started.elapsed()
    }

    /// Waits until the console has `text`.
    ///
    /// # Errors
    /// When it does not come in time or the machine stops before; the error ends with the console's last lines.
    pub fn wait_for(&self, text: &str, limit: Duration) -> Result<()> {
        self.console
            .wait_for(text, limit)
            .with_context(|| format!("machine {}", self.spec.serial))
    }

    /// Waits until the machine has switched itself off.
    ///
    /// # Errors
    /// When it runs on; the error ends with the console's last lines.
    pub fn wait_for_exit(&self, limit: Duration) -> Result<()> {
        if self.console.wait_closed(limit) {
            return Ok(());
        }
        bail!(
            "machine {} still runs after {limit:?}\n{}",
            self.spec.serial,
            self.console.tail(30)
        )
    }

    /// Cuts the power, at once: nothing that the guest holds in memory is written.
    pub fn cut_power(self) {
        drop(self);
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        if self.console.is_closed() {
            return;
        }
        kill(self.pid);
        self.console.wait_closed(PATIENCE);
        if std::thread::panicking() {
            self.console.print_tail(&self.spec.serial);
        }
    }
}

/// Kills one process by its id.
fn kill(pid: u32) {
    if let Ok(pid) = i32::try_from(pid) {
        // It may be gone already: then there is nothing to do.
        let _ = nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), nix::sys::signal::Signal::SIGKILL);
    }
}

/// Starts QEMU from a thread of its own that lives as long as QEMU: the kernel kills a process with `--pdeathsig` when the THREAD that
/// started it ends, and a test's thread may end first.
fn run_in_thread(mut command: std::process::Command, console: Console, limit: Duration) -> Result<u32> {
    let (started, pid) = mpsc::channel();
    std::thread::Builder::new().name("machine".to_owned()).spawn(move || {
        let child = match command.spawn() {
            Ok(child) => child,
            Err(error) => {
                let _ = started.send(Err(error));
                return;
            }
        };
        let pid = child.id();
        if started.send(Ok(pid)).is_ok() {
            follow(child, &console, limit);
        }
    })?;
    pid.recv()
        .context("the machine's thread ended")?
        .context("starting qemu-system-x86_64")
}

/// Copies the console until QEMU ends, kills it when its time is over, and leaves no zombie.
fn follow(mut child: Child, console: &Console, limit: Duration) {
    let pid = child.id();
    let watchdog = console.clone();
    std::thread::spawn(move || {
        if !watchdog.wait_closed(limit) {
            watchdog.push(format!("\nmachine: killed after {limit:?}\n").as_bytes());
            kill(pid);
        }
    });
    console.attach_input(child.stdin.take());
    if let Some(output) = child.stdout.take() {
        console.copy_from(output);
    }
    let _ = child.wait();
    console.close();
}
