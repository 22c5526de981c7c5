//! The boot log.

use crate::lab::{self, Lab, STRANGER, Server};
use testkit::wait::{PATIENCE, holds, wait_for};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

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

/// A server that calls a boot stuck after little silence, with an image and the Ignition of two machines.
async fn impatient(lab: &Lab) -> Server {
    let server = lab.server(lab::FIRST, &["--boot-stuck-after", "1s"]).await;
    server.put("/api/v1/config/ipam", lab::IPAM).await.expect(200);
    server.register(&[("c1", 0, "cs"), ("c2", 1, "cs")]).await;
    let template = r#"{"version":"2.3","template":{"ignition":{"version":"2.3.0"}},"meta":{}}"#;
    server.put("/api/v1/ignitions/cs/1.0.0", template).await.expect(201);
    let image = crate::boot::image(b"kernel", b"initrd");
    server.put("/api/v1/images/coreos/1.0.0", image).await.expect(201);
    server
}

/// What the server says of stuck machines: in its list, and in the gauge.
async fn stuck(server: &Server) -> (Vec<(String, String)>, String) {
    let list = server.get("/api/v1/boot-log?stuck").await.expect(200).json();
    let line = |line: &serde_json::Value| {
        let word = |key: &str| line[key].as_str().unwrap_or_default().to_owned();
        assert_eq!(line["state"], "stuck");
        (word("serial"), word("stage"))
    };
    let list = list.as_array().unwrap().iter().map(line).collect();
    let metrics = server.metrics().await;
    let gauge = metrics
        .lines()
        .find_map(|line| line.strip_prefix("sabakan_boot_stuck_machines "));
    (list, gauge.unwrap_or("no gauge").to_owned())
}

async fn wait_for_stuck(server: &Server, list: &[(&str, &str)], gauge: &str) {
    let owned = |(serial, stage): &(&str, &str)| ((*serial).to_owned(), (*stage).to_owned());
    let wanted = (list.iter().map(owned).collect::<Vec<_>>(), gauge.to_owned());
    wait_for(&format!("stuck machines to be {wanted:?}"), PATIENCE, async || {
        let now = stuck(server).await;
        holds(now == wanted, format!("{now:?}"))
    })
    .await;
}

#[test]
fn a_machine_that_stops_after_a_stage_is_stuck_until_it_goes_on() {
    lab::run(async |lab: Lab| {
        let server = impatient(&lab).await;
        let fetch = async |from: &str, path: &str| {
            let path = format!("/api/v1/boot/{path}");
            server.call(from, "GET", &path, "").await.expect(200);
        };
        // c2 boots to its end.
        const OTHER_LEASE: &str = "10.69.0.230";
        for path in ["coreos/ipxe/c2", "coreos/kernel", "ignitions/c2/1.0.0"] {
            fetch(OTHER_LEASE, path).await;
        }
        server
            .call("10.69.0.196", "GET", "/api/v1/assets/none", "")
            .await
            .expect(404);
        // c1 has its kernel, and no more is heard of it.
        for path in ["ipxe.efi", "coreos/ipxe/c1", "coreos/kernel"] {
            fetch(LEASE, path).await;
        }
        wait_for_stuck(&server, &[("c1", "kernel")], "1").await;
        let log = server.log();
        let told = log
            .lines()
            .filter(|line| line.contains("a machine is stuck in its boot"))
            // On a busy machine more than a second may lie between other stages, too.
            .filter(|line| line.contains("machine.serial=\"c1\"") && line.contains("stage=\"kernel\""));
        assert_eq!(told.count(), 1, "{log}");
        let all = server.get("/api/v1/boot-log").await.expect(200).json();
        let states: Vec<_> = all.as_array().unwrap().iter().map(|line| &line["state"]).collect();
        assert_eq!(states, ["stuck", "booted"]);
        // It goes on, and comes to its end.
        for path in ["coreos/initrd.gz", "ignitions/c1/1.0.0"] {
            fetch(LEASE, path).await;
        }
        server.call(MACHINE, "GET", "/api/v1/assets/none", "").await.expect(404);
        wait_for_stuck(&server, &[], "0").await;
    });
}

