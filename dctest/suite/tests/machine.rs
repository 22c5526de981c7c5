//! One machine through firmware and network boot, with a TPM and a disk, in a data center of two servers (rows S22, S25, S28, S38): what
//! one server set up, the other brings up again.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use neco_dctest::datacenter::{self, DataCenter};
use neco_dctest::furnish;
use neco_dctest::programs::succeed;
use testkit::machine::{Guest, Machine, MachineSpec};
use testkit::wait::{PATIENCE, holds, wait_for};

/// A boot takes half a minute on a machine that does nothing else.
const BOOT: Duration = Duration::from_secs(200);

/// Says on the console whether the disk is the one that this unit has seen before.
const WITNESS: &str = "[Unit]
Description=Tell an old disk from a new one

[Service]
Type=oneshot
ExecStart=/bin/cat /var/witness || echo 'witness: the disk is new'
ExecStart=echo 'witness: the disk was here before' >/var/witness && sync
";

/// The demo's template of a node, with a witness and this site's authority.
fn template(center: &DataCenter) -> String {
    let site = center.file("node");
    let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("../demo/site/node");
    succeed(Command::new("cp").arg("-R").arg(demo).arg(&site));
    fs::create_dir_all(site.join("files/etc/sabakan")).unwrap();
    fs::copy(center.file("ca.crt"), site.join("files/etc/sabakan/sabakan-tls-ca.crt")).unwrap();
    fs::write(site.join("systemd/witness.service"), WITNESS).unwrap();
    let listed = fs::read_to_string(site.join("worker.yml")).unwrap();
    let (before, after) = listed
        .split_once("  - name: node-address.service")
        .expect("the demo's units");
    let listed = format!("{before}  - name: witness.service\n    enabled: true\n  - name: node-address.service{after}");
    fs::write(site.join("worker.yml"), listed).unwrap();
    site.join("worker.yml").display().to_string()
}

/// Boots it and waits for its login; the console.
fn boot(spec: &MachineSpec, server: &str) -> String {
    let machine = Machine::start(spec.clone()).unwrap();
    machine.wait_for("neco-guest: ready", BOOT).unwrap();
    let text = machine.console().text();
    for marker in [
        "unit=sabakan-cryptsetup.service ended exit=0",
        "unit=setup-var.service ended exit=0",
        "unit=witness.service ended exit=0",
        "unit=node-address.service ended exit=0",
    ] {
        assert!(text.contains(marker), "{marker} is missing:\n{text}");
    }
    assert!(
        text.contains(&format!("{server}:10080/api/v1/boot/ignitions/NODE-1/1.0.0")),
        "{text}"
    );
    // The power is cut: nothing is closed in order.
    machine.cut_power();
    text
}

#[test]
fn a_machine_boots_from_one_server_and_opens_its_disk_by_another() {
    datacenter::run(2, 1, async |mut center: DataCenter| {
        let guest = Guest::ensure().unwrap();
        let [kernel, initrd] = [&guest.kernel, &guest.initrd].map(|file| file.display().to_string());
        furnish::machines(&center.servers[0], &[("NODE-1", 3, "worker")]).await;
        center.sabactl(0, &["kernel-params", "set", "console=ttyS0 quiet"]);
        center.sabactl(0, &["ignitions", "set", "-f", &template(&center), "worker", "1.0.0"]);
        // The same image given to both: neither has to wait for a pull.
        for server in 0..2 {
            center.sabactl(server, &["images", "upload", "1.0.0", &kernel, &initrd]);
        }
        center.racks[0].tap("node1");
        let disk = center.file("disk.img");
        fs::File::create(&disk).unwrap().set_len(64 << 20).unwrap();
        let mut spec =
            MachineSpec::network_boot("NODE-1", center.racks[0].switch().name(), "node1", "52:54:00:dc:00:01");
        spec.disks = vec![disk];
        spec.tpm = Some(center.file("tpm"));
        spec.limit = BOOT;

        center.servers[1].kill();
        let first = boot(&spec, center.servers[0].ip());
        assert!(first.contains("witness: the disk is new"), "{first}");

        // The other server gives the first program by HTTPS alone, to firmware that trusts its authority.
        center.servers[1].start_changed("https-boot", true.into()).await;
        center.servers[0].kill();
        spec.boot_ca = Some(center.file("ca.crt"));
        let second = boot(&spec, center.servers[1].ip());
        assert!(second.contains("witness: the disk was here before"), "{second}");
        assert!(!second.contains("witness: the disk is new"), "{second}");
        // What the firmware says on the console before it fetches its first program.
        for (console, uri) in [
            (
                &first,
                format!("URI: http://{}:10080/api/v1/boot/ipxe.efi", center.servers[0].ip()),
            ),
            (
                &second,
                format!("URI: https://{}:10443/api/v1/boot/ipxe.efi", center.servers[1].ip()),
            ),
        ] {
            assert!(console.contains(&uri), "{uri} is missing:\n{console}");
        }
        let log = wait_for("the keys to be in the time-line", PATIENCE, async || {
            let log = center.sabactl(1, &["boot-log", "NODE-1"]);
            holds(log.contains("\"keys\""), &log).map(|()| log)
        })
        .await;
        for stage in ["dhcp", "firmware", "ipxe", "kernel", "initrd", "ignition"] {
            assert!(log.contains(&format!("\"{stage}\"")), "{stage} is missing in {log}");
        }
    });
}
