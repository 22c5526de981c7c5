//! What the tests share: a client of a real etcd.
#![allow(dead_code, reason = "not every test uses all of it")]
#![allow(clippy::expect_used, reason = "tests")]

use neco_etcd::{Config, Etcd};
use testkit::etcd::Etcd as Server;

pub(crate) const PREFIX: &str = "/sabakan/";

pub(crate) fn config(endpoints: Vec<String>) -> Config {
    Config {
        endpoints,
        ..Config::new(PREFIX)
    }
}

pub(crate) async fn client(server: &Server) -> Etcd {
    connect(server.endpoints()).await
}

pub(crate) async fn connect(endpoints: Vec<String>) -> Etcd {
    let _ = tracing_subscriber::fmt()
        .with_test_writer()
        .with_max_level(tracing::Level::DEBUG)
        .try_init();
    Etcd::connect(&config(endpoints)).await.expect("connect to etcd")
}

/// A client that began with this member: members are tried in turn from where the process id points.
pub(crate) async fn connect_first(endpoints: &[String], first: usize) -> Etcd {
    let mut endpoints = endpoints.to_vec();
    let count = endpoints.len();
    let start = std::process::id() as usize % count;
    endpoints.rotate_left((first + count - start) % count);
    connect(endpoints).await
}
