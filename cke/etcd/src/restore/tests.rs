#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;

fn cluster(volume: &str) -> Cluster {
    let node = |address: &str, control_plane| Node {
        address: address.to_owned(),
        control_plane,
        ..Node::default()
    };
    let mut cluster = Cluster {
        nodes: vec![node("10.0.0.1", true), node("10.0.0.9", false), node("10.0.0.2", true)],
        ..Cluster::default()
    };
    volume.clone_into(&mut cluster.options.etcd.volume_name);
    cluster
}

/// What a step does, in a word and its target.
fn gist(step: &RestoreStep) -> String {
    match step {
        RestoreStep::CopyBackup { node, .. } => format!("copy {node}"),
        RestoreStep::RunTool(run) => format!("tool {}", run.node),
        RestoreStep::StartEtcd { nodes } => format!("start {}", nodes.join(",")),
        RestoreStep::RemoveBackup { node, .. } => format!("forget {node}"),
        RestoreStep::Act(action) => match action.as_ref() {
            Action::PullImage { image, .. } => format!("pull {image}"),
            Action::StopContainer { name, .. } => format!("stop {name}"),
            Action::RemoveVolume { name, .. } => format!("remove {name}"),
            Action::CreateVolume { name, .. } => format!("create {name}"),
            Action::EtcdWaitSync { endpoints, .. } => format!("wait {}", endpoints.join(",")),
            other => format!("{other:?}"),
        },
    }
}

#[test]
fn nothing_is_stopped_before_the_backup_is_everywhere() {
    let plan = plan(&cluster("mine"), "etcd:3", "/var/lib/cke").unwrap();
    let gists: Vec<String> = plan.steps.iter().map(gist).collect();
    assert_eq!(
        gists,
        [
            "pull etcd:3",
            "copy 10.0.0.1",
            "copy 10.0.0.2",
            "stop kube-apiserver",
            "stop etcd",
            "remove mine",
            "create mine",
            "tool 10.0.0.1",
            "tool 10.0.0.2",
            "start 10.0.0.1,10.0.0.2",
            "wait https://10.0.0.1:2379,https://10.0.0.2:2379",
            "create etcd-added-member",
            "forget 10.0.0.1",
            "forget 10.0.0.2",
        ]
    );
}

#[test]
fn the_tool_sees_the_volume_and_the_backup_and_no_network() {
    let plan = plan(&cluster(""), "etcd:3", "/var/lib/cke").unwrap();
    let tool = plan.steps.iter().find_map(|s| match s {
        RestoreStep::RunTool(run) => Some(run),
        _ => None,
    });
    let tool = tool.unwrap();
    assert_eq!(tool.image, "etcd:3");
    assert!(
        tool.options
            .contains(&"--mount=type=volume,src=etcd-cke,dst=/var/lib/etcd".to_owned())
    );
    assert!(tool.options.contains(&"--network=none".to_owned()));
    let members = "--initial-cluster=10.0.0.1=https://10.0.0.1:2380,10.0.0.2=https://10.0.0.2:2380";
    assert!(tool.command.contains(&members.to_owned()));
    assert!(tool.command.contains(&"--initial-cluster-token=cke".to_owned()));
}

#[test]
fn without_control_planes_there_is_no_way() {
    assert_eq!(
        plan(&Cluster::default(), "etcd", "/x"),
        Err(RestoreError::NoControlPlane)
    );
}
