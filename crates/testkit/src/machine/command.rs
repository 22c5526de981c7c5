//! QEMU's command line.

use std::path::Path;
use std::process::{Command, Stdio};

use super::{Boot, MachineSpec, Nic};

/// UEFI's code, read-only.
const FIRMWARE_CODE: &str = "/usr/share/OVMF/OVMF_CODE_4M.fd";
/// UEFI's variables; each machine has a copy of its own.
pub const FIRMWARE_VARIABLES: &str = "/usr/share/OVMF/OVMF_VARS_4M.fd";

/// Whom the firmware trusts for HTTPS boot.
pub(super) const TRUST: &str = "cacerts.esl";

/// The command that runs `spec` with its files in `dir`.
pub(super) fn qemu(spec: &MachineSpec, dir: &Path) -> Command {
    let mut command = wrapped(spec.netns.as_deref());
    command.args(arguments(spec, dir, "stdio"));
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    match std::fs::File::create(dir.join("qemu.log")) {
        Ok(log) => command.stderr(log),
        Err(_) => command.stderr(Stdio::null()),
    };
    command
}

/// `setpriv` and `nsenter` replace themselves by QEMU: the process id stays, and no machine outlives its test.
fn wrapped(netns: Option<&str>) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL"]);
    if let Some(name) = netns {
        command.args(["nsenter", &format!("--net=/run/netns/{name}")]);
    }
    command.arg("qemu-system-x86_64");
    command
}

/// QEMU's arguments for `spec` with its files in `dir`; `serial` is where the console goes, in QEMU's words.
#[must_use]
pub fn arguments(spec: &MachineSpec, dir: &Path, serial: &str) -> Vec<String> {
    let mut arguments: Vec<String> = [
        // /dev/kvm may be there and not work: emulation is the same everywhere. smm=off: OVMF without secure boot.
        "-machine q35,smm=off -accel tcg -cpu EPYC-v1 -display none -nodefaults -no-reboot",
        "-device virtio-rng-pci",
    ]
    .iter()
    .flat_map(|line| line.split(' '))
    .map(str::to_owned)
    .collect();
    let mut add = |option: &str, value: String| arguments.extend([option.to_owned(), value]);
    add("-serial", serial.to_owned());
    add("-m", spec.memory_mib.to_string());
    add("-smbios", format!("type=1,serial={}", spec.serial));
    match &spec.boot {
        Boot::Firmware => firmware(dir, &mut add),
        Boot::Kernel { kernel, initrd, append } => {
            add("-kernel", kernel.display().to_string());
            add("-initrd", initrd.display().to_string());
            add("-append", format!("console=ttyS0 panic=-1 {append}"));
        }
    }
    if spec.boot_ca.is_some() {
        let file = dir.join(TRUST);
        add(
            "-fw_cfg",
            format!("name=etc/edk2/https/cacerts,file={}", file.display()),
        );
    }
    for (index, nic) in spec.nics.iter().enumerate() {
        network_card(index, nic, &mut add);
    }
    for (index, disk) in spec.disks.iter().enumerate() {
        // Write-back with flushes honoured: killing QEMU loses what the guest did not sync, as a power cut does.
        add(
            "-drive",
            format!("file={},if=none,id=d{index},format=raw,cache=writeback", disk.display()),
        );
        add("-device", format!("virtio-blk-pci,drive=d{index},serial=DISK{index}"));
    }
    if spec.tpm.is_some() {
        add(
            "-chardev",
            format!("socket,id=tpm,path={}", dir.join("tpm.sock").display()),
        );
        add("-tpmdev", "emulator,id=tpm0,chardev=tpm".to_owned());
        add("-device", "tpm-crb,tpmdev=tpm0".to_owned());
    }
    arguments
}

fn firmware(dir: &Path, add: &mut impl FnMut(&str, String)) {
    add(
        "-drive",
        format!("if=pflash,format=raw,unit=0,readonly=on,file={FIRMWARE_CODE}"),
    );
    add(
        "-drive",
        format!("if=pflash,format=raw,unit=1,file={}", dir.join("vars.fd").display()),
    );
    // Without these the firmware tries PXE for two minutes before HTTP.
    for family in ["IPv4", "IPv6"] {
        add("-fw_cfg", format!("name=opt/org.tianocore/{family}PXESupport,string=n"));
    }
}

fn network_card(index: usize, nic: &Nic, add: &mut impl FnMut(&str, String)) {
    let (backend, mac) = match nic {
        Nic::User => ("user".to_owned(), String::new()),
        Nic::Tap { interface, mac } => (
            format!("tap,ifname={interface},script=no,downscript=no,vhost=off"),
            format!(",mac={mac}"),
        ),
    };
    add("-netdev", format!("{backend},id=n{index}"));
    add(
        "-device",
        format!("virtio-net-pci,netdev=n{index}{mac},romfile=,bootindex={}", index + 1),
    );
}
