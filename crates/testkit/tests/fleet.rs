//! Fleets: nodes that are machines to whoever works on them, and that leave nothing behind.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::path::{Path, PathBuf};
use std::time::Duration;

use cke_model::images::Images;
use testkit::fleet::{Fleet, Node, PATIENCE, Role, User, images};
use testkit::wait::{holds, wait_for_blocking};

#[test]
fn nodes_run_containers_reboot_and_lose_power() {
    let fleet = Fleet::builder().start().unwrap();
    let names: Vec<(&str, Role)> = fleet.nodes().iter().map(|node| (node.name(), node.role())).collect();
    assert_eq!(names, [("cp1", Role::ControlPlane), ("w1", Role::Worker)]);
    let (cp1, w1) = (fleet.node("cp1").unwrap(), fleet.node("w1").unwrap());

    both_users_run_containers(cp1);
    w1.ssh("ping -c 1 -W 2 cp1").unwrap();

    cp1.ssh("echo kept >/etc/kept; docker run -d --name stays --restart=always --net=host localhost/workload:1")
        .unwrap();
    cp1.reboot().unwrap();
    assert_eq!((cp1.boots(), w1.boots()), (2, 1));
    assert_eq!(cp1.ssh("cat /etc/kept").unwrap(), "kept\n", "the disk stays");
    wait_for_blocking("the container to run again", PATIENCE, || {
        let running = cp1.ssh("docker ps -q --filter name=stays").unwrap();
        holds(running.trim().len() == 12, running)
    });

    w1.cut_power().unwrap();
    assert!(!w1.has_power());
    cp1.ssh("! ping -c 1 -W 1 w1").unwrap();
    w1.renew_host_key().unwrap();
    w1.restore_power().unwrap();
    w1.wait_until_up(PATIENCE).unwrap();
    assert_eq!(w1.boots(), 2);
}

fn both_users_run_containers(node: &Node) {
    let image = Images::default().kubernetes;
    let privileged = format!("docker run --rm --privileged --net=host --pid=host -v /:/host {image} kubelet --version");
    let version = node.ssh(&privileged).unwrap();
    assert_eq!(version, "Kubernetes v1.35.5\n");
    let by_cke = node
        .ssh_as(User::Cke, &format!("id -u; {privileged}; sudo id -u"))
        .unwrap();
    assert_eq!(by_cke, "1000\nKubernetes v1.35.5\n0\n");
    let listed = node
        .ssh("docker images --no-trunc --format '{{.ID}} {{.Repository}}:{{.Tag}}'")
        .unwrap();
    for (name, image) in images::loaded().unwrap() {
        assert!(
            listed.contains(&format!("sha256:{} {name}", image.id)),
            "{name} in\n{listed}"
        );
    }
}

#[test]
fn a_cut_network_heals_and_stays_cut_through_a_reboot() {
    let fleet = Fleet::builder().start().unwrap();
    let (cp1, w1) = (fleet.node("cp1").unwrap(), fleet.node("w1").unwrap());
    w1.cut_network().unwrap();
    cp1.ssh("! ping -c 1 -W 1 w1").unwrap();
    w1.cut_power().unwrap();
    w1.restore_power().unwrap();
    w1.wait_for_boot(1).unwrap();
    assert!(w1.wait_until_up(Duration::from_secs(2)).is_err(), "it is cut still");
    w1.heal_network().unwrap();
    w1.wait_until_up(PATIENCE).unwrap();
    cp1.ssh("ping -c 1 -W 2 w1").unwrap();
}

#[test]
fn two_fleets_live_side_by_side_and_leave_nothing() {
    let mut traces = Vec::new();
    std::thread::scope(|scope| {
        let start = || Fleet::builder().workers(0).without_images().start().unwrap();
        let (other, fleet) = (scope.spawn(start), start());
        let other = other.join().unwrap();
        assert_eq!(fleet.nodes()[0].address(), other.nodes()[0].address());
        fleet.nodes()[0].ssh("echo one >/etc/which").unwrap();
        other.nodes()[0].ssh("! test -e /etc/which").unwrap();
        for fleet in [&fleet, &other] {
            let layout = fleet.layout();
            assert!(fleet.boot().run(|| Path::new("/proc/self/ns/net").exists()));
            traces.push((layout.id.clone(), layout.dir()));
        }
        assert!(!remains(&traces).is_empty(), "the test sees what it looks for");
    });
    assert_eq!(remains(&traces), Vec::<PathBuf>::new());
    let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap();
    assert!(
        !traces.iter().any(|(_, dir)| mounts.contains(dir.to_str().unwrap())),
        "{mounts}"
    );
}

/// Folders, namespaces and cgroups of these fleets.
fn remains(fleets: &[(String, PathBuf)]) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = fleets
        .iter()
        .map(|(_, dir)| dir.clone())
        .filter(|dir| dir.exists())
        .collect();
    let mut places = vec![PathBuf::from("/run/netns")];
    places.extend(entries(Path::new("/sys/fs/cgroup")));
    let all = places.iter().flat_map(|place| entries(place));
    found.extend(all.filter(|path| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        fleets.iter().any(|(id, _)| name.starts_with(&format!("nf-{id}")))
    }));
    found
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    entries.map(|entry| entry.unwrap().path()).collect()
}
