//! The boot log.

use crate::lab::{self, STRANGER};
use testkit::wait::{PATIENCE, wait_for};

/// An address that DHCP leases in rack 0, and the machine's own.
const LEASE: &str = "10.69.0.40";
const MACHINE: &str = "10.69.0.4";

#[test]
fn a_boot_is_one_time_line() {
    lab::run_one(async |_lab, server| {
        server.register(&[("c1", 0, "cs"), ("c2", 1, "cs")]).await;
        let template = r#"{"version":"2.3","template":{"ignition":{"version":"2.3.0"}},"meta":{}}"#;
        server.put("/api/v1/ignitions/cs/1.0.0", template).await.expect(201);
        let image = crate::boot::image(b"kernel", b"initrd");
        server.put("/api/v1/images/coreos/1.0.0", image).await.expect(201);
        for path in [
            "ipxe.efi",
            "coreos/ipxe/c1",
            "coreos/kernel",
            "coreos/initrd.gz",
            "ignitions/c1/1.0.0",
        ] {
            server
                .call(LEASE, "GET", &format!("/api/v1/boot/{path}"), "")
                .await
                .expect(200);
        }
        server
            .call(LEASE, "GET", "/api/v1/boot/ignitions/c2/1.0.0", "")
            .await
            .expect(403);
        server
            .call(LEASE, "PUT", "/api/v1/crypts/c1/sda", "key")
            .await
            .expect(201);
        // What is not stored is not told as stored.
        server
            .call(LEASE, "PUT", "/api/v1/crypts/c1/sda", "another")
            .await
            .expect(409);
        server.call(MACHINE, "GET", "/api/v1/assets/none", "").await.expect(404);
        let line = wait_for("the time-line to be complete", PATIENCE, async || {
            let line = server.get("/api/v1/boot-log/c1").await.expect(200).json();
            if line["state"] == "booted" {
                Ok(line)
            } else {
                Err(line.to_string())
            }
        })
        .await;
        let stages: Vec<&str> = line["stages"]
            .as_array()
            .unwrap()
            .iter()
            .map(|s| s["stage"].as_str().unwrap())
            .collect();
        assert_eq!(
            stages,
            [
                "firmware",
                "ipxe",
                "kernel",
                "initrd",
                "ignition",
                "keys",
                "first-contact"
            ]
        );
        let keys: Vec<_> = line["events"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|event| event["stage"] == "keys")
            .collect();
        assert_eq!(keys.len(), 1, "{keys:?}");
        wait_for("the refusal to be in the other machine's line", PATIENCE, async || {
            let line = server.get("/api/v1/boot-log/c2").await.expect(200).json();
            testkit::wait::holds(line["refused"].as_array().is_some_and(|all| !all.is_empty()), line)
        })
        .await;
        assert_eq!(server.get("/api/v1/boot-log?stuck").await.expect(200).text(), "[]\n");
        assert_eq!(
            server
                .get("/api/v1/boot-log")
                .await
                .expect(200)
                .json()
                .as_array()
                .unwrap()
                .len(),
            2
        );
        server.get("/api/v1/boot-log/nobody").await.expect(404);
        server
            .call(STRANGER, "GET", "/api/v1/boot-log/c1", "")
            .await
            .expect(403);
        assert!(
            server
                .metrics()
                .await
                .contains("sabakan_boot_stage_count{stage=\"kernel\"} 1")
        );
    });
}
