#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use super::*;
use crate::recorded::Recorded;
use crate::shell::test_support::FakeDocker;
use cke_model::operation::{ContainerOnNode, RunContainer};
use cke_model::service::{ContainerLabel, LABEL, Mount, ServiceParams};
use cke_model::{ResolvedFile, operation::NodeFiles};
use std::collections::BTreeMap;
use std::io::Read as _;
use zeroize::Zeroizing;

const NODE: &str = "10.0.0.1";
const TOOLS: &str = "cke-tools:1";

/// docker with one container, in the given state, that keeps labels and input of what it runs.
fn docker(state: &str) -> FakeDocker {
    let inspect = match state {
        "absent" => "echo 'Error response from daemon: No such container: x' >&2; exit 1",
        "broken" => "echo 'Cannot connect to the Docker daemon' >&2; exit 1",
        "running" => "echo true",
        _ => "echo false",
    };
    FakeDocker::new(&format!(
        r#"case "$1 $2" in
"container inspect") {inspect} ;;
"run --log-driver=journald") case "$*" in *--label-file=/dev/stdin*) cat /dev/stdin >"$STDIN" ;; *" -i "*) cat >"$STDIN" ;; esac ;;
esac"#
    ))
}

fn nodes() -> Vec<String> {
    vec![NODE.to_owned()]
}

fn run(docker: &FakeDocker, action: &Action, files: &[ResolvedFile]) -> std::process::Output {
    let invocation = invocation(action, NODE, files).unwrap();
    docker.run(&invocation.command, invocation.stdin.as_deref().unwrap_or_default())
}

fn calls(state: &str, action: &Action) -> Vec<Vec<String>> {
    let docker = docker(state);
    let output = run(&docker, action, &[]);
    assert!(output.status.success(), "{output:?}");
    docker.calls()
}

fn words(line: &str) -> Vec<String> {
    line.split(' ').map(str::to_owned).collect()
}

fn container(restart: bool) -> RunContainer {
    let on_node = ContainerOnNode {
        options: vec!["--tmpfs=/run".to_owned(), "--entrypoint=a b".to_owned()],
        built_in: ServiceParams {
            extra_args: Some(vec!["kubelet".to_owned(), "--a=$HOME 'x'".to_owned()]),
            extra_binds: Some(vec![
                mount("/etc/machine-id", true, "", ""),
                mount("/var/lib/kubelet", false, "rshared", "z"),
            ]),
            extra_env: Some(BTreeMap::from([
                ("B".to_owned(), "2 3".to_owned()),
                ("A".to_owned(), "1".to_owned()),
            ])),
            ..ServiceParams::default()
        },
    };
    RunContainer {
        name: "kubelet".to_owned(),
        image: "kubernetes:1".to_owned(),
        nodes: BTreeMap::from([(NODE.to_owned(), on_node)]),
        extra: ServiceParams {
            extra_args: Some(vec!["--v=2".to_owned()]),
            ..ServiceParams::default()
        },
        restart,
    }
}

fn mount(path: &str, read_only: bool, propagation: &str, selinux_label: &str) -> Mount {
    Mount {
        source: path.to_owned(),
        destination: path.to_owned(),
        read_only,
        propagation: propagation.to_owned(),
        selinux_label: selinux_label.to_owned(),
        ..Mount::default()
    }
}

#[test]
fn container_is_run_with_these_arguments_in_this_order() {
    let docker = docker("absent");
    let output = run(&docker, &Action::RunContainer(container(false)), &[]);
    assert!(output.status.success(), "{output:?}");
    let calls = docker.calls();
    let expected = [
        "run",
        "--log-driver=journald",
        "-d",
        "--name=kubelet",
        "--read-only",
        "--network=host",
        "--uts=host",
        "--tmpfs=/run",
        "--entrypoint=a b",
        "--volume=/etc/machine-id:/etc/machine-id:ro",
        "--volume=/var/lib/kubelet:/var/lib/kubelet:rw,rshared",
        "-e",
        "A=1",
        "-e",
        "B=2 3",
        "--label-file=/dev/stdin",
        "kubernetes:1",
        "kubelet",
        "--a=$HOME 'x'",
        "--v=2",
    ];
    assert_eq!(calls.last().unwrap(), &expected);
    assert_eq!(calls.len(), 2);
    let label = String::from_utf8(docker.stdin()).unwrap();
    let json = label.strip_prefix(&format!("{LABEL}=")).unwrap();
    let label: ContainerLabel = gojson::decode_stored(json.trim_end().as_bytes()).unwrap();
    assert_eq!(label.builtin, container(false).nodes[NODE].built_in);
    assert_eq!(label.extra_params, container(false).extra);
}

#[test]
fn container_that_runs_is_left_and_one_that_does_not_is_replaced() {
    let start = Action::RunContainer(container(false));
    let restart = Action::RunContainer(container(true));
    let verbs = |state: &str, action: &Action| -> Vec<String> {
        calls(state, action).iter().map(|call| call[..2].join(" ")).collect()
    };
    let (inspect, remove, run) = ("container inspect", "container rm", "run --log-driver=journald");
    assert_eq!(verbs("running", &start), [inspect]);
    assert_eq!(verbs("stopped", &start), [inspect, remove, run]);
    assert_eq!(verbs("absent", &start), [inspect, run]);
    assert_eq!(verbs("running", &restart), [inspect, remove, run]);
    assert_eq!(verbs("absent", &restart), [inspect, run]);
}

