//! A machine boots, runs what it is given, reads its identity, and dies when told.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::time::Duration;

use testkit::machine::{Guest, Machine, MachineSpec};

const LIMIT: Duration = Duration::from_secs(90);

#[test]
fn a_machine_boots_a_kernel_with_disk_and_tpm() {
    let guest = Guest::ensure().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let initrd = dir.path().join("initrd");
    let run = "#!/bin/sh\nls /dev/tpm0 /dev/vda; echo serial $(cat /sys/class/dmi/id/product_serial); read -r word; echo \"heard $word\"\n";
    guest.initrd_with(&initrd, run, &[]).unwrap();
    let disk = dir.path().join("disk");
    std::fs::File::create(&disk).unwrap().set_len(8 << 20).unwrap();

    let mut spec = MachineSpec::direct("SN-7", &guest, initrd);
    spec.disks = vec![disk];
    spec.tpm = Some(dir.path().join("tpm"));
    let machine = Machine::start(spec).unwrap();
    machine.wait_for("serial SN-7", LIMIT).unwrap();
    machine.console().type_line("hello").unwrap();
    machine.wait_for("heard hello", LIMIT).unwrap();
    machine.wait_for("run ended exit=0", LIMIT).unwrap();
    machine.wait_for_exit(LIMIT).unwrap();
    let text = machine.console().text();
    assert!(text.contains("/dev/tpm0") && text.contains("/dev/vda"), "{text}");
}

#[test]
fn a_machine_dies_with_its_value_and_its_time() {
    let guest = Guest::ensure().unwrap();
    let spec = MachineSpec::direct("SN-8", &guest, guest.initrd.clone());
    let machine = Machine::start(spec.clone()).unwrap();
    let process = format!("/proc/{}", machine.pid());
    assert!(std::path::Path::new(&process).exists());
    machine.cut_power();
    assert!(!std::path::Path::new(&process).exists());

    let machine = Machine::start(MachineSpec {
        limit: Duration::from_millis(200),
        ..spec
    })
    .unwrap();
    machine.wait_for_exit(LIMIT).unwrap();
    assert!(machine.console().text().contains("killed after 200ms"));
}
