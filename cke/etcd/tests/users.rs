//! Users, roles and authentication by the common names of certificates.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod common;

use cke_etcd::Error;
use cke_model::Action;
use common::{root, user};
use etcd_client::Client;
use neco_etcd::{Config, single_client};
use testkit::etcd::Etcd;

async fn client(etcd: &Etcd, name: &str) -> Client {
    let credentials = user(etcd, name);
    let config = Config {
        endpoints: etcd.endpoints(),
        tls_ca: credentials.server_ca,
        tls_cert: credentials.certificate,
        tls_key: credentials.key.clone(),
        ..Config::new("")
    };
    single_client(&config).await.unwrap()
}

async fn may_write(etcd: &Etcd, name: &str, key: &str) -> bool {
    client(etcd, name)
        .await
        .kv_client()
        .put(key, "value", None)
        .await
        .is_ok()
}

#[tokio::test]
async fn authentication_is_set_up_once_and_again() {
    let etcd = Etcd::builder().members(1).as_cke(0).start().await;
    let cluster = root(&etcd);
    let set_up = Action::EtcdSetupAuth {
        endpoints: etcd.endpoints(),
    };
    cluster.apply(&set_up).await.unwrap();
    assert!(may_write(&etcd, "kube-apiserver", "/registry/pods/a").await);
    assert!(!may_write(&etcd, "nobody", "/registry/pods/a").await);
    assert_eq!(cluster.roles_of("root").await.unwrap(), ["root"]);
    let mut roles = cluster.roles_of("kube-apiserver").await.unwrap();
    roles.sort();
    assert_eq!(roles, ["kube-apiserver", "root"]);
    // Only root compacts, and the API server is the one who does it.
    let api_server = client(&etcd, "kube-apiserver").await;
    api_server.kv_client().compact(1, None).await.unwrap();
    cluster.apply(&set_up).await.expect("what is set up stays set up");
    assert!(
        cluster.status().await.unwrap().healthy,
        "root goes on with authentication on"
    );
}

#[tokio::test]
async fn a_set_up_that_broke_off_is_completed() {
    let etcd = Etcd::builder().members(1).as_cke(0).start().await;
    etcd.ctl(&["user", "add", "root:x"]);
    etcd.ctl(&["user", "add", "kube-apiserver:x"]);
    etcd.ctl(&["role", "add", "kube-apiserver"]);
    root(&etcd).set_up_auth().await.unwrap();
    assert!(may_write(&etcd, "kube-apiserver", "/registry/pods/a").await);
}

#[tokio::test]
async fn an_application_gets_its_prefix_and_no_more() {
    let etcd = Etcd::builder().members(1).as_cke(0).start().await;
    let cluster = root(&etcd);
    cluster.set_up_auth().await.unwrap();
    cluster.add_user("app", "/app/").await.unwrap();
    assert!(may_write(&etcd, "app", "/app/a").await);
    assert!(!may_write(&etcd, "app", "/registry/pods/a").await);
    let twice = cluster.add_user("app", "/").await.unwrap_err();
    assert!(matches!(twice, Error::UserExists(_)), "{twice}");
    assert!(!may_write(&etcd, "app", "/other").await, "its rights did not grow");
    for name in ["", "root", "backup"] {
        let error = cluster.add_user(name, "/x/").await.unwrap_err();
        assert_eq!(error.to_string(), format!("bad etcd username: {name}"));
    }
    let error = cluster.add_user("other", "").await.unwrap_err();
    assert!(matches!(error, Error::BadPrefix(_)), "{error}");
    assert!(cluster.roles_of("other").await.is_err());
}

#[tokio::test]
async fn a_user_who_was_left_without_rights_gets_them() {
    let etcd = Etcd::builder().members(1).as_cke(0).start().await;
    let cluster = root(&etcd);
    etcd.ctl(&["user", "add", "app:x"]);
    cluster.set_up_auth().await.unwrap();
    cluster.add_user("app", "/app/").await.unwrap();
    assert!(may_write(&etcd, "app", "/app/a").await);
}