#[test]
fn containers_are_stopped_killed_and_left_where_there_is_none() {
    let stop = Action::StopContainer {
        nodes: nodes(),
        name: "etcd".to_owned(),
    };
    let kill = Action::KillContainer {
        nodes: nodes(),
        name: "etcd".to_owned(),
    };
    assert_eq!(
        calls("running", &stop)[1..],
        [words("container stop etcd"), words("container rm etcd")]
    );
    assert_eq!(calls("stopped", &stop)[1..], [words("container rm etcd")]);
    assert_eq!(calls("absent", &stop).len(), 1);
    assert_eq!(calls("running", &kill)[1..], [words("container rm --force etcd")]);
    assert_eq!(calls("absent", &kill).len(), 1);
}

#[test]
fn broken_docker_fails_every_step_and_changes_nothing() {
    for action in [
        Action::RunContainer(container(false)),
        Action::RunContainer(container(true)),
        Action::StopContainer {
            nodes: nodes(),
            name: "etcd".to_owned(),
        },
        Action::KillContainer {
            nodes: nodes(),
            name: "etcd".to_owned(),
        },
    ] {
        let docker = docker("broken");
        let output = run(&docker, &action, &[]);
        assert!(!output.status.success(), "{action:?}");
        assert_eq!(
            String::from_utf8_lossy(&output.stderr),
            "Cannot connect to the Docker daemon\n"
        );
        assert_eq!(docker.calls().len(), 1);
    }
}

/// The recording says what the original's containers were made of: ours must be made of the same.
#[test]
fn containers_of_the_original_would_be_made_the_same() {
    let recorded = Recorded::load();
    for container in recorded.containers("n101") {
        let text = |place: &str| container.pointer(place).unwrap().as_str().unwrap().to_owned();
        let list = |place: &str| -> Vec<String> {
            let list = container
                .pointer(place)
                .and_then(|list| list.as_array().cloned())
                .unwrap_or_default();
            list.iter().map(|word| word.as_str().unwrap().to_owned()).collect()
        };
        let label = text(&format!("/Labels/{LABEL}"));
        let params: ContainerLabel = gojson::decode_stored(label.as_bytes()).unwrap();
        let on_node = ContainerOnNode {
            options: Vec::new(),
            built_in: params.builtin,
        };
        let run_container = RunContainer {
            name: text("/Name").trim_start_matches('/').to_owned(),
            image: text("/Image"),
            nodes: BTreeMap::from([(NODE.to_owned(), on_node)]),
            extra: params.extra_params,
            restart: false,
        };
        let docker = docker("absent");
        let output = run(&docker, &Action::RunContainer(run_container), &[]);
        assert!(output.status.success(), "{output:?}");
        let call = docker.calls().pop().unwrap();
        let image = call.iter().position(|word| *word == text("/Image")).unwrap();
        assert_eq!(call[image + 1..], list("/Cmd"), "{}", text("/Name"));
        let volumes = call.iter().filter_map(|word| word.strip_prefix("--volume="));
        let mut volumes: Vec<String> = volumes.map(str::to_owned).collect();
        let mut binds = list("/HostConfig/Binds");
        // docker lists what it adds itself, and in any order.
        volumes.sort();
        binds.iter_mut().for_each(|bind| *bind = bind.replace(",rprivate", ""));
        binds.sort();
        assert_eq!(volumes, binds, "{}", text("/Name"));
        assert_eq!(String::from_utf8(docker.stdin()).unwrap(), format!("{LABEL}={label}\n"));
    }
}

#[test]
fn directories_and_cni_plugins_are_made_with_the_tools_image() {
    let dirs = ["/opt/cni/bin", "/var/log/pods", "/var/log/containers", "/top"]
        .map(str::to_owned)
        .to_vec();
    let action = Action::MakeDirs {
        nodes: nodes(),
        image: TOOLS.to_owned(),
        dirs,
        mode: "700".to_owned(),
    };
    let expected = "run --log-driver=journald --rm --network=host --uts=host --read-only --volume=/:/mnt/:rw \
        --volume=/opt/cni:/mnt/opt/cni:rw --volume=/var/log:/mnt/var/log:rw cke-tools:1 make_directories --mode=700 \
        /mnt/opt/cni/bin /mnt/var/log/pods /mnt/var/log/containers /mnt/top";
    assert_eq!(calls("absent", &action), [words(expected)]);
    let binds = vec![Mount {
        destination: "/host/bin".to_owned(),
        ..mount("/opt/cni/bin", false, "", "z")
    }];
    let action = Action::InstallCni {
        nodes: nodes(),
        image: TOOLS.to_owned(),
        binds,
    };
    let expected = "run --log-driver=journald --rm --network=host --uts=host --read-only --volume=/opt/cni/bin:/host/bin:rw \
        cke-tools:1 install-cni";
    assert_eq!(calls("absent", &action), [words(expected)]);
    let action = Action::EmptyDir {
        nodes: nodes(),
        image: TOOLS.to_owned(),
        dir: "/etc/cni/net.d".to_owned(),
    };
    let expected = "run --log-driver=journald --rm --network=host --uts=host --read-only \
        --volume=/etc/cni/net.d:/mnt/etc/cni/net.d:rw cke-tools:1 empty-dir /mnt/etc/cni/net.d";
    assert_eq!(calls("absent", &action), [words(expected)]);
}

