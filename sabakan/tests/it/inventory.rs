//! Machines: registration, states, labels, dates, deletion.

use crate::lab::{self, OPERATOR, send};
use serde_json::json;

#[test]
fn a_machine_is_kept_with_all_that_was_registered() {
    lab::run_one(async |_lab, server| {
        let spec = json!([{"serial": "1234abcd", "labels": {"product": "R630"}, "rack": 1, "role": "worker",
            "bmc": {"type": "iDRAC-9"}, "retire-date": "2030-01-02T03:04:05+09:00"}]);
        let answer = server.post("/api/v1/machines", spec.to_string()).await.expect(201);
        assert_eq!(answer.header("content-type"), "application/json");
        assert!(answer.bytes.is_empty());
        let found = server.get("/api/v1/machines?serial=1234abcd").await.expect(200);
        assert_eq!(found.header("content-type"), "application/json");
        let machine = &found.json()[0];
        assert_eq!(machine["spec"]["labels"], json!({"product": "R630"}));
        assert_eq!(machine["spec"]["index-in-rack"], 4);
        assert_eq!(
            machine["spec"]["ipv4"],
            json!(["10.69.0.196", "10.69.1.4", "10.69.1.68"])
        );
        assert_eq!(machine["spec"]["retire-date"], "2030-01-02T03:04:05+09:00");
        assert_eq!(machine["spec"]["bmc"]["ipv4"], "10.72.17.36");
        assert_eq!(machine["info"]["network"]["ipv4"][0]["gateway"], "10.69.0.193");
        assert_eq!(machine["info"]["bmc"]["ipv4"]["maskbits"], 20);
        assert_eq!(machine["status"]["state"], "uninitialized");
        assert!(machine["status"]["duration"].as_f64().unwrap() >= 0.0);
    });
}

#[test]
fn registration_is_all_or_none() {
    lab::run_one(async |_lab, server| {
        server.register(&[("a", 0, "boot")]).await;
        let mixed = r#"[{"serial":"b","role":"cs","bmc":{"type":"x"}},{"serial":"a","role":"cs","bmc":{"type":"x"}}]"#;
        server.post("/api/v1/machines", mixed).await.expect(409);
        server.get("/api/v1/machines?serial=b").await.expect(404);
        let second_boot =
            r#"[{"serial":"b","role":"cs","bmc":{"type":"x"}},{"serial":"c","role":"boot","bmc":{"type":"x"}}]"#;
        server.post("/api/v1/machines", second_boot).await.expect(409);
        let many: Vec<(String, u64)> = (0..500).map(|n| (format!("m{n}"), n / 20 + 1)).collect();
        let many: Vec<(&str, u64, &str)> = many
            .iter()
            .map(|(serial, rack)| (serial.as_str(), *rack, "cs"))
            .collect();
        server.register(&many).await;
        assert_eq!(
            server
                .get("/api/v1/machines")
                .await
                .expect(200)
                .json()
                .as_array()
                .unwrap()
                .len(),
            501
        );
    });
}

