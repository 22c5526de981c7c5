//! A machine with disks that takes commands over its console.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use sabakan_cryptsetup::header::{Found, Header, parse};
use testkit::machine::{Guest, Machine, MachineSpec};

/// Long enough for a busy machine.
const LIMIT: Duration = Duration::from_secs(90);
const DISK_SIZE: u64 = 6 << 20;

/// The guest's course: each line that is typed is run, and its exit code said.
const SHELL: &str = "#!/bin/sh
stty -echo
echo vm-is-ready
while read -r line; do eval \"$line\"; echo \"vm-exit=$? of $line\"; done
";

/// What stays when the power goes: disks, TPM, and the program in the initrd.
pub(crate) struct Lab {
    dir: tempfile::TempDir,
    guest: Guest,
}

impl Lab {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let guest = Guest::ensure().unwrap();
        let program = dir.path().join("sabakan-cryptsetup");
        // Debug information would make up most of the initrd.
        let strip = Command::new("strip")
            .arg("-o")
            .arg(&program)
            .arg(env!("CARGO_BIN_EXE_sabakan-cryptsetup"))
            .status();
        assert!(strip.unwrap().success());
        guest
            .initrd_with(
                &dir.path().join("initrd"),
                SHELL,
                &[("/opt/sbin/sabakan-cryptsetup", &program)],
            )
            .unwrap();
        Self { dir, guest }
    }

    /// The file of disk `vdX`, made empty when it is new.
    pub(crate) fn disk(&self, name: &str) -> PathBuf {
        let path = self.dir.path().join(name);
        if !path.exists() {
            std::fs::File::create(&path).unwrap().set_len(DISK_SIZE).unwrap();
        }
        path
    }

    /// The head of a disk.
    pub(crate) fn head(&self, name: &str) -> Found {
        parse(&std::fs::read(self.disk(name)).unwrap()).unwrap()
    }

    /// The header of version 3 on a disk.
    pub(crate) fn header(&self, name: &str) -> Header {
        match self.head(name) {
            Found::V3(header) => header,
            other => panic!("disk {name} has no header of version 3: {other:?}"),
        }
    }

    /// Switches the machine on, with these disks and the TPM of this name.
    pub(crate) fn boot(&self, disks: &[&str], tpm: &str) -> Vm {
        let mut spec = MachineSpec::direct("SN-CRYPT-1", &self.guest, self.path("initrd"));
        spec.disks = disks.iter().map(|name| self.disk(name)).collect();
        spec.tpm = Some(self.path(tpm));
        spec.limit = Duration::from_secs(300);
        let machine = Machine::start(spec).unwrap();
        machine.wait_for("vm-is-ready", LIMIT).unwrap();
        Vm { machine }
    }

    fn path(&self, name: &str) -> PathBuf {
        Path::new(self.dir.path()).join(name)
    }
}

pub(crate) struct Vm {
    machine: Machine,
}

impl Vm {
    /// Types a command and does not wait for it.
    pub(crate) fn start(&self, command: &str) {
        self.machine.console().type_line(command).unwrap();
    }

    /// Runs a command: whether it succeeded, and what it said. Each command of a machine must be different.
    pub(crate) fn run(&self, command: &str) -> (bool, String) {
        let command = command.trim();
        let before = self.machine.console().text().len();
        self.start(command);
        let marker = format!(" of {command}\n");
        self.machine.wait_for(&marker, LIMIT).unwrap();
        let text = self.machine.console().text();
        let said = text[before..].split(&marker).next().unwrap_or_default().to_owned();
        (said.ends_with("vm-exit=0"), said)
    }

    /// Runs a command that must succeed.
    pub(crate) fn must(&self, command: &str) -> String {
        let (success, said) = self.run(command);
        assert!(success, "{command}:\n{said}");
        said
    }

    /// Runs a command that must fail, saying `reason`.
    pub(crate) fn must_fail(&self, command: &str, reason: &str) {
        let (success, said) = self.run(command);
        assert!(
            !success && said.contains(reason),
            "{command}: {reason:?} is wanted\n{said}"
        );
    }

    /// Writes a word to the decrypted device and to the disk below.
    pub(crate) fn write(&self, disk: &str, word: &str) {
        self.must(&format!(
            "echo {word} | dd of=/dev/mapper/crypt-{disk} conv=fsync 2>/dev/null"
        ));
    }

    /// Whether the decrypted device starts with the word.
    pub(crate) fn has(&self, disk: &str, word: &str) -> bool {
        self.run(&format!(
            "dd if=/dev/mapper/crypt-{disk} count=1 2>/dev/null | grep -qa {word}"
        ))
        .0
    }

    /// Everything that was said.
    pub(crate) fn console(&self) -> String {
        self.machine.console().text()
    }

    /// Cuts the power.
    pub(crate) fn cut_power(self) {
        self.machine.cut_power();
    }
}
