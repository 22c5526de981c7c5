//! Users with tokens that expire, and TLS with certificates on both sides.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod common;

use std::time::Duration;

use common::{PREFIX, config};
use neco_etcd::{Config, Error, Etcd, Txn, WatchItem};
use testkit::etcd::Etcd as Server;
use testkit::wait::PATIENCE;

fn with_user(server: &Server, name: &str, password: &str) -> Config {
    Config {
        username: name.to_owned(),
        password: password.into(),
        ..config(server.endpoints())
    }
}

#[tokio::test]
async fn a_token_that_etcd_no_longer_knows_is_renewed() {
    let mut server = Server::start().await;
    server.enable_auth("sabakan", "secret", PREFIX);
    let etcd = Etcd::connect(&with_user(&server, "sabakan", "secret")).await.unwrap();
    let start = etcd.put("a", "1").await.unwrap();
    let mut watch = etcd.watch("", start);
    // Tokens live in etcd's memory: after a restart ours is as unknown as one that expired.
    server.kill_all();
    server.restart_all().await;
    assert_eq!(etcd.get("a").await.unwrap().unwrap().value, b"1");
    let last = etcd
        .commit(Txn::new().if_exists("a").put("a", "2"))
        .await
        .unwrap()
        .revision;
    let seen = tokio::time::timeout(PATIENCE, async {
        loop {
            match watch.next().await.unwrap() {
                WatchItem::Events { revision, .. } if revision >= last => return,
                WatchItem::Events { .. } => {}
                WatchItem::Resync(snapshot) => panic!("{snapshot:?}"),
            }
        }
    });
    seen.await.unwrap();
    let lease = etcd.grant_lease(Duration::from_secs(30)).await.unwrap();
    etcd.keep_lease_alive(lease.id()).await.unwrap();
}

#[tokio::test]
async fn many_requests_after_a_change_of_rights_all_pass() {
    let mut server = Server::start().await;
    server.enable_auth("sabakan", "secret", PREFIX);
    let etcd = Etcd::connect(&with_user(&server, "sabakan", "secret")).await.unwrap();
    // This makes the auth store's revision newer than the token's.
    server.ctl(&["user", "add", "somebody:else"]);
    let all = (0..50).map(|n| {
        let etcd = etcd.clone();
        tokio::spawn(async move { etcd.put(&format!("k/{n}"), "v").await })
    });
    for one in all.collect::<Vec<_>>() {
        one.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn refusals_are_told_apart() {
    let mut server = Server::start().await;
    server.enable_auth("sabakan", "secret", PREFIX);
    let wrong = Etcd::connect(&with_user(&server, "sabakan", "wrong"))
        .await
        .unwrap_err();
    assert!(matches!(wrong, Error::Auth { .. }), "{wrong:?}");
    assert!(!format!("{wrong:?} {wrong}").contains("wrong password"));
    let nobody = Etcd::connect(&config(server.endpoints())).await.unwrap_err();
    assert!(matches!(nobody, Error::Auth { .. }), "{nobody:?}");

    let elsewhere = Config {
        prefix: Some("/cke/".to_owned()),
        ..with_user(&server, "sabakan", "secret")
    };
    let denied = Etcd::connect(&elsewhere).await.unwrap_err();
    assert!(matches!(denied, Error::PermissionDenied { .. }), "{denied:?}");
    assert!(!denied.is_unavailable());
    let etcd = Etcd::lazy(&elsewhere).await.unwrap();
    let watched = tokio::time::timeout(PATIENCE, async { etcd.watch("", 1).next().await });
    let watched = watched.await.unwrap();
    assert!(matches!(watched, Err(Error::PermissionDenied { .. })), "{watched:?}");
}

#[tokio::test]
async fn a_user_is_no_harm_where_auth_is_off() {
    let mut server = Server::start().await;
    let etcd = Etcd::connect(&with_user(&server, "sabakan", "secret")).await.unwrap();
    etcd.put("a", "1").await.unwrap();
    server.enable_auth("sabakan", "secret", PREFIX);
    // Turned on while we run: the first request without a token takes one.
    etcd.put("a", "2").await.unwrap();
}

#[tokio::test]
async fn mutual_tls_from_files_and_inline() {
    let server = Server::builder().mutual_tls().members(3).start().await;
    let tls = server.tls();
    let path = |p: &std::path::Path| p.to_str().unwrap().to_owned();
    let text = |p: &std::path::Path| std::fs::read_to_string(p).unwrap();
    let files = Config {
        tls_ca_file: path(&tls.ca),
        tls_cert_file: path(&tls.client_cert),
        tls_key_file: path(&tls.client_key),
        ..config(server.endpoints())
    };
    let etcd = Etcd::connect(&files).await.unwrap();
    etcd.put("a", "1").await.unwrap();
    server.members()[server.leader().await].kill();
    assert_eq!(etcd.get("a").await.unwrap().unwrap().value, b"1");

    let inline = Config {
        tls_ca: text(&tls.ca),
        tls_cert: text(&tls.client_cert),
        tls_key: text(&tls.client_key).into(),
        ..config(server.endpoints())
    };
    assert!(!format!("{inline:?}").contains("PRIVATE KEY"));
    Etcd::connect(&inline).await.unwrap();
}

#[tokio::test]
async fn a_stranger_is_refused_on_either_side() {
    let server = Server::builder().mutual_tls().start().await;
    let ca_only = Config {
        tls_ca_file: server.tls().ca.to_str().unwrap().to_owned(),
        ..config(server.endpoints())
    };
    let unknown_client = Etcd::connect(&ca_only).await.unwrap_err();
    assert!(unknown_client.is_unavailable(), "{unknown_client:?}");
    // Without a CA the system's certificates decide, and they do not know this one.
    let unknown_server = Etcd::connect(&config(server.endpoints())).await.unwrap_err();
    let text = format!("{unknown_server:?}");
    assert!(text.contains("UnknownIssuer"), "{text}");
}

#[tokio::test]
async fn plain_tls_without_a_client_certificate() {
    let server = Server::builder().tls().start().await;
    let ca_only = Config {
        tls_ca_file: server.tls().ca.to_str().unwrap().to_owned(),
        // Without a scheme TLS is used when TLS is configured, as in Go's client.
        endpoints: server.members().iter().map(|m| m.address()).collect(),
        ..config(vec![])
    };
    Etcd::connect(&ca_only).await.unwrap();
}
