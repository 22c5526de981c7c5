//! etcd away, values that do not parse, slow and huge requests, too many of them.

use crate::lab::{self, Lab, OPERATOR, STRANGER};
use testkit::wait::{PATIENCE, holds, wait_for};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

const LEASE: &str = "10.69.0.40";

#[test]
fn boots_go_on_while_etcd_is_away_and_writes_say_what_to_do() {
    lab::run_one(async |lab, server| {
        server.register(&[("c1", 0, "cs")]).await;
        let template = r#"{"version":"2.3","template":{"ignition":{"version":"2.3.0"}},"meta":{}}"#;
        server.put("/api/v1/ignitions/cs/1.0.0", template).await.expect(201);
        server
            .put("/api/v1/images/coreos/1.0.0", crate::boot::image(b"kernel", b"initrd"))
            .await
            .expect(201);
        lab.etcd.kill_all();
        for path in [
            "ipxe.efi",
            "coreos/ipxe",
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
        server.get("/api/v1/machines").await.expect(200);
        let refused = server.put("/api/v1/state/c1", "healthy").await.expect(503);
        assert!(!refused.header("retry-after").is_empty());
        assert!(refused.json()["error"].as_str().unwrap().contains("etcd"));
        let key = server.get("/api/v1/crypts/c1/sda").await.expect(503);
        assert_eq!(key.header("x-sabakan-key-state"), "", "never 404 without etcd's word");
        lab.etcd.restart_all().await;
        wait_for("writes to work again", PATIENCE, async || {
            let answer = server.put("/api/v1/state/c1", "healthy").await;
            holds(answer.status == 200, answer.status)
        })
        .await;
    });
}

#[test]
fn a_start_without_etcd_waits_for_it() {
    lab::run(async |lab: Lab| {
        lab.etcd.kill_all();
        let args = lab.args(lab::FIRST);
        let (server, ()) = tokio::join!(lab.start(lab::FIRST, &args), async {
            let log = lab.file(&format!("log-{}", lab::FIRST));
            wait_for("a word in the log", PATIENCE, async || {
                let text = std::fs::read_to_string(&log).unwrap_or_default();
                holds(text.contains("etcd does not answer"), text)
            })
            .await;
            lab.etcd.restart_all().await;
        });
        server.get("/health").await.expect(200);
    });
}

#[test]
fn a_value_that_does_not_parse_costs_that_value() {
    lab::run_one(async |lab, server| {
        server.register(&[("a", 0, "cs")]).await;
        lab.etcd.ctl(&["put", "/sabakan/machines/broken", "{not json"]);
        server
            .put("/api/v1/config/dhcp", r#"{"lease-minutes":7}"#)
            .await
            .expect(200);
        lab.etcd.ctl(&["put", "/sabakan/dhcp", "null and void"]);
        wait_for("the log to name the key", PATIENCE, async || {
            let log = server.log();
            holds(log.contains("machines/broken") && log.contains("\"dhcp\""), log)
        })
        .await;
        assert_eq!(
            server
                .get("/api/v1/machines")
                .await
                .expect(200)
                .json()
                .as_array()
                .unwrap()
                .len(),
            1
        );
        assert_eq!(
            server.get("/api/v1/config/dhcp").await.expect(200).json()["lease-minutes"],
            7,
            "the last good one"
        );
        wait_for("both to be counted", PATIENCE, async || {
            let metrics = server.metrics().await;
            holds(metrics.contains("sabakan_unreadable_values 2"), metrics)
        })
        .await;
        server.register(&[("b", 0, "cs")]).await;
    });
}

#[test]
fn broken_paths_and_slow_bodies_hurt_nobody() {
    lab::run_one(async |_lab, server| {
        let raw = async |head: &str| {
            let mut stream = lab::connect(OPERATOR, &server).await;
            // One that is refused early may be closed before it is written.
            let _closed = stream.write_all(head.as_bytes()).await;
            let mut answer = vec![0; 12];
            stream.read_exact(&mut answer).await.unwrap();
            String::from_utf8(answer).unwrap()
        };
        assert_eq!(
            raw("GET /api/v1/state/%ff HTTP/1.1\r\nHost: x\r\n\r\n").await,
            "HTTP/1.1 400"
        );
        assert_eq!(
            raw("PUT /api/v1/state/..%2f..%2fx HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n").await,
            "HTTP/1.1 400"
        );
        assert_eq!(
            raw(&format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "x".repeat(100_000))).await,
            "HTTP/1.1 431"
        );
        // A body that never comes is given up; its place is free meanwhile for others.
        let slow = raw("PUT /api/v1/kernel_params/coreos HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab");
        let (slow, ()) = tokio::join!(slow, async {
            server.get("/health").await.expect(200);
        });
        assert_eq!(slow, "HTTP/1.1 408");
    });
}

#[test]
fn a_flood_of_searches_is_refused_and_boots_go_on() {
    lab::run(async |lab: Lab| {
        let server = lab.server(lab::FIRST, &[]).await;
        server.put("/api/v1/config/ipam", lab::IPAM).await.expect(200);
        let client = lab::client(OPERATOR);
        // Two hundred searches hang in their bodies' reading: 64 have a place.
        let mut held = Vec::new();
        for _ in 0..200 {
            let mut stream = lab::connect(OPERATOR, &server).await;
            let head =
                "POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n";
            stream.write_all(head.as_bytes()).await.unwrap();
            held.push(stream);
        }
        let search = wait_for("the places to be taken", PATIENCE, async || {
            let answer = lab::send(client.get(server.url("/api/v1/machines"))).await;
            if answer.status == 503 {
                Ok(answer)
            } else {
                Err(answer.status.to_string())
            }
        })
        .await;
        assert_eq!(search.header("retry-after"), "1");
        server
            .call(STRANGER, "GET", "/api/v1/boot/ipxe.efi", "")
            .await
            .expect(200);
        server.get("/api/v1/config/ipam").await.expect(200);
        drop(held);
        wait_for("searches to be answered again", PATIENCE, async || {
            let answer = server.get("/api/v1/machines").await;
            holds(answer.status == 404, answer.status)
        })
        .await;
        assert!(
            server
                .metrics()
                .await
                .contains("sabakan_api_refused_count{class=\"search\"}")
        );
    });
}
