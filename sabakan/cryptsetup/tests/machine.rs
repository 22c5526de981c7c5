//! Disks, TPM and key store of a machine over several boots: real dm-crypt and a software TPM in a virtual machine.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

#[path = "machine/server.rs"]
mod server;
#[path = "machine/vm.rs"]
mod vm;

use std::os::unix::fs::FileExt;
use std::time::Duration;

use sabakan_cryptsetup::Secret;
use sabakan_cryptsetup::header::{Found, HEADER_SIZE, TpmVersion};
use server::KeyServer;
use vm::Lab;

const ARRIVES: Duration = Duration::from_secs(60);

/// The program on one disk; others are excluded.
fn on(disk: &str, server: &KeyServer, flags: &str) -> String {
    let others: String = ["vda", "vdb", "vdc", "vdd"]
        .iter()
        .filter(|name| **name != disk)
        .map(|name| format!(" --excludes {name}"))
        .collect();
    format!(
        "sabakan-cryptsetup --server {} --retries 0{others} {flags}",
        server.url()
    )
}

#[test]
fn disks_are_formatted_once_and_opened_at_each_boot() {
    let lab = Lab::new();
    let server = KeyServer::start();
    let disks = ["a", "b", "c", "d"];
    let all = format!("sabakan-cryptsetup --server {} --retries 0", server.url());

    // First boot: a is made without a TPM, the others with one.
    let vm = lab.boot(&disks, "tpm");
    let plan = vm.must(&format!("{all} --tpmdev /dev/none --dry-run"));
    assert!(plan.contains("vda: format: the disk has no header"), "{plan}");
    vm.must_fail("ls /dev/mapper/crypt-vda", "No such file");
    vm.must(&on("vda", &server, "--tpmdev /dev/none"));
    vm.write("vda", "word-a");
    let without_tpm = lab.header("a");
    assert_eq!(without_tpm.tpm, TpmVersion::NONE);
    vm.must("cryptsetup close crypt-vda");
    for disk in ["vdb", "vdc"] {
        vm.must(&on(disk, &server, ""));
        vm.write(disk, &format!("word-{disk}"));
    }
    assert!(
        vm.must(&format!("{} || true", on("vdb", &server, "")))
            .contains("it is open already")
    );
    secrets_stay_secret(&lab, &server, &vm.console());

    // The power goes while d is formatted: sabakan has the key, the disk has no header yet.
    let held = server.hold_put(true);
    vm.start(&on("vdd", &server, ""));
    let orphan = held.recv_timeout(ARRIVES).unwrap();
    assert!(server.key(&orphan).is_some());
    vm.cut_power();
    assert_eq!(lab.head("d"), Found::None);

    // Second boot: all at once. a is made anew because of the TPM, and the power goes again: the old header is still good.
    let vm = lab.boot(&disks, "tpm");
    let held = server.hold_put(false);
    vm.start(&on("vda", &server, ""));
    held.recv_timeout(ARRIVES).unwrap();
    vm.cut_power();
    assert_eq!(lab.header("a"), without_tpm);

    // Third boot: what was whole is opened with its data, what was cut off is made.
    let vm = lab.boot(&disks, "tpm");
    vm.must(&on("vda", &server, "--tpmdev /dev/none"));
    assert!(vm.has("vda", "word-a"), "the data of a survived");
    vm.must("cryptsetup close crypt-vda");
    let said = vm.must(&all);
    assert!(said.contains("formatted without a TPM and now there is one"), "{said}");
    assert!(said.contains("open: the key is right"), "{said}");
    assert!(vm.has("vdb", "word-vdb") && vm.has("vdc", "word-vdc"), "data survived");
    assert_eq!(lab.header("a").tpm, TpmVersion::TPM2);
    assert_eq!(lab.header("d").tpm, TpmVersion::TPM2);
    let text = vm.must("cat /sys/block/dm-*/dm/name");
    assert!(!text.contains("check"), "the trial mapping is gone: {text}");
}