/// Writes so many machines' records, `m0000` and so on, each with a detail of this length.
async fn fill(lab: &Lab, machines: usize, detail: usize) {
    let config = neco_etcd::Config {
        endpoints: lab.etcd.endpoints(),
        ..neco_etcd::Config::new("/sabakan/")
    };
    let etcd = neco_etcd::Etcd::connect(&config).await.unwrap();
    let event = serde_json::json!({"at": "2026-11-22T00:00:00Z", "stage": "kernel", "server": "x", "detail": "x".repeat(detail)});
    let record = serde_json::json!({"writer": "0.1.0", "reader": 1, "events": [event]}).to_string();
    for n in 0..machines {
        let key = format!("neco/boot-log/m{n:04}/{n:016x}-0");
        etcd.put(&key, record.as_str()).await.unwrap();
    }
}

#[test]
fn the_list_of_all_is_sent_while_it_is_read() {
    lab::run_one(async |lab: Lab, server| {
        fill(&lab, 1200, 10).await;
        for path in ["/api/v1/boot-log", "/api/v1/boot-log?stuck"] {
            let answer = server.get(path).await.expect(200);
            assert_eq!(answer.header("content-type"), "application/json");
            assert_eq!(
                answer.header("content-length"),
                "",
                "its length is not known before its end"
            );
            let all = answer.json();
            let all = all.as_array().unwrap().iter();
            let serials: Vec<_> = all.map(|line| line["serial"].as_str().unwrap().to_owned()).collect();
            assert_eq!(serials, (0..1200).map(|n| format!("m{n:04}")).collect::<Vec<_>>());
        }
    });
}

#[test]
fn a_list_that_is_still_being_sent_keeps_its_place() {
    lab::run(async |lab: Lab| {
        let mut args = lab.args(lab::FIRST);
        let value = |args: &[String], name: &str| {
            let at = args.iter().position(|arg| arg == name).unwrap();
            args[at + 1].clone()
        };
        let config = serde_json::json!({
            "http": value(&args, "-http"), "https": value(&args, "-https"), "metrics": value(&args, "-metrics"),
            "dhcp-bind": value(&args, "-dhcp-bind"), "data-dir": value(&args, "-data-dir"),
            "advertise-url": value(&args, "-advertise-url"), "advertise-url-https": value(&args, "-advertise-url-https"),
            "server-cert": value(&args, "-server-cert"), "server-key": value(&args, "-server-key"),
            "allow-ips": [lab::OPERATOR], "etcd": {"endpoints": lab.etcd.endpoints()}, "limits": {"search": 1},
        });
        std::fs::write(lab.file("sabakan.yml"), config.to_string()).unwrap();
        args = vec!["--config-file".to_owned(), lab.path("sabakan.yml")];
        let server = lab.start(lab::FIRST, &args).await;
        // More than sockets hold.
        fill(&lab, 300, 64 << 10).await;
        let mut slow = lab::connect(lab::OPERATOR, &server).await;
        let head = "GET /api/v1/boot-log HTTP/1.1\r\nHost: x\r\n\r\n";
        slow.write_all(head.as_bytes()).await.unwrap();
        let mut answer = vec![0; 12];
        slow.read_exact(&mut answer).await.unwrap();
        assert_eq!(answer, b"HTTP/1.1 200");
        let refused = server.get("/api/v1/boot-log").await.expect(503);
        assert_eq!(refused.header("retry-after"), "1");
        drop(slow);
        wait_for("the place to be free", PATIENCE, async || {
            let answer = server.get("/api/v1/boot-log?stuck").await;
            holds(answer.status == 200, answer.status)
        })
        .await;
    });
}
