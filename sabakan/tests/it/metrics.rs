//! Metrics, health and version.

use crate::lab::{self, OPERATOR, STRANGER, send};

#[test]
fn the_names_that_dashboards_use() {
    lab::run_one(async |_lab, server| {
        server.register(&[("a", 0, "cs")]).await;
        server.set_states("a", &["healthy"]).await;
        server.get("/api/v1/machines?serial=nobody").await.expect(404);
        server.get("/random/path").await.expect(404);
        let text = server.metrics().await;
        let labels = r#"address="10.69.0.4",machine_type="m1",rack="0",role="cs",serial="a""#;
        for line in [
            format!("sabakan_machine_status{{{labels},status=\"healthy\"}} 1"),
            format!("sabakan_machine_status{{{labels},status=\"retired\"}} 0"),
            "sabakan_api_request_count{code=\"201\",path=\"/api/v1/machines\",verb=\"POST\"} 1".to_owned(),
            "sabakan_api_request_count{code=\"200\",path=\"/api/v1/state/{serial}\",verb=\"PUT\"} 1".to_owned(),
            "sabakan_api_request_count{code=\"404\",path=\"(unknown)\",verb=\"GET\"} 1".to_owned(),
            "sabakan_assets_bytes_total 0".to_owned(),
            "sabakan_assets_items_total 0".to_owned(),
            "sabakan_images_bytes_total 0".to_owned(),
            "sabakan_images_items_total 0".to_owned(),
            "# TYPE sabakan_machine_status gauge".to_owned(),
            "# TYPE sabakan_api_request_count counter".to_owned(),
        ] {
            assert!(text.lines().any(|have| have == line), "{line}\nis not in\n{text}");
        }
        assert!(text.contains("process_resident_memory_bytes ") && text.contains("process_open_fds "));
    });
}

#[test]
fn metrics_have_a_port_of_their_own() {
    lab::run_one(async |_lab, server| {
        server.get("/metrics").await.expect(404);
        send(lab::client(OPERATOR).get(format!("http://{}:10081/api/v1/machines", lab::FIRST)))
            .await
            .expect(404);
    });
}

#[test]
fn health_and_version() {
    lab::run_one(async |lab, server| {
        let health = server.call(STRANGER, "GET", "/health", "").await.expect(200);
        assert_eq!(
            (health.text(), health.header("content-type")),
            ("{\"health\":\"healthy\"}\n", "application/json")
        );
        let version = server.call(STRANGER, "GET", "/version", "").await.expect(200);
        assert_eq!(version.text(), "{\"version\":\"3.1.9\"}\n");
        server.post("/health", "").await.expect(405);
        lab.etcd.kill_all();
        let health = server.call(STRANGER, "GET", "/health", "").await.expect(500);
        assert_eq!(health.text(), "{\"health\":\"unhealthy\"}\n");
    });
}