fn secret_file() -> ResolvedFile {
    ResolvedFile {
        path: "/etc/etcd/pki/server.key".to_owned(),
        bytes: Zeroizing::new(b"PLANTED SECRET".to_vec()),
        mode: 0o600,
        owner: 10000,
    }
}

#[test]
fn files_go_as_an_archive_with_modes_and_owners_and_not_in_arguments() {
    let long = format!("/etc/{}/{}", "a".repeat(90), "b".repeat(90));
    let config = ResolvedFile {
        path: long.clone(),
        bytes: Zeroizing::new(vec![b'x'; 3000]),
        mode: 0o644,
        owner: 0,
    };
    let action = Action::WriteFiles {
        image: TOOLS.to_owned(),
        nodes: Vec::new(),
    };
    let docker = docker("absent");
    let files = [secret_file(), config];
    assert!(run(&docker, &action, &files).status.success());
    let call = docker.calls().pop().unwrap();
    let start = "run --log-driver=journald --rm -i --network=host --uts=host --read-only";
    assert_eq!(call[..7], words(start));
    assert_eq!(call[call.len() - 3..], words("cke-tools:1 write_files /mnt"));
    assert!(
        call.contains(&"--volume=/etc/etcd/pki:/mnt/etc/etcd/pki:rw".to_owned()),
        "{call:?}"
    );
    let debug = format!("{:?}", invocation(&action, NODE, &files).unwrap());
    assert!(!debug.contains("PLANTED"), "{debug}");
    let archive = docker.stdin();
    let mut archive = tar::Archive::new(archive.as_slice());
    let unpacked: Vec<(String, u32, u64, usize)> = archive
        .entries()
        .unwrap()
        .map(|entry| {
            let mut entry = entry.unwrap();
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).unwrap();
            let header = entry.header();
            let path = entry.path().unwrap().display().to_string();
            (path, header.mode().unwrap(), header.uid().unwrap(), bytes.len())
        })
        .collect();
    let expected = [
        ("etc/etcd/pki/server.key".to_owned(), 0o600, 10000, 14),
        (long.trim_start_matches('/').to_owned(), 0o644, 0, 3000),
    ];
    assert_eq!(unpacked, expected);
}

#[test]
fn archive_fits_the_memory_that_was_taken_for_it() {
    // Memory that grew would have left a copy of the key behind.
    let files: Vec<ResolvedFile> = (0..50).map(|_| secret_file()).collect();
    let size: usize = 50 * (512 + 4 * 512) + 1024;
    assert!(archive::pack(&files).unwrap().len() <= size);
}

#[test]
fn volumes_and_images_are_made_once_and_removed_where_they_are() {
    let create = Action::CreateVolume {
        nodes: nodes(),
        name: "etcd-cke".to_owned(),
    };
    assert_eq!(calls("absent", &create), [words("volume create etcd-cke")]);
    let remove = Action::RemoveVolume {
        nodes: nodes(),
        name: "etcd-cke".to_owned(),
    };
    for (listed, count) in [
        ("etcd-cke-old\\nmy-etcd-cke", 1),
        ("etcd-cke-old\\netcd-cke", 2),
        ("", 1),
    ] {
        let docker = FakeDocker::new(&format!("case \"$2\" in ls) printf '{listed}\\n' ;; esac"));
        assert!(run(&docker, &remove, &[]).status.success());
        assert_eq!(docker.calls().len(), count, "{listed}");
    }
    let pull = Action::PullImage {
        nodes: nodes(),
        image: "etcd:1".to_owned(),
    };
    assert_eq!(calls("absent", &pull), [words("image inspect --format . etcd:1")]);
    let docker = FakeDocker::new("case $2 in inspect) exit 1 ;; esac");
    assert!(run(&docker, &pull, &[]).status.success());
    assert_eq!(docker.calls().last().unwrap(), &words("image pull --quiet etcd:1"));
}

#[test]
fn what_is_not_for_nodes_is_refused() {
    let action = Action::SetConfigVersion {
        version: "2".to_owned(),
    };
    assert!(matches!(invocation(&action, NODE, &[]), Err(ApplyError::NotForNodes)));
    assert_eq!(nodes_of(&action), None);
    let files = Action::WriteFiles {
        image: TOOLS.to_owned(),
        nodes: vec![NodeFiles {
            node: NODE.to_owned(),
            files: Vec::new(),
        }],
    };
    assert_eq!(nodes_of(&files).unwrap(), [NODE]);
    assert!(matches!(invocation(&files, NODE, &[]), Err(ApplyError::NoFiles { .. })));
}