#[test]
fn bad_registrations_are_told_with_the_place() {
    lab::run_one(async |_lab, server| {
        let cases = [
            ("[null]", 400),
            ("{", 400),
            (r#"[{"serial":"a","role":"cs","bmc":{"type":"x"}}] garbage"#, 400),
            (r#"[{"serial":"a","role":"cs","bmc":{"type":"x"},"typo":1}]"#, 400),
            (
                r#"[{"serial":"a","role":"cs","bmc":{"type":"x"}},{"serial":"a","role":"cs","bmc":{"type":"x"}}]"#,
                400,
            ),
            (r#"[{"serial":"a/b","role":"cs","bmc":{"type":"x"}}]"#, 400),
            (r#"[{"serial":"..","role":"cs","bmc":{"type":"x"}}]"#, 400),
            (r#"[{"serial":"a","role":"c s","bmc":{"type":"x"}}]"#, 400),
            (r#"[{"serial":"a","role":"cs"}]"#, 400),
        ];
        for (body, status) in cases {
            let answer = server.post("/api/v1/machines", body).await;
            assert_eq!(answer.status, status, "{body}: {}", answer.text());
            let error = answer.json();
            assert_eq!(error["status"], status);
            assert!(error["error"].as_str().is_some_and(|text| !text.is_empty()));
        }
        // Names in any case are taken, as the original's decoder does.
        let any_case = r#"[{"SERIAL":"a","Role":"cs","Bmc":{"Type":"x"}}]"#;
        server.post("/api/v1/machines", any_case).await.expect(201);
    });
}

#[test]
fn a_request_id_is_echoed_in_errors() {
    lab::run_one(async |_lab, server| {
        let request = server
            .request(OPERATOR, "GET", "/api/v1/nothing")
            .header("X-Cybozu-Request-ID", "my-id");
        let answer = send(request).await.expect(404);
        assert_eq!(answer.header("content-type"), "application/json");
        assert_eq!(answer.json()["request_id"], "my-id");
        assert!(
            answer.text().starts_with(r#"{"error":""#) && answer.text().ends_with("\"status\":404}\n"),
            "{}",
            answer.text()
        );
    });
}

#[test]
fn states_follow_their_rules_to_deletion() {
    lab::run_one(async |_lab, server| {
        server.register(&[("a", 0, "cs")]).await;
        assert_eq!(server.get("/api/v1/state/a").await.expect(200).text(), "uninitialized");
        server.put("/api/v1/state/a", "updating").await.expect(500);
        server.put("/api/v1/state/a", "nonsense").await.expect(400);
        server.put("/api/v1/state/a", "x".repeat(129)).await.expect(413);
        server.put("/api/v1/state/nobody", "healthy").await.expect(404);
        server.get("/api/v1/state/nobody").await.expect(404);
        let done = server.put("/api/v1/state/a", "healthy").await.expect(200);
        assert_eq!((done.bytes.len(), done.header("content-type")), (0, ""));
        server.put("/api/v1/state/a", "healthy").await.expect(200);
        server.delete("/api/v1/machines/a").await.expect(500);
        server
            .set_states(
                "a",
                &["unhealthy", "unreachable", "updating", "uninitialized", "retiring"],
            )
            .await;
        server.put("/api/v1/crypts/a/sda", "key").await.expect(500);
        server.set_states("a", &["retired"]).await;
        server.delete("/api/v1/machines/a").await.expect(200);
        server.get("/api/v1/machines").await.expect(404);
        server.delete("/api/v1/machines/a").await.expect(404);
        server.delete("/api/v1/machines").await.expect(400);
        // The index is free again.
        server.register(&[("b", 0, "cs")]).await;
        assert_eq!(
            server.get("/api/v1/machines").await.json()[0]["spec"]["index-in-rack"],
            4
        );
    });
}

#[test]
fn a_machine_is_retired_only_without_disk_keys() {
    lab::run_one(async |_lab, server| {
        server.register(&[("a", 0, "cs")]).await;
        server.put("/api/v1/crypts/a/sda", "key").await.expect(201);
        server.set_states("a", &["retiring"]).await;
        server.put("/api/v1/state/a", "retired").await.expect(400);
        server.delete("/api/v1/crypts/a").await.expect(200);
        server.put("/api/v1/state/a", "retired").await.expect(200);
    });
}

#[test]
fn labels_and_retire_dates_are_validated() {
    lab::run_one(async |_lab, server| {
        server.register(&[("a", 0, "cs")]).await;
        server.put("/api/v1/labels/a/os-release", "1855.4.0").await.expect(200);
        server.put("/api/v1/labels/a/empty", "").await.expect(200);
        server.put("/api/v1/labels/a/-bad", "x").await.expect(400);
        server.put("/api/v1/labels/a/x", "no spaces").await.expect(400);
        server.put("/api/v1/labels/a/x", "x".repeat(1025)).await.expect(413);
        server.put("/api/v1/labels/nobody/x", "y").await.expect(404);
        let machine = server
            .get("/api/v1/machines?labels=os-release%3D1855.4.0")
            .await
            .expect(200)
            .json();
        assert_eq!(machine[0]["spec"]["labels"]["empty"], "");
        server.delete("/api/v1/labels/a/os-release").await.expect(200);
        server.delete("/api/v1/labels/a/os-release").await.expect(404);
        server
            .put("/api/v1/retire-date/a", " 2018-11-21T01:23:45,5+09:00\n")
            .await
            .expect(200);
        let machine = server.get("/api/v1/machines").await.json();
        assert_eq!(machine[0]["spec"]["retire-date"], "2018-11-21T01:23:45.5+09:00");
        server.put("/api/v1/retire-date/a", "tomorrow").await.expect(400);
        server
            .put("/api/v1/retire-date/a", "2018-11-21T01:23:45+24:00")
            .await
            .expect(400);
        server
            .put("/api/v1/retire-date/nobody", "2018-11-21T01:23:45Z")
            .await
            .expect(404);
    });
}

#[test]
fn loose_paths_act_on_nothing() {
    lab::run_one(async |_lab, server| {
        server.register(&[("a", 0, "cs")]).await;
        for path in [
            "/api/v1/machinesXYZ",
            "/api/v1/machines/a",
            "/api/v1/boot/coreos/kernel/x",
            "/api/v1/kernel_params/coreos/x",
        ] {
            server.get(path).await.expect(404);
        }
        server.put("/api/v1/assets/a/b", "x").await.expect(404);
        server.delete("/api/v1/crypts/a/b").await.expect(405);
        server.call(OPERATOR, "HEAD", "/api/v1/machines", "").await.expect(405);
        let patch = server
            .call(OPERATOR, "PATCH", "/api/v1/config/ipam", "")
            .await
            .expect(405);
        assert_eq!(patch.header("allow"), "GET, PUT");
    });
}