/// No share of a key, nor a key, was printed.
fn secrets_stay_secret(lab: &Lab, server: &KeyServer, console: &str) {
    let header = lab.header("a");
    let share = Secret::new(server.key(&header.id.to_string()).unwrap());
    let key = header.combine(&share, None).unwrap();
    for secret in [&header.share, &share, &key] {
        for length in [8, secret.len()] {
            let hex: String = secret.expose()[..length]
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect();
            assert!(!console.to_lowercase().contains(&hex));
        }
        assert!(!console.contains(&*String::from_utf8_lossy(&secret.expose()[..16])));
    }
}

#[test]
fn a_key_that_is_missing_costs_no_data() {
    let lab = Lab::new();
    let server = KeyServer::start();
    let vm = lab.boot(&["a", "b"], "tpm");
    let disk = |flags: &str| on("vda", &server, flags);
    vm.must(&disk(""));
    vm.write("vda", "precious");
    vm.must("cryptsetup close crypt-vda");
    let header = lab.header("a");
    let id = header.id.to_string();

    // etcd went back to a state before the key.
    let share = server.forget(&id);
    vm.must_fail(
        &disk("--cipher aes-xts-plain64"),
        "sabakan has never had this disk's key",
    );
    vm.must_fail(
        &disk("--format-when-key-missing"),
        "sabakan has never had this disk's key",
    );
    // An original server does not say.
    server.be_original(true);
    vm.must_fail(&disk("--keysize 512"), "sabakan has no key and does not say why");
    server.be_original(false);
    // The server is in trouble, for longer than one is patient.
    server.be_in_trouble(true);
    vm.must_fail(
        &disk("--retries 1 --cert /none"),
        "sabakan could not be asked: Service Unavailable",
    );
    server.be_in_trouble(false);
    // Another machine's key under the identifier.
    server.put(&id, vec![7; 64]);
    vm.must_fail(&disk("--excludes sda"), "the shares do not belong together");
    assert_eq!(lab.header("a"), header, "nothing was written in all this time");

    // The key is restored: the data is there.
    server.put(&id, share);
    vm.must(&disk("--excludes sdb"));
    assert!(vm.has("vda", "precious"));
    vm.must("cryptsetup close crypt-vda # again");

    // Deleted on purpose.
    server.delete(&id);
    assert!(
        vm.must(&disk("--excludes sdc"))
            .contains("the machine's keys were deleted")
    );
    assert_ne!(lab.header("a").id, header.id);
    assert!(
        !vm.run("dd if=/dev/mapper/crypt-vda count=1 2>/dev/null | grep -qa precious # gone")
            .0
    );

    // Given up by name, on a server that has lost the key.
    vm.must("cryptsetup close crypt-vda # and again");
    server.forget(&lab.header("a").id.to_string());
    assert!(
        vm.must(&disk("--format-refused vd*"))
            .contains("--format-refused names it")
    );

    a_disk_of_version_2_is_converted(&lab, &server, &vm);
}

