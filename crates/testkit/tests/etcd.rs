//! The etcd that tests start is real.
#![allow(clippy::unwrap_used, reason = "tests")]

use testkit::etcd::Etcd;

#[tokio::test]
async fn one_member_starts_and_keeps_a_key_over_a_restart() {
    let etcd = Etcd::start().await;
    etcd.ctl(&["put", "a", "b"]);
    etcd.kill_all();
    etcd.restart_all().await;
    assert_eq!(etcd.ctl(&["get", "a", "--print-value-only"]).trim(), "b");
}

#[tokio::test]
async fn three_members_have_one_leader() {
    let etcd = Etcd::builder().members(3).start().await;
    let leader = etcd.leader().await;
    etcd.members()[leader].kill();
    let other = etcd.leader().await;
    assert_ne!(leader, other);
}

#[tokio::test]
async fn tls_and_a_backup() {
    let etcd = Etcd::builder().mutual_tls().start().await;
    etcd.ctl(&["put", "a", "old"]);
    let backup = etcd.backup().await;
    etcd.ctl(&["put", "a", "new"]);
    etcd.restore(&backup).await;
    assert_eq!(etcd.ctl(&["get", "a", "--print-value-only"]).trim(), "old");
}
