//! A login is kept good, and what goes wrong with it is told apart.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod common;

use std::collections::BTreeMap;
use std::time::Duration;

use common::{admin, endpoint};
use neco_vault::{AppRole, AppRoleOptions, Endpoint, Error, Health, Login, Mount, Secret, Vault};
use serde_json::{Value, json};
use testkit::proxy::Proxy;
use testkit::vault::Vault as Server;
use testkit::wait::{PATIENCE, holds, wait_for};

/// The name of the role and of its policy.
const ROLE: &str = "cke";

const POLICY: &str = r#"path "cke/*" { capabilities = ["create", "read", "update", "delete", "list", "sudo"] }"#;

/// Makes CKE's role; its tokens live for `period`.
async fn app_role(server: &Server, period: &str) -> AppRole {
    let admin = admin(server).await;
    admin.enable_auth("approle", "approle").await.unwrap();
    admin.put_policy(ROLE, POLICY).await.unwrap();
    let options = AppRoleOptions {
        policies: ROLE.to_owned(),
        period: period.to_owned(),
    };
    admin.put_app_role(ROLE, &options).await.unwrap();
    admin.new_credentials(ROLE).await.unwrap()
}

async fn mount_kv(server: &Server) {
    let mount = Mount {
        kind: "kv".to_owned(),
        options: BTreeMap::from([("version".to_owned(), "1".to_owned())]),
        ..Mount::default()
    };
    admin(server).await.mount("cke/secrets", &mount).await.unwrap();
}

async fn wait_for_grants(vault: &Vault, count: u64) {
    wait_for("the login to be renewed", PATIENCE, || async {
        let grants = vault.grants();
        holds(grants >= count, format!("{grants} grants, {:?}", vault.trouble()))
    })
    .await;
}

#[tokio::test]
async fn a_short_lived_token_is_renewed_in_the_background() {
    let server = Server::start().await;
    mount_kv(&server).await;
    let vault = Vault::login(&endpoint(&server), app_role(&server, "2s").await)
        .await
        .unwrap();
    // Three lives of the token, none of them noticed.
    wait_for_grants(&vault, 4).await;
    assert_eq!(vault.kv_read("cke/secrets/ssh").await.unwrap(), None);
    assert_eq!(vault.trouble(), None);
}

#[tokio::test]
async fn a_revoked_token_is_replaced_at_the_next_request() {
    let server = Server::start().await;
    mount_kv(&server).await;
    let vault = Vault::login(&endpoint(&server), app_role(&server, "1h").await)
        .await
        .unwrap();
    server
        .request("PUT", "sys/leases/revoke-prefix/auth/approle/login", &json!({}))
        .await;
    let values = BTreeMap::from([("a".to_owned(), Secret::from("b"))]);
    vault.kv_write("cke/secrets/ssh", &values).await.unwrap();
    assert_eq!(vault.kv_read("cke/secrets/ssh").await.unwrap(), Some(values));
    assert_eq!(vault.grants(), 2);
}

#[tokio::test]
async fn many_requests_with_a_revoked_token_log_in_once() {
    let server = Server::start().await;
    mount_kv(&server).await;
    let vault = Vault::login(&endpoint(&server), app_role(&server, "1h").await)
        .await
        .unwrap();
    server
        .request("PUT", "sys/leases/revoke-prefix/auth/approle/login", &json!({}))
        .await;
    let reads = (0..10).map(|_| {
        let vault = vault.clone();
        tokio::spawn(async move { vault.kv_read("cke/secrets/ssh").await })
    });
    for read in reads.collect::<Vec<_>>() {
        assert_eq!(read.await.unwrap().unwrap(), None);
    }
    assert_eq!(vault.grants(), 2);
}

#[tokio::test]
async fn a_secret_that_was_taken_away_is_a_refused_login() {
    let server = Server::start().await;
    let role = app_role(&server, "1h").await;
    let vault = Vault::login(&endpoint(&server), role.clone()).await.unwrap();
    server
        .request("DELETE", &format!("auth/approle/role/{ROLE}"), &Value::Null)
        .await;
    let refused = Vault::login(&endpoint(&server), role).await.unwrap_err();
    assert!(matches!(refused, Error::LoginRefused { .. }), "{refused}");
    server
        .request("PUT", "sys/leases/revoke-prefix/auth/approle/login", &json!({}))
        .await;
    let refused = vault.kv_read("cke/secrets/ssh").await.unwrap_err();
    assert!(
        matches!(refused, Error::LoginRefused { .. }) && refused.is_denied(),
        "{refused}"
    );
}

#[tokio::test]
async fn a_bad_token_and_a_narrow_policy_are_told_apart() {
    let server = Server::start().await;
    let stranger = Vault::with_token(&endpoint(&server), "s.nobody").await.unwrap();
    let bad = stranger.mounts().await.unwrap_err();
    assert!(matches!(bad, Error::TokenInvalid { .. }), "{bad}");
    let cke = Vault::login(&endpoint(&server), app_role(&server, "1h").await)
        .await
        .unwrap();
    let narrow = cke.mounts().await.unwrap_err();
    assert!(matches!(narrow, Error::PermissionDenied { .. }), "{narrow}");
    assert_eq!(narrow.to_string(), "vault denied permission: list mounts sys/mounts");
    assert_eq!(cke.grants(), 1, "a good token is not replaced");
}