/// The second disk gets a header of version 2 while the machine runs, as the original of that time wrote it.
fn a_disk_of_version_2_is_converted(lab: &Lab, server: &KeyServer, vm: &vm::Vm) {
    let id = "v2-identifier-16";
    let share: Vec<u8> = (0..64).collect();
    let key: Vec<u8> = (0..64).map(|byte: u8| byte ^ 0x5A).collect();
    server.put(
        &id.bytes().map(|byte| format!("{byte:02x}")).collect::<String>(),
        vec![0x5A; 64],
    );
    let mut bytes = vec![0x88; HEADER_SIZE];
    bytes[..22].copy_from_slice(b"\x80sabakan-cryptsetup2\x40\x0f");
    bytes[22..37].copy_from_slice(b"aes-xts-plain64");
    bytes[128..144].copy_from_slice(id.as_bytes());
    bytes[144..208].copy_from_slice(&share);
    let file = std::fs::OpenOptions::new().write(true).open(lab.disk("b")).unwrap();
    file.write_all_at(&bytes, 0).unwrap();
    assert!(matches!(lab.head("b"), Found::V2(_)));

    // Data is written through a device that was opened by hand, with the flags that the original gives.
    let octal: String = key.iter().map(|byte| format!("\\\\0{byte:03o}")).collect();
    vm.must(&format!("printf '%b' {octal} >/run/key"));
    vm.must(
        "cryptsetup --hash=plain --key-file=- --cipher=aes-xts-plain64 --key-size=512 --offset=4096 --allow-discards open --type=plain \
         /dev/vdb by-hand </run/key",
    );
    vm.must("echo old-data | dd of=/dev/mapper/by-hand conv=fsync 2>/dev/null");
    vm.must("cryptsetup close by-hand");

    let said = vm.must(&on("vdb", server, "--tpmdev /dev/none"));
    assert!(said.contains("convert the header from version 2"), "{said}");
    assert!(vm.has("vdb", "old-data"));
    let header = lab.header("b");
    assert_eq!((header.tpm, header.id.0.as_slice()), (TpmVersion::NONE, id.as_bytes()));
    assert_eq!(
        std::fs::read(lab.disk("b")).unwrap()[..HEADER_SIZE],
        **header.encode().unwrap()
    );
}

#[test]
fn a_wrong_or_broken_tpm_costs_no_data() {
    let lab = Lab::new();
    let server = KeyServer::start();
    let vm = lab.boot(&["a", "b"], "tpm");
    vm.must(&on("vda", &server, ""));
    vm.write("vda", "precious");
    vm.cut_power();
    let header = lab.header("a");

    // Another TPM, without a key: it gets none while a disk needs the old one, not even for a disk that is new.
    let vm = lab.boot(&["a", "b"], "other-tpm");
    let all = format!("sabakan-cryptsetup --server {} --retries 0", server.url());
    let (success, said) = vm.run(&all);
    assert!(!success && said.contains("was cleared or is another"), "{said}");
    assert!(said.contains("another disk was made with one that is gone"), "{said}");
    assert_eq!((lab.header("a"), lab.head("b")), (header.clone(), Found::None));
    // Gone altogether.
    vm.must_fail(
        &on("vda", &server, "--tpmdev /dev/none"),
        "the machine has no TPM 2.0 now",
    );
    // With a key of its own, made for a new disk alone: the disk of the other TPM does not open with garbage.
    vm.must(&on("vdb", &server, ""));
    vm.must_fail(&on("vda", &server, ""), "the shares do not belong together");

    // A key that is there and cannot be read: no other is made.
    vm.must("cryptsetup close crypt-vdb");
    vm.must("export TPM2TOOLS_TCTI=device:/dev/tpm0");
    vm.must("tpm2_nvundefine 0x1000000 -C o");
    vm.must("tpm2_nvdefine 0x1000000 -C o -s 256 -a 'ownerwrite|authread' -p secret >/dev/null");
    vm.must("head -c 256 /dev/zero | tr '\\0' k >/run/tpm-key");
    vm.must("tpm2_nvwrite 0x1000000 -C o -i /run/tpm-key");
    for disk in ["vda", "vdb"] {
        vm.must_fail(
            &on(disk, &server, "--cipher aes-xts-plain64"),
            "the TPM cannot be read, and no new key is made",
        );
    }
    vm.must("tpm2_nvread 0x1000000 -C 0x1000000 -P secret -s 256 -o /run/tpm-read");
    vm.must("cmp /run/tpm-key /run/tpm-read");
    assert_eq!(lab.header("a"), header);
    vm.cut_power();

    // The right TPM again: the data is there.
    let vm = lab.boot(&["a", "b"], "tpm");
    vm.must(&on("vda", &server, ""));
    assert!(vm.has("vda", "precious"));
}
