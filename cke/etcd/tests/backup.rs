//! Backups of a real etcd, and the drill: from a backup to a healthy cluster that has forgotten what came after it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod common;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use cke_etcd::restore::{RestoreStep, plan};
use cke_etcd::{Backup, SnapshotError, verify};
use cke_model::{Cluster, Node};
use common::root;
use jiff::Timestamp;
use testkit::etcd::{Etcd, tool};
use testkit::wait::{PATIENCE, holds, wait_for};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

async fn back_up(etcd: &Etcd, folder: &Path, keep: usize, now: &str) -> Backup {
    root(etcd).back_up(folder, keep, at(now)).await.unwrap()
}

#[tokio::test]
async fn a_backup_is_private_whole_and_the_oldest_go() {
    let etcd = Etcd::builder().members(3).as_cke(0).start().await;
    root(&etcd).set_up_auth().await.unwrap();
    // A dead member is passed over.
    etcd.members()[0].kill();
    let base = tempfile::tempdir().unwrap();
    let folder = base.path().join("made/here");
    let first = back_up(&etcd, &folder, 2, "2026-11-22T17:13:30Z").await;
    assert_eq!(first.path, folder.join("etcd-20261122-171330.backup"));
    let meta = fs::metadata(&first.path).unwrap();
    assert_eq!(meta.permissions().mode() & 0o777, 0o600);
    assert_eq!(meta.len(), first.bytes);
    verify(&first.path).unwrap();
    let status = Command::new(tool("etcdutl"))
        .args(["snapshot", "status"])
        .arg(&first.path)
        .output()
        .unwrap();
    assert!(status.status.success(), "{status:?}");

    fs::write(folder.join("etcd-notes.txt"), "mine").unwrap();
    assert_eq!(
        back_up(&etcd, &folder, 2, "2026-11-23T00:00:00Z").await.removed,
        Vec::<String>::new()
    );
    let third = back_up(&etcd, &folder, 2, "2026-11-24T00:00:00Z").await;
    assert_eq!(third.removed, ["etcd-20261122-171330.backup"]);
    let expected = [
        "etcd-20261123-000000.backup",
        "etcd-20261124-000000.backup",
        "etcd-notes.txt",
    ];
    assert_eq!(names(&folder), expected);
}

#[tokio::test]
async fn a_backup_that_fails_leaves_nothing_and_removes_nothing() {
    let etcd = Etcd::builder().members(1).as_cke(0).start().await;
    let folder = tempfile::tempdir().unwrap();
    back_up(&etcd, folder.path(), 1, "2026-11-22T00:00:00Z").await;
    let cluster = root(&etcd);
    etcd.kill_all();
    let error = cluster
        .back_up(folder.path(), 1, at("2026-11-23T00:00:00Z"))
        .await
        .unwrap_err();
    assert!(matches!(error, SnapshotError::Etcd(_)), "{error}");
    assert_eq!(names(folder.path()), ["etcd-20261122-000000.backup"]);
    etcd.restart_all().await;
    let file = folder.path().join("etcd-20261122-000000.backup");
    let error = cluster.back_up(&file, 1, at("2026-11-23T00:00:00Z")).await.unwrap_err();
    assert!(matches!(error, SnapshotError::NotAFolder(_)), "{error}");
}

#[tokio::test]
async fn a_damaged_backup_is_told() {
    let etcd = Etcd::builder().members(1).as_cke(0).start().await;
    let folder = tempfile::tempdir().unwrap();
    let backup = back_up(&etcd, folder.path(), 1, "2026-11-22T00:00:00Z").await;
    let mut bytes = fs::read(&backup.path).unwrap();
    bytes[5000] ^= 1;
    fs::write(&backup.path, &bytes).unwrap();
    let error = verify(&backup.path).unwrap_err();
    assert!(error.to_string().contains("checksum"), "{error}");
    fs::write(&backup.path, &bytes[..bytes.len() - 40]).unwrap();
    assert!(verify(&backup.path).unwrap_err().to_string().contains("length"));
    fs::write(&backup.path, "").unwrap();
    assert!(verify(&backup.path).is_err());
}

fn cluster_of(etcd: &Etcd) -> Cluster {
    let nodes = etcd.members().iter().map(|member| Node {
        address: member.name().to_owned(),
        control_plane: true,
        ..Node::default()
    });
    Cluster {
        nodes: nodes.collect(),
        ..Cluster::default()
    }
}

/// Does on this host what a step does on nodes: the tool of the plan, with its paths moved.
fn apply(step: &RestoreStep, etcd: &Etcd, backup: &Path) {
    let RestoreStep::RunTool(run) = step else {
        return;
    };
    let member = etcd.members().iter().find(|m| m.name() == run.node).unwrap();
    let data = member.data().display().to_string();
    let moved = |argument: &String| {
        let argument = argument.replace("/backup/snapshot.db", &backup.display().to_string());
        argument.replace("--data-dir=/var/lib/etcd", &format!("--data-dir={data}"))
    };
    let output = Command::new(tool("etcdutl"))
        .args(run.command.iter().map(moved))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// The drill: three members lose everything; the plan's own commands make them anew.
#[tokio::test]
async fn a_cluster_comes_back_from_a_backup() {
    let etcd = Etcd::builder().members(3).as_cke(0).start().await;
    let cluster = root(&etcd);
    cluster.set_up_auth().await.unwrap();
    etcd.ctl(&["put", "/registry/a", "before"]);
    let folder = tempfile::tempdir().unwrap();
    let backup = back_up(&etcd, folder.path(), 1, "2026-11-22T00:00:00Z").await;
    etcd.ctl(&["put", "/registry/a", "after"]);
    etcd.ctl(&["put", "/registry/b", "after"]);
    let before = cluster.status().await.unwrap();

    let plan = plan(&cluster_of(&etcd), "etcd", "/var/lib/cke/restore").unwrap();
    etcd.kill_all();
    etcd.members().iter().for_each(testkit::etcd::Member::lose_data);
    plan.steps.iter().for_each(|step| apply(step, &etcd, &backup.path));
    etcd.restart_all().await;

    cluster.wait_until_serving(true).await.unwrap();
    let value = etcd.ctl(&["get", "--print-value-only", "/registry/a"]);
    assert_eq!(value.trim(), "before");
    assert_eq!(etcd.ctl(&["get", "/registry/b"]), "");
    let after = wait_for("all members to be in sync", PATIENCE, || async {
        let status = cluster.status().await.map_err(|e| e.to_string())?;
        holds(status.in_sync.len() == 3, format!("{:?}", status.in_sync)).map(|()| status)
    })
    .await;
    assert_eq!(
        after.members.keys().collect::<Vec<_>>(),
        before.members.keys().collect::<Vec<_>>()
    );
    assert_eq!(
        cluster.roles_of("root").await.unwrap(),
        ["root"],
        "users came back, too"
    );
    let head = etcd.ctl(&["get", "/registry/a", "-w", "json"]);
    assert!(
        head.contains("\"revision\":10000000"),
        "watchers of the lost future start anew: {head}"
    );
}
