//! Declaring the cluster, its constraints, resources and the integration with sabakan, on a real etcd.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod support;

use support::{Site, recording, run};

const CLUSTER: &str = "name: test
nodes:
- {address: 10.0.0.1, user: a, control_plane: true}
- {address: 10.0.0.2, user: a}
service_subnet: 10.68.0.0/16
";

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_is_stored_and_shown_as_the_original_does() {
    let site = Site::start().await;
    let recording = recording();
    let yaml = recording["cluster_yml"].as_str().unwrap();
    site.ok(&["cluster", "set", &site.file("cluster.yml", yaml)]);
    assert_eq!(site.ok(&["cluster", "get"]), yaml);
    let stored = recording["etcd"]
        .as_array()
        .unwrap()
        .iter()
        .find(|kv| kv["key"] == "/cke/cluster")
        .unwrap();
    assert_eq!(site.value("cluster").await.unwrap(), stored["text"].as_str().unwrap());
    assert_eq!(run(site.ckecli(&["cluster", "set", "-"]).write_stdin(yaml)).0, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_cluster_is_named_and_nothing_is_changed() {
    let site = Site::start().await;
    site.ok(&["cluster", "set", &site.file("good.yml", CLUSTER)]);
    let before = site.value("cluster").await;
    let cases = [
        (
            CLUSTER.replace("10.0.0.2", "10.0.0.1"),
            "nodes[1].address: duplicate node address",
        ),
        (CLUSTER.replace("test", "''"), "name: cluster name is empty"),
        (CLUSTER.replace(", control_plane: true", ""), "0 control planes"),
        (
            format!("{CLUSTER}reboot: {{command_retries: x}}"),
            "reboot.command_retries",
        ),
        ("a: [".to_owned(), "line"),
        (String::new(), "name: cluster name is empty"),
    ];
    for (text, want) in cases {
        let errors = site.fails(&["cluster", "set", &site.file("bad.yml", &text)]);
        assert!(errors.contains(want) && errors.contains("bad.yml"), "{errors}");
    }
    site.fails(&["cluster", "set", "/nowhere"]);
    assert_eq!(site.value("cluster").await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_mean_nothing_are_warned_of() {
    let site = Site::start().await;
    let file = site.file(
        "cluster.yml",
        &format!("{CLUSTER}repair: {{success_timeout_seconds: 3}}\n"),
    );
    let (code, out, errors) = run(&mut site.ckecli(&["cluster", "set", &file]));
    assert_eq!((code, out.as_str()), (0, ""));
    assert!(
        errors.starts_with("Warning: ") && errors.contains("repair.success_timeout_seconds: unknown key"),
        "{errors}"
    );
    assert!(!site.value("cluster").await.unwrap().contains("success_timeout"));
}

#[tokio::test(flavor = "multi_thread")]
async fn configurations_of_components_are_checked_as_they_are_declared() {
    let site = Site::start().await;
    let with = |config: &str| {
        let kubelet = "kubelet:\n    cri_endpoint: /run/c.sock\n    config:\n      apiVersion: kubelet.config.k8s.io/v1beta1\n      kind: KubeletConfiguration\n";
        format!(
            "name: test\nservice_subnet: 10.68.0.0/16\nnodes:\n  - {{address: 10.0.0.1, user: root, control_plane: true}}\noptions:\n  {kubelet}      {config}\n"
        )
    };
    let (code, _, errors) = run(&mut site.ckecli(&["cluster", "set", &site.file("bad.yml", &with("maxPods: many"))]));
    assert_eq!(code, 1, "{errors}");
    assert!(
        errors.contains("options.kubelet.config") && errors.contains("maxPods"),
        "{errors}"
    );
    assert!(site.value("cluster").await.is_none(), "nothing is stored");
    let (code, _, errors) =
        run(&mut site.ckecli(&["cluster", "set", &site.file("new.yml", &with("fromTheFuture: 1"))]));
    assert_eq!(code, 0, "{errors}");
    assert!(errors.contains("fromTheFuture"), "{errors}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_says_what_would_change() {
    let site = Site::start().await;
    let file = site.file("cluster.yml", CLUSTER);
    assert_eq!(
        site.ok(&["cluster", "set", "--dry-run", &file]),
        "would store test: 2 nodes, 1 of them control planes\n"
    );
    assert_eq!(site.value("cluster").await, None);
    site.ok(&["cluster", "set", &file]);
    assert_eq!(
        site.ok(&["cluster", "set", "--dry-run", &file]),
        "would change nothing\n"
    );
    let other = CLUSTER
        .replace("10.0.0.2, user: a", "10.0.0.3, user: a")
        .replace("10.0.0.1, user: a", "10.0.0.1, user: b");
    let said = site.ok(&["cluster", "set", "--dry-run", &site.file("other.yml", &other)]);
    assert_eq!(
        said,
        "would add node 10.0.0.3\nwould remove node 10.0.0.2\nwould change node 10.0.0.1\n"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_that_etcd_does_not_take_names_the_limit() {
    let site = Site::start().await;
    let nodes: String = (2..2500)
        .map(|n| {
            format!(
                "- {{address: 10.1.{}.{}, user: {}}}\n",
                n / 250,
                n % 250,
                "u".repeat(600)
            )
        })
        .collect();
    let large = CLUSTER.replace("service_subnet", &format!("{nodes}service_subnet"));
    let file = site.file("large.yml", &large);
    let errors = site.fails(&["cluster", "set", &file]);
    assert!(
        errors.contains("2500 nodes") && errors.contains("--max-request-bytes="),
        "{errors}"
    );
    let errors = site.fails(&["cluster", "set", "--max-request-bytes", "4000000", &file]);
    assert!(errors.contains("too large for etcd"), "{errors}");
}

#[tokio::test(flavor = "multi_thread")]
async fn constraints_are_set_one_by_one() {
    let site = Site::start().await;
    assert!(site.fails(&["constraints", "show"]).contains("the defaults hold"));
    for (name, value) in [
        ("control-plane-count", "3"),
        ("maximum-unreachable-nodes-for-reboot", "2"),
    ] {
        assert_eq!(site.ok(&["constraints", "set", name, value]), "");
    }
    let want = "{
    \"control-plane-count\": 3,
    \"minimum-workers-rate\": 80,
    \"maximum-unreachable-nodes-for-reboot\": 2,
    \"maximum-repair-queue-entries\": 0,
    \"wait-seconds-to-repair-rebooting\": 0
}
";
    assert_eq!(site.ok(&["constraints", "show"]), want);
    let errors = site.fails(&["cluster", "set", &site.file("cluster.yml", CLUSTER)]);
    assert!(errors.contains("control-plane-count wants 3"), "{errors}");
}

#[tokio::test(flavor = "multi_thread")]
async fn resources_are_registered_all_or_none() {
    let site = Site::start().await;
    let secret = "apiVersion: v1\nkind: Secret\nmetadata: {namespace: a, name: b}\n";
    let role = "# a role\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: r}\n";
    let file = site.file("r.yml", &format!("{secret}---\n{role}"));
    assert_eq!(site.ok(&["resource", "set", &file]), "");
    assert_eq!(site.ok(&["resource", "list"]), "ClusterRole/r\nSecret/a/b\n");
    assert_eq!(site.value("resource/Secret/a/b").await.unwrap(), secret);
    assert_eq!(site.ok(&["resource", "get", "ClusterRole/r"]), role);
    let bad = site.file(
        "bad.yml",
        &format!("{}---\nkind: Pod\n", secret.replace("name: b", "name: c")),
    );
    let errors = site.fails(&["resource", "set", &bad]);
    assert!(errors.contains("bad.yml: document at line 5: no name"), "{errors}");
    let said = site.ok(&["resource", "delete", "--dry-run", &file]);
    assert!(
        said.starts_with("would forget Secret/a/b; what Kubernetes has of it would stay\n"),
        "{said}"
    );
    assert_eq!(run(site.ckecli(&["resource", "delete", "-"]).write_stdin(secret)).0, 0);
    assert_eq!(site.ok(&["resource", "list"]), "ClusterRole/r\n");
    assert!(
        site.fails(&["resource", "get", "Secret/a/b"])
            .contains("is not registered")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn sabakan_is_set_up() {
    let site = Site::start().await;
    for command in ["get-url", "get-template", "get-variables"] {
        site.fails(&["sabakan", command]);
    }
    site.ok(&["sabakan", "set-url", "http://localhost:10080"]);
    assert_eq!(site.ok(&["sabakan", "get-url"]), "http://localhost:10080/graphql\n");
    site.fails(&["sabakan", "set-url", "localhost"]);
    let template = CLUSTER
        .replace("address: 10.0.0.1, ", "")
        .replace("address: 10.0.0.2, ", "");
    site.ok(&["sabakan", "set-template", &site.file("template.yml", &template)]);
    assert!(site.ok(&["sabakan", "get-template"]).contains("- address: \"\"\n"));
    let errors = site.fails(&["sabakan", "set-template", &site.file("cluster.yml", CLUSTER)]);
    assert!(errors.contains("address is not empty in a template"), "{errors}");
}

#[tokio::test(flavor = "multi_thread")]
async fn variables_are_checked_and_kept_as_they_are() {
    let site = Site::start().await;
    let good = "{ \"having\": {\"states\": [\"HEALTHY\"]} }\n";
    for group in ["sabakan", "auto-repair"] {
        site.ok(&[group, "set-variables", &site.file("good.json", good)]);
        assert_eq!(site.ok(&[group, "get-variables"]), good);
        for bad in ["{\"having\": {\"states\": [\"WELL\"]}}", "{\"halving\": {}}", "{"] {
            site.fails(&[group, "set-variables", &site.file("bad.json", bad)]);
        }
        assert_eq!(site.ok(&[group, "get-variables"]), good);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_enabled_until_it_is_disabled() {
    let site = Site::start().await;
    for group in ["sabakan", "auto-repair", "reboot-queue", "rq", "repair-queue"] {
        site.ok(&[group, "enable"]);
        assert_eq!(site.ok(&[group, "is-enabled"]), "true\n");
        assert_eq!(site.ok(&[group, "disable"]), "");
        assert_eq!(site.ok(&[group, "is-enabled"]), "false\n");
    }
}
