//! etcd loses a member, and is mended by CKE (row C3); then the drill of `ckecli etcd restore` (rows C4, C7): three control planes lose
//! their data, and one command brings the cluster back.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::print_stdout, reason = "a test says how long it took")]

use std::path::{Path, PathBuf};
use std::time::Instant;

use neco_cke_suite::site::{self, Site};
use serde_json::json;
use testkit::fleet::User;
use testkit::wait::holds;

const PLANES: [&str; 3] = ["cp1", "cp2", "cp3"];

#[test]
fn a_cluster_that_lost_its_data_comes_back_from_a_backup() {
    site::run(3, 0, async |site| {
        site.bring_up(User::Cke).await;
        site.wait_for_ready(3).await;
        site.apply(&note("before"));
        site.check_that_pods_work().await;
        a_member_stops(site).await;
        a_member_loses_its_data(site).await;
        let backup = back_up(site);
        site.kubectl(&["delete", "configmap", "before"]).unwrap();
        site.apply(&note("after"));

        what_cannot_be_restored_changes_nothing(site, &backup);
        lose_data(site);
        let started = Instant::now();
        let said = restore(site, &backup);
        println!("restored after {:?}:\n{said}", started.elapsed());

        testkit::wait::wait_for("the API server to answer", site::PATIENCE, async || {
            site.kubectl(&["get", "configmap", "before"])
        })
        .await;
        let gone = site.kubectl(&["get", "configmap", "after"]).unwrap_err();
        assert!(gone.contains("NotFound"), "{gone}");
        assert_eq!(site.ckecli(&["thaw"]).trim(), "it was not frozen");
        nothing_is_left_on_nodes(site);
        kubernetes_works(site).await;
    });
}

async fn a_member_stops(site: &mut Site) {
    let (began, last) = (Instant::now(), newest(site));
    site.fleet.node("cp2").unwrap().ssh("docker rm --force etcd").unwrap();
    is_done(site, last, "etcd-start").await;
    site.check_that_nothing_is_doubled(&PLANES, &[]);
    println!("a member that stopped: {:?}", began.elapsed());
}

/// The others are a quorum: it is removed, and the node joins anew.
async fn a_member_loses_its_data(site: &mut Site) {
    let (began, last) = (Instant::now(), newest(site));
    // CKE would start it between the two commands.
    site.ckecli(&["freeze", "a disk is exchanged"]);
    let lost = site.fleet.node("cp2").unwrap();
    lost.ssh("docker rm --force etcd && docker volume rm etcd-cke").unwrap();
    site.ckecli(&["thaw"]);
    is_done(site, last, "etcd-add-member").await;
    site.check_that_nothing_is_doubled(&PLANES, &[]);
    site.check_that_pods_work().await;
    println!("a member without data: {:?}", began.elapsed());
}

/// The number of a record.
fn number(record: &serde_json::Value) -> u64 {
    record["id"].as_str().unwrap().parse().unwrap()
}

fn newest(site: &Site) -> u64 {
    site.history().first().map_or(0, number)
}

/// Waits until an operation was completed after this record, and nothing is left to do.
async fn is_done(site: &mut Site, last: u64, operation: &str) {
    testkit::wait::wait_for(operation, site::PATIENCE, async || {
        let mut records = site.history();
        records.retain(|record| number(record) > last);
        let done = |record: &serde_json::Value| record["operation"] == operation && record["status"] == "completed";
        holds(records.iter().any(done), format!("{records:?}"))
    })
    .await;
    site.wait_for_completed().await;
}

fn note(name: &str) -> serde_json::Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}})
}

fn back_up(site: &Site) -> PathBuf {
    let folder = site.file("backups");
    site.ckecli(&["etcd", "local-backup", "--dir", folder.to_str().unwrap()]);
    let entry = std::fs::read_dir(folder).unwrap().next().unwrap().unwrap();
    entry.path()
}

fn what_cannot_be_restored_changes_nothing(site: &Site, backup: &Path) {
    let path = backup.to_str().unwrap();
    let plan = site.ckecli(&["etcd", "restore", "--dry-run", path]);
    assert!(
        plan.contains("remove the volume etcd-cke") && plan.contains("Nothing was changed."),
        "{plan}"
    );
    let (code, _, said) = site.try_ckecli(&["etcd", "restore", path]);
    assert!(code == Some(1) && said.contains("--yes"), "{said}");

    let mut bytes = std::fs::read(backup).unwrap();
    bytes[9000] ^= 1;
    let damaged = site.file("damaged");
    std::fs::write(&damaged, bytes).unwrap();
    let (code, _, said) = site.try_ckecli(&["etcd", "restore", "--yes", damaged.to_str().unwrap()]);
    assert!(code == Some(1) && said.contains("nothing was changed"), "{said}");

    // A control plane that does not answer is found before anything is stopped.
    let lost = site.fleet.node("cp3").unwrap();
    lost.cut_network().unwrap();
    let (code, _, said) = site.try_ckecli(&["etcd", "restore", "--yes", path]);
    lost.heal_network().unwrap();
    assert!(
        code == Some(1) && said.contains("nothing was changed") && said.contains(&lost.address()),
        "{said}"
    );
    assert!(said.contains("thawed CKE"), "{said}");
    lost.wait_until_up(site::PATIENCE).unwrap();
    site.kubectl(&["get", "configmap", "after"]).unwrap();
    assert_eq!(site.ckecli(&["thaw"]).trim(), "it was not frozen");
}

/// All at once, as with a bad script of an operator.
fn lose_data(site: &Site) {
    let script = "docker rm -f etcd && docker volume rm etcd-cke";
    std::thread::scope(|scope| {
        for node in site.fleet.nodes() {
            scope.spawn(|| node.ssh(script).unwrap());
        }
    });
}

fn restore(site: &Site, backup: &Path) -> String {
    let (code, out, said) = site.try_ckecli(&["etcd", "restore", "--yes", backup.to_str().unwrap()]);
    assert_eq!((code, out.trim()), (Some(0), "restored"), "{said}");
    assert!(said.contains("froze CKE") && said.contains("thawed CKE"), "{said}");
    said
}

/// Neither the backup, which has every Secret in it, nor the tool's container.
fn nothing_is_left_on_nodes(site: &Site) {
    for node in site.fleet.nodes() {
        let left = node
            .ssh("ls -A /var/lib/cke-etcd-restore; docker ps -a | grep etcdutl || true")
            .unwrap();
        assert_eq!(left, "", "{}", node.name());
    }
}

/// What was there goes on, and what is new is scheduled.
async fn kubernetes_works(site: &mut Site) {
    site.wait_for_completed().await;
    site.wait_for_ready(3).await;
    site.kubectl(&["delete", "pods", "--selector=app=web"]).unwrap();
    site.check_that_pods_work().await;
    testkit::wait::wait_for("all members to be there", site::PATIENCE, async || {
        let plan = site.ckecli_json(&["plan", "--output", "json"]);
        holds(plan["plan"]["phase"] == "completed", plan)
    })
    .await;
}