#[tokio::test]
async fn a_sealed_server_is_said_to_be_and_serves_again() {
    let server = Server::start().await;
    mount_kv(&server).await;
    let role = app_role(&server, "1h").await;
    let vault = Vault::login(&endpoint(&server), role.clone()).await.unwrap();
    server.seal().await;
    for error in [
        vault.kv_read("cke/secrets/ssh").await.unwrap_err(),
        Vault::login(&endpoint(&server), role).await.unwrap_err(),
    ] {
        assert!(
            matches!(error, Error::Sealed { .. }) && error.is_unavailable(),
            "{error}"
        );
    }
    let health = Health::of(&endpoint(&server)).await.unwrap();
    assert!(
        health.sealed && health.initialized && health.server_time > 0,
        "{health:?}"
    );
    server.unseal().await;
    assert_eq!(vault.kv_read("cke/secrets/ssh").await.unwrap(), None);
    assert!(!vault.health().await.unwrap().sealed);
}

#[tokio::test]
async fn an_outage_longer_than_a_tokens_life_ends_in_a_new_login() {
    let server = Server::start().await;
    mount_kv(&server).await;
    let role = app_role(&server, "2s").await;
    let proxy = Proxy::start(server.address()).await;
    let endpoint = Endpoint::new(&format!("http://{}", proxy.address()));
    let vault = Vault::login(&endpoint, role).await.unwrap();
    proxy.cut();
    let error = vault.kv_read("cke/secrets/ssh").await.unwrap_err();
    assert!(matches!(error, Error::Unreachable { .. }), "{error}");
    // It has been noticed in the background; meanwhile the token ends.
    wait_for("trouble to be noticed", PATIENCE, || async {
        vault.trouble().ok_or("none yet")
    })
    .await;
    let lapsed = || async {
        let accessors = server
            .request("GET", "auth/token/accessors?list=true", &Value::Null)
            .await;
        let count = accessors["data"]["keys"].as_array().map_or(0, Vec::len);
        holds(count == 1, format!("{count} tokens live, of them one is root's"))
    };
    wait_for("the token to end", PATIENCE, lapsed).await;
    proxy.heal();
    wait_for_grants(&vault, 2).await;
    assert_eq!(vault.kv_read("cke/secrets/ssh").await.unwrap(), None);
}

#[tokio::test]
async fn a_slow_server_costs_the_configured_time() {
    let server = Server::start().await;
    let endpoint = endpoint(&server).with_timeout(Duration::from_millis(300));
    let vault = Vault::with_token(&endpoint, server.root_token()).await.unwrap();
    let answered = || async { vault.mounts().await.map_err(|error| error.to_string()) };
    wait_for("a quick answer", PATIENCE, answered).await;
    server.freeze();
    let error = vault.mounts().await.unwrap_err();
    assert!(
        matches!(error, Error::Timeout { .. } | Error::Unreachable { .. }),
        "{error}"
    );
    assert!(error.is_unavailable());
    server.thaw();
    wait_for("a quick answer again", PATIENCE, answered).await;
}

#[tokio::test]
async fn a_person_logs_in_with_a_password() {
    let server = Server::start().await;
    admin(&server).await.enable_auth("userpass", "userpass").await.unwrap();
    server
        .request("POST", "auth/userpass/users/me", &json!({"password": "open sesame"}))
        .await;
    let login = |password: &str| Login::UserPass {
        user: "me".to_owned(),
        password: password.into(),
    };
    Vault::connect(&endpoint(&server), login("open sesame")).await.unwrap();
    let refused = Vault::connect(&endpoint(&server), login("guess")).await.unwrap_err();
    assert!(matches!(refused, Error::LoginRefused { .. }), "{refused}");
}

#[tokio::test]
async fn only_the_given_authority_vouches_for_a_server() {
    let server = Server::builder().tls().start().await;
    let trusted = endpoint(&server).with_ca(server.ca_pem());
    let vault = Vault::with_token(&trusted, server.root_token()).await.unwrap();
    vault.mounts().await.unwrap();
    let stranger = Vault::with_token(&endpoint(&server), server.root_token())
        .await
        .unwrap();
    let error = stranger.mounts().await.unwrap_err();
    assert!(matches!(error, Error::Unreachable { .. }), "{error}");
    let broken = Vault::with_token(&endpoint(&server).with_ca("no PEM"), "t").await;
    assert!(matches!(broken, Err(Error::NoCa)));
}

#[tokio::test]
async fn bad_urls_are_named() {
    for url in ["", "10.0.0.1:8200", "ftp://10.0.0.1", "http://"] {
        let error = Vault::with_token(&Endpoint::new(url), "t").await.unwrap_err();
        assert!(matches!(error, Error::Url { .. }), "{url}: {error}");
    }
}

#[tokio::test]
async fn nothing_shows_a_secret() {
    let server = Server::start().await;
    let role = AppRole {
        role_id: "role".to_owned(),
        secret_id: "very-secret".into(),
    };
    assert!(!format!("{role:?}").contains("very-secret"));
    let vault = Vault::with_token(&endpoint(&server), "s.very-secret").await.unwrap();
    assert!(!format!("{vault:?}").contains("very-secret"));
    let error = vault.mounts().await.unwrap_err();
    assert!(!format!("{error:?} {error}").contains("very-secret"));
}
