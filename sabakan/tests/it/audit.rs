//! The audit log.

use crate::lab::{self, OPERATOR, send};
use serde_json::Value;

#[test]
fn every_change_is_in_the_log_with_who_did_it() {
    lab::run_one(async |_lab, server| {
        server.register(&[("a", 0, "cs")]).await;
        let request = server
            .request(OPERATOR, "PUT", "/api/v1/state/a")
            .header("x-sabakan-user", "ann");
        let done = send(request.header("x-cybozu-request-id", "the-id").body("healthy"))
            .await
            .expect(200);
        server.put("/api/v1/kernel_params/coreos", "quiet").await.expect(200);
        server
            .put("/api/v1/config/dhcp", r#"{"lease-minutes":30}"#)
            .await
            .expect(200);
        let log = server.get("/api/v1/logs").await.expect(200);
        assert_eq!(log.header("content-type"), "application/json");
        let lines: Vec<Value> = log
            .text()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let categories: Vec<&str> = lines.iter().map(|line| line["category"].as_str().unwrap()).collect();
        assert_eq!(categories[..3], ["ipam", "machines", "machines"], "{categories:?}");
        assert!(categories.contains(&"dhcp") && categories.len() == 5);
        let state = &lines[2];
        assert_eq!(state["user"], "ann");
        assert_eq!(state["ip"], OPERATOR);
        assert_eq!(state["instance"], "a");
        assert_eq!(state["request_id"], "the-id");
        assert_eq!(state["rev"].as_str().unwrap(), done.header("x-sabakan-revision"));
        let today = log.text()[7..17].replace('-', "");
        assert_eq!(
            server
                .get(&format!("/api/v1/logs?since={today}"))
                .await
                .expect(200)
                .text(),
            log.text()
        );
        assert_eq!(
            server
                .get(&format!("/api/v1/logs?until={today}"))
                .await
                .expect(200)
                .text(),
            ""
        );
        server.get("/api/v1/logs?since=2026-01-01").await.expect(400);
        server.get("/api/v1/logs?since=20261301").await.expect(400);
        server.get("/api/v1/logs?sinc=20260101").await.expect(400);
    });
}
