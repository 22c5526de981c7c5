#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use super::*;
use crate::recorded::Recorded;
use crate::shell::test_support::FakeDocker;
use cke_model::observed::NodeStatus;
use proptest::prelude::*;

fn status(output: &str) -> NodeStatus {
    parse(output.as_bytes()).unwrap().into_status("etcd-cke")
}

#[test]
fn control_plane_of_the_original_is_understood() {
    let recorded = Recorded::load();
    let status = status(&recorded.script_output("n101"));
    assert!(status.ssh_connected);
    assert!(status.etcd.service.running && status.etcd.has_data && status.etcd.is_added_member);
    for service in [
        &status.rivers,
        &status.etcd_rivers,
        &status.api_server.service,
        &status.kubelet.service,
    ] {
        assert!(service.running);
        assert!(!service.image.is_empty());
        assert!(!service.built_in.extra_args.as_ref().unwrap().is_empty());
    }
    assert_eq!(status.rivers.image, "ghcr.io/cybozu-go/cke-tools:1.35.0");
    for (component, field) in [
        (&status.scheduler, "leaderElection"),
        (&status.proxy, "metricsBindAddress"),
        (&status.kubelet, "clusterDomain"),
    ] {
        let config = component.config.as_ref().unwrap();
        assert!(config.get(field).is_some(), "{field}: {config}");
        assert!(config.get("apiVersion").is_none() && config.get("kind").is_none());
    }
}

#[test]
fn worker_of_the_original_is_understood() {
    let status = status(&Recorded::load().script_output("n111"));
    assert!(status.kubelet.service.running && status.proxy.service.running && status.rivers.running);
    assert_eq!(status.etcd, Default::default());
    assert_eq!(status.api_server, Default::default());
    assert!(status.scheduler.config.is_none());
}

#[test]
fn container_without_our_label_has_no_parameters() {
    let lines = [
        r#"container:{"name":"/etcd","image":"etcd:1","running":true,"label":""}"#,
        r#"container:{"name":"/rivers","image":"rivers:1","running":false,"label":"{broken"}"#,
        r#"container:{"name":"/kubelet","image":"kubelet:1","running":true,"label":null}"#,
        "container:exit 1\nvolume:exit 0\nend:\n",
    ];
    let status = status(&lines.join("\n"));
    assert!(status.etcd.service.running && !status.rivers.running && status.kubelet.service.running);
    assert_eq!(status.etcd.service.image, "etcd:1");
    assert_eq!(status.rivers.built_in, Default::default());
    assert_eq!(status.kubelet.config, None);
}

#[test]
fn missing_or_spoiled_configuration_is_none() {
    let running = r#"container:{"name":"/kube-scheduler","image":"k","running":true,"label":"{}"}"#;
    for file in [
        "",
        "scheduler:{ not yaml\n",
        "scheduler:just a word\n",
        "scheduler:- a\n",
    ] {
        let status = status(&format!(
            "{running}\ncontainer:exit 1\n\nvolume:exit 0\n\n{file}\nend:\n"
        ));
        assert!(status.scheduler.service.running);
        assert_eq!(status.scheduler.config, None, "{file:?}");
    }
}

#[test]
fn configuration_of_another_version_keeps_its_name() {
    let running = r#"container:{"name":"/kubelet","image":"k","running":true,"label":"{}"}"#;
    let status = status(&format!(
        "{running}\ncontainer:exit 1\nvolume:exit 0\nkubelet:apiVersion: v2\nkubelet:kind: K\nend:\n"
    ));
    assert_eq!(
        status.kubelet.config.unwrap(),
        serde_json::json!({"apiVersion": "v2", "kind": "K"})
    );
}

#[test]
fn trouble_of_docker_is_told() {
    let cases = [
        ("", Unclear::CutOff),
        ("container:exit 1\nvolume:exit 0\n", Unclear::CutOff),
        ("container:exit 124\nvolume:exit 124\nend:\n", Unclear::DockerHangs),
        (
            "container:Cannot connect to the Docker daemon\ncontainer:exit 1\nend:\n",
            Unclear::Docker("Cannot connect to the Docker daemon".to_owned()),
        ),
        (
            "container:sh: docker: not found\ncontainer:exit 127\nend:\n",
            Unclear::Docker("sh: docker: not found".to_owned()),
        ),
        (
            "container:exit 0\nvolume:oops\nvolume:exit 1\nend:\n",
            Unclear::Docker("oops".to_owned()),
        ),
    ];
    for (output, unclear) in cases {
        assert_eq!(parse(output.as_bytes()), Err(unclear), "{output}");
    }
}

#[test]
fn script_runs_docker_twice_and_frames_what_it_says() {
    let docker = FakeDocker::new(
        r#"case "$1" in
container) echo '{"name":"/etcd","image":"etcd:1","running":true,"label":""}'; echo 'Error: No such container: kubelet' >&2; exit 1 ;;
volume) printf 'etcd-cke\netcd-added-member-of-mine' ;;
esac"#,
    );
    let output = docker.run(&script("etcd-cke"), b"");
    assert!(output.status.success(), "{output:?}");
    let status = parse(&output.stdout).unwrap().into_status("etcd-cke");
    assert!(status.etcd.service.running && status.etcd.has_data && !status.etcd.is_added_member);
    let calls = docker.calls();
    assert_eq!(calls.len(), 2, "{calls:?}");
    assert_eq!(&calls[0][..3], ["container", "inspect", "--format"]);
    assert_eq!(&calls[0][4..], cke_model::names::container::ALL);
    assert_eq!(
        calls[1],
        [
            "volume",
            "ls",
            "--quiet",
            "--filter",
            "name=etcd-cke",
            "--filter",
            "name=etcd-added-member"
        ]
    );
}

#[test]
fn script_tells_that_docker_is_not_there() {
    let docker =
        FakeDocker::new("echo 'Cannot connect to the Docker daemon at unix:///var/run/docker.sock.' >&2; exit 1");
    let output = docker.run(&script("etcd-cke"), b"");
    let unclear = parse(&output.stdout).unwrap_err();
    assert!(
        unclear.to_string().starts_with("docker does not work: Cannot connect"),
        "{unclear}"
    );
}

proptest! {
    #[test]
    fn any_output_is_understood_or_refused(output in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = parse(&output);
    }

    #[test]
    fn spoiled_output_is_understood_or_refused(at in 0usize..20_000, byte: u8, cut in 0usize..20_000) {
        let mut output = Recorded::load().script_output("n101").into_bytes();
        let length = output.len();
        output[at % length] = byte;
        output.truncate(cut.max(1) % length);
        let _ = parse(&output);
    }
}

#[test]
fn clocks_are_read_and_compared() {
    let seen = |clock: &str| {
        parse(format!("container:exit 0\nvolume:exit 0\n{clock}\nend:\n").as_bytes())
            .unwrap()
            .clock
    };
    assert_eq!(seen("clock:1000600"), Some(1_000_600));
    assert_eq!((seen(""), seen("clock:soon")), (None, None));
    let at = |second| jiff::Timestamp::from_second(second).unwrap();
    for (clock, difference) in [(99, -1), (100, 0), (105, 0), (110, 0), (711, 601)] {
        assert_eq!(ahead(clock, at(100), at(110)), difference);
    }
    assert_eq!(ahead(100, at(110), at(100)), 0, "our clock was set back meanwhile");
}
