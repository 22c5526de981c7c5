//! The server of Vault's API comes up, loses its memory or keeps it, and can be disturbed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use serde_json::{Value, json};
use testkit::vault::Vault;

#[tokio::test]
async fn a_durable_server_remembers_after_a_kill() {
    let vault = Vault::builder().durable().start().await;
    let mount = json!({"type": "kv", "options": {"version": "1"}});
    vault.request("POST", "sys/mounts/kept", &mount).await;
    vault.kill();
    vault.restart().await;
    let mounts = vault.request("GET", "sys/mounts", &Value::Null).await;
    assert!(mounts["data"]["kept/"].is_object(), "{mounts}");
}

#[tokio::test]
async fn a_sealed_server_says_so_and_serves_again() {
    let vault = Vault::builder().tls().start().await;
    vault.seal().await;
    let status = vault.request("GET", "sys/seal-status", &Value::Null).await;
    assert_eq!(status["sealed"], true);
    vault.unseal().await;
    assert!(vault.url().starts_with("https://127."), "{}", vault.url());
    assert!(vault.ca_pem().contains("BEGIN CERTIFICATE"));
}
