//! The whole way of a machine, with real firmware, real etcd and the real programs: UEFI, DHCP, HTTP boot, iPXE, kernel, Ignition, disk
//! keys over HTTPS, a TPM, a login; then its retirement, after which the disk is made anew.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// Takes the rack away even when the test fails.
struct Rack {
    dir: tempfile::TempDir,
}

impl Rack {
    fn demo(&self, action: &str) -> String {
        let output = Command::new(env!("CARGO_BIN_EXE_neco-demo"))
            .arg(action)
            .env("NECO_DEMO_DIR", self.path())
            .output()
            .unwrap();
        let text = [output.stdout, output.stderr]
            .map(|bytes| String::from_utf8(bytes).unwrap())
            .concat();
        assert!(output.status.success(), "{text}\n{}", self.logs());
        text
    }

    fn path(&self) -> std::path::PathBuf {
        self.dir.path().join("demo")
    }

    fn sabactl(&self, arguments: &[&str]) -> String {
        let output = Command::new(self.path().join("sabactl"))
            .args(arguments)
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    }

    fn logs(&self) -> String {
        let tail = |name: &str| {
            let text = std::fs::read(self.path().join(name)).unwrap_or_default();
            let text = String::from_utf8_lossy(&text).into_owned();
            let lines: Vec<&str> = text.lines().collect();
            format!("--- {name}\n{}\n", lines[lines.len().saturating_sub(25)..].join("\n"))
        };
        ["sabakan.log", "machine.log", "console.log"].map(tail).concat()
    }
}

impl Drop for Rack {
    fn drop(&mut self) {
        let _ = Command::new(env!("CARGO_BIN_EXE_neco-demo"))
            .arg("down")
            .env("NECO_DEMO_DIR", self.path())
            .output();
    }
}

/// A terminal at the machine's console.
struct Terminal {
    socket: UnixStream,
    seen: String,
}

impl Terminal {
    fn attach(dir: &Path) -> Self {
        let socket = UnixStream::connect(dir.join("console.sock")).unwrap();
        socket.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
        Self {
            socket,
            seen: String::new(),
        }
    }

    fn type_line(&mut self, line: &str) {
        self.seen.clear();
        self.socket.write_all(format!("{line}\n").as_bytes()).unwrap();
    }

    fn wait_for(&mut self, text: &str) {
        let end = Instant::now() + Duration::from_secs(60);
        let mut buffer = [0; 4096];
        while !self.seen.contains(text) {
            assert!(
                Instant::now() < end,
                "the console never said {text:?} but {:?}",
                self.seen
            );
            if let Ok(count) = self.socket.read(&mut buffer) {
                self.seen.push_str(&String::from_utf8_lossy(&buffer[..count]));
            }
        }
    }

    /// Runs a command that must succeed, and say `text`.
    fn run(&mut self, command: &str, text: &str) {
        self.type_line(&format!("{command}; echo status-$?-"));
        self.wait_for("status-0-");
        assert!(
            self.seen.contains(text),
            "{command}: {text:?} is wanted in {:?}",
            self.seen
        );
    }

    fn log_in(&mut self) {
        self.type_line("");
        self.wait_for("login:");
        self.type_line("root");
        self.wait_for("Password:");
        self.type_line("neco");
        self.wait_for("~ #");
    }
}

#[test]
fn a_uefi_machine_boots_from_sabakan_and_keeps_its_disk_until_it_retires() {
    let rack = Rack {
        dir: tempfile::tempdir().unwrap(),
    };
    let shown = rack.demo("up");
    for stage in [
        "dhcp",
        "firmware",
        "ipxe",
        "kernel",
        "initrd",
        "ignition",
        "keys",
        "first-contact",
    ] {
        let seen = shown.lines().any(|line| line.contains(&format!("sabakan  {stage} ")));
        assert!(seen, "stage {stage} is missing in\n{shown}");
    }
    assert!(!shown.contains("token="), "a token was shown:\n{shown}");
    let log = rack.sabactl(&["boot-log", "DEMO-NODE-1"]);
    assert!(log.contains("\"state\": \"booted\""), "{log}");

    let mut terminal = Terminal::attach(&rack.path());
    terminal.log_in();
    let client = "/opt/sbin/sabakan-cryptsetup --server https://10.69.0.3:10443";
    terminal.run("hostname; ip -4 address show eth0", "10.69.0.4/26");
    terminal.run(
        "ls /dev/tpm0 && echo precious >/var/data && umount /var && cryptsetup close crypt-vda",
        "tpm0",
    );
    terminal.run(client, "open: the key is right");
    terminal.run("mount /dev/mapper/crypt-vda /var && cat /var/data", "precious");
    terminal.run("umount /var && cryptsetup close crypt-vda", "");

    // It retires: its keys are deleted on purpose. When it comes back its disk is made anew.
    for arguments in [
        vec!["machines", "set-state", "DEMO-NODE-1", "retiring"],
        vec!["crypts", "delete", "--force", "DEMO-NODE-1"],
        vec!["machines", "set-state", "DEMO-NODE-1", "retired"],
        vec!["machines", "set-state", "DEMO-NODE-1", "uninitialized"],
    ] {
        rack.sabactl(&arguments);
    }
    terminal.run(client, "the machine's keys were deleted");
    terminal.run("ls /dev/mapper/crypt-vda", "");

    let taken = rack.demo("down");
    assert!(taken.contains("removing namespace"), "{taken}");
    assert!(!rack.path().exists());
    assert!(rack.demo("down").contains("there is no demo"));
}
