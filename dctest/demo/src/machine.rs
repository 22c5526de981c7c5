//! The machine: QEMU with UEFI firmware and a TPM, whose disk and TPM stay over reboots.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use testkit::machine::{FIRMWARE_VARIABLES, MachineSpec, arguments, listens};

use crate::network::TAP;
use crate::process::wait_for;
use crate::state::Demo;

/// The machine's serial, as in `site/machines.json`.
pub(crate) const SERIAL: &str = "DEMO-NODE-1";
const MAC: &str = "52:54:00:de:00:01";
const DISK_SIZE: u64 = 256 << 20;
/// How long its TPM may take to come up on a busy machine.
const STARTS: Duration = Duration::from_secs(60);

/// Switches the machine on.
pub(crate) fn start(demo: &mut Demo) -> Result<()> {
    let (dir, rack) = (demo.dir.clone(), demo.rack_ns.clone());
    let disk = dir.join("disk.img");
    if !disk.exists() {
        std::fs::File::create(&disk)?.set_len(DISK_SIZE)?;
    }
    std::fs::copy(FIRMWARE_VARIABLES, dir.join("vars.fd")).context("copying the firmware's variables")?;
    start_tpm(demo, &dir)?;

    let mut spec = MachineSpec::network_boot(SERIAL, &rack, TAP, MAC);
    spec.disks = vec![disk];
    spec.tpm = Some(dir.join("tpm"));
    let mut qemu = arguments(&spec, &dir, "chardev:console");
    qemu.push("-chardev".to_owned());
    qemu.push(format!(
        "socket,id=console,path={},server=on,wait=off,logfile={}",
        dir.join("console.sock").display(),
        log(demo).display()
    ));
    let _ = std::fs::remove_file(log(demo));
    demo.spawn("machine", &rack, Path::new("/usr/bin/qemu-system-x86_64"), &qemu)
}

/// Switches it off, as a power cut does.
pub(crate) fn stop(demo: &mut Demo) -> Result<()> {
    demo.end("machine")?;
    demo.end("tpm")
}

/// Everything that the console said.
pub(crate) fn log(demo: &Demo) -> std::path::PathBuf {
    demo.dir.join("console.log")
}

fn start_tpm(demo: &mut Demo, dir: &Path) -> Result<()> {
    let (state, socket) = (dir.join("tpm"), dir.join("tpm.sock"));
    std::fs::create_dir_all(&state)?;
    let _ = std::fs::remove_file(&socket);
    let arguments = [
        "socket".to_owned(),
        "--tpm2".to_owned(),
        format!("--tpmstate=dir={}", state.display()),
        format!("--ctrl=type=unixio,path={}", socket.display()),
        "--terminate".to_owned(),
    ];
    let rack = demo.rack_ns.clone();
    demo.spawn("tpm", &rack, Path::new("/usr/bin/swtpm"), &arguments)?;
    let process = demo.processes.last().context("it was started")?;
    let process = u32::try_from(process.pid)?;
    wait_for("swtpm to listen", STARTS, || Ok(listens(process, &socket)))
}
