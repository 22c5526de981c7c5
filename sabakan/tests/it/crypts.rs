//! Disk keys on the TLS port.

use crate::lab::{self, OPERATOR, send};

#[test]
fn a_key_is_stored_once_and_given_back() {
    lab::run_one(async |_lab, server| {
        server.register(&[("a", 0, "cs")]).await;
        let missing = server.get("/api/v1/crypts/a/sda").await.expect(404);
        assert_eq!(missing.header("x-sabakan-key-state"), "never");
        let stored = server
            .put("/api/v1/crypts/a/sda", b"\x00\xffkey".to_vec())
            .await
            .expect(201);
        assert_eq!(stored.text(), "{\"path\":\"sda\",\"status\":201}\n");
        let key = server.get("/api/v1/crypts/a/sda").await.expect(200);
        assert_eq!(
            (key.bytes.as_slice(), key.header("content-type")),
            (&b"\x00\xffkey"[..], "application/octet-stream")
        );
        server.put("/api/v1/crypts/a/sda", "other").await.expect(409);
        server.put("/api/v1/crypts/a/sdb", "").await.expect(400);
        server.put("/api/v1/crypts/a/sdb", "x".repeat(4097)).await.expect(413);
        server.put("/api/v1/crypts/nobody/sda", "key").await.expect(404);
        server.put("/api/v1/crypts/a/..", "key").await.expect(404);
        server.get("/api/v1/crypts/a").await.expect(400);
        server.delete("/api/v1/crypts/a").await.expect(500);
        server.set_states("a", &["retiring"]).await;
        assert_eq!(
            server.delete("/api/v1/crypts/a").await.expect(200).text(),
            "[\"sda\"]\n"
        );
        let gone = server.get("/api/v1/crypts/a/sda").await.expect(404);
        assert_eq!(gone.header("x-sabakan-key-state"), "deleted");
    });
}

#[test]
fn keys_are_on_the_tls_port_alone_and_little_else_is() {
    lab::run_one(async |_lab, server| {
        server.register(&[("a", 0, "cs")]).await;
        let plain = lab::client(OPERATOR).get(format!("http://{}:10080/api/v1/crypts/a/sda", lab::FIRST));
        send(plain).await.expect(404);
        for path in [
            "/api/v1/machines",
            "/graphql",
            "/playground",
            "/api/v1/logs",
            "/metrics",
        ] {
            let tls = lab::client(OPERATOR).get(format!("https://{}:10443{path}", lab::FIRST));
            send(tls).await.expect(404);
        }
    });
}
