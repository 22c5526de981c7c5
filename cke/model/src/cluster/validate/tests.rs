#![allow(clippy::unwrap_used, reason = "tests")]

use super::Purpose::{self, Template};
use crate::Cluster;

/// A declaration that keeps every rule, with `more` below it.
fn cluster(more: &str) -> Cluster {
    let text = format!("name: test\nservice_subnet: 10.0.0.0/14\n{more}");
    Cluster::parse(&text).unwrap().0
}

fn place(cluster: &Cluster, purpose: Purpose) -> String {
    cluster
        .validate(purpose)
        .err()
        .map_or_else(|| "valid".to_owned(), |error| error.place)
}

#[test]
fn what_is_declared_must_keep_the_rules() {
    let cases = [
        ("", "valid"),
        ("name: ''", "name"),
        ("name: ~", "name"),
        ("service_subnet: ''", "service_subnet"),
        ("service_subnet: 10.0.0.0", "service_subnet"),
        ("service_subnet: fd00::/108", "valid"),
        (
            "control_plane_tolerations: [a.b/c, a_b/c]",
            "control_plane_tolerations[1]",
        ),
        ("control_plane_tolerations: [a.b/c b]", "control_plane_tolerations[0]"),
        ("dns_servers: [8.8.8.8, 'fd00::1']", "valid"),
        ("dns_servers: [8.8.8.8, a.b.c.d]", "dns_servers[1]"),
        ("dns_service: kube-system/dns", "valid"),
        ("dns_service: dns", "dns_service"),
        ("dns_service: a/b/c", "dns_service"),
        ("dns_service: kube-system/", "dns_service"),
    ];
    for (more, want) in cases {
        assert_eq!(place(&cluster(more), Purpose::Cluster), want, "{more}");
    }
}

#[test]
fn nodes() {
    let cases = [
        ("{address: 10.0.0.1, user: a}", "valid"),
        ("{address: 'fd00::1', user: a}", "valid"),
        ("{address: '10000', user: a}", "nodes[0].address"),
        ("{address: 10.0.0.01, user: a}", "nodes[0].address"),
        ("{user: a}", "nodes[0].address"),
        ("{address: 10.0.0.1}", "nodes[0].user"),
        (
            "{address: 10.0.0.1, user: a, labels: {cybozu.com/foo: bar, b: ''}}",
            "valid",
        ),
        (
            "{address: 10.0.0.1, user: a, labels: {a_b/c: hello}}",
            "nodes[0].labels",
        ),
        (
            "{address: 10.0.0.1, user: a, labels: {A.b/c: hello}}",
            "nodes[0].labels",
        ),
        (
            "{address: 10.0.0.1, user: a, labels: {a/b/c: hello}}",
            "nodes[0].labels",
        ),
        (
            "{address: 10.0.0.1, user: a, labels: {a.b/c: こんにちは}}",
            "nodes[0].labels.a.b/c",
        ),
        (
            "{address: 10.0.0.1, user: a, annotations: {cybozu.com/fo_o: こんにちは, A.b/C: x}}",
            "valid",
        ),
        (
            "{address: 10.0.0.1, user: a, annotations: {a.b/c_: hello}}",
            "nodes[0].annotations",
        ),
        (
            "{address: 10.0.0.1, user: a, taints: [{key: a.b/c_d, value: x, effect: NoExecute}]}",
            "valid",
        ),
        (
            "{address: 10.0.0.1, user: a, taints: [{key: '!', effect: NoSchedule}]}",
            "nodes[0].taints[0].key",
        ),
        (
            "{address: 10.0.0.1, user: a, taints: [{key: a, value: あ, effect: NoSchedule}]}",
            "nodes[0].taints[0].value",
        ),
        (
            "{address: 10.0.0.1, user: a, taints: [{key: a, effect: NoNoNo}]}",
            "nodes[0].taints[0].effect",
        ),
        (
            "{address: 10.0.0.1, user: a}, {address: 10.0.0.1, user: b}",
            "nodes[1].address",
        ),
    ];
    for (nodes, want) in cases {
        assert_eq!(
            place(&cluster(&format!("nodes: [{nodes}]")), Purpose::Cluster),
            want,
            "{nodes}"
        );
    }
    let long = format!("{{address: 10.0.0.1, user: a, labels: {{{}: b}}}}", "a".repeat(64));
    assert_eq!(
        place(&cluster(&format!("nodes: [{long}]")), Purpose::Cluster),
        "nodes[0].labels"
    );
}

#[test]
fn nodes_of_templates_have_no_addresses() {
    assert_eq!(place(&cluster("nodes: [{user: a}, {user: a}]"), Template), "valid");
    assert_eq!(
        place(&cluster("nodes: [{user: a, address: 10.0.0.1}]"), Template),
        "nodes[0].address"
    );
}

#[test]
fn reboots() {
    let cases = [
        ("eviction_timeout_seconds: 0", "reboot.eviction_timeout_seconds"),
        ("eviction_timeout_seconds: 1", "valid"),
        ("eviction_timeout_seconds: -1", "reboot.eviction_timeout_seconds"),
        ("command_timeout_seconds: 0", "valid"),
        ("command_timeout_seconds: -1", "reboot.command_timeout_seconds"),
        ("command_retries: -1", "reboot.command_retries"),
        ("command_interval: -1", "reboot.command_interval"),
        ("evict_retries: -1", "reboot.evict_retries"),
        ("evict_interval: -1", "reboot.evict_interval"),
        ("max_concurrent_reboots: 0", "reboot.max_concurrent_reboots"),
        ("max_concurrent_reboots: 1", "valid"),
        ("protected_namespaces: {matchLabels: {app: sample}}", "valid"),
        (
            "protected_namespaces: {matchLabels: {a_b/c: sample}}",
            "reboot.protected_namespaces.matchLabels",
        ),
    ];
    for (policy, want) in cases {
        assert_eq!(
            place(&cluster(&format!("reboot: {{{policy}}}")), Purpose::Cluster),
            want,
            "{policy}"
        );
    }
}

#[test]
fn selectors() {
    let cases = [
        ("{key: app, operator: Exists}", "valid"),
        ("{key: app, operator: DoesNotExist}", "valid"),
        ("{key: app, operator: In, values: [a, b]}", "valid"),
        (
            "{key: app, operator: NotIn}",
            "repair.protected_job_pods.matchExpressions[0]",
        ),
        (
            "{key: app, operator: Exists, values: [a]}",
            "repair.protected_job_pods.matchExpressions[0]",
        ),
        (
            "{key: app, operator: invalid-operator}",
            "repair.protected_job_pods.matchExpressions[0]",
        ),
        (
            "{key: '', operator: Exists}",
            "repair.protected_job_pods.matchExpressions[0]",
        ),
    ];
    for (requirement, want) in cases {
        let repair = format!("repair: {{protected_job_pods: {{matchExpressions: [{requirement}]}}}}");
        assert_eq!(place(&cluster(&repair), Purpose::Cluster), want, "{requirement}");
    }
}

#[test]
fn repairs() {
    let cases = [
        ("max_concurrent_repairs: 0", "repair.max_concurrent_repairs"),
        ("max_concurrent_repairs: 1", "valid"),
        ("evict_retries: 0", "valid"),
        ("evict_retries: -1", "repair.evict_retries"),
        ("evict_interval: -1", "repair.evict_interval"),
        ("eviction_timeout_seconds: 0", "repair.eviction_timeout_seconds"),
        ("eviction_timeout_seconds: 1", "valid"),
        (
            "protected_namespaces: {matchExpressions: [{key: app, operator: Is}]}",
            "repair.protected_namespaces.matchExpressions[0]",
        ),
    ];
    for (policy, want) in cases {
        assert_eq!(
            place(&cluster(&format!("repair: {{{policy}}}")), Purpose::Cluster),
            want,
            "{policy}"
        );
    }
}

#[test]
fn options() {
    let cases = [
        (
            "etcd: {extra_binds: [{source: /a, destination: b}]}",
            "options.etcd.extra_binds[0].destination",
        ),
        (
            "kube-api: {extra_binds: [{source: a, destination: /b}]}",
            "options.kube-api.extra_binds[0].source",
        ),
        ("kubelet: {extra_binds: [{source: /a, destination: /b}]}", "valid"),
        ("rivers: {extra_binds: [{source: a-volume, destination: /b}]}", "valid"),
        ("etcd: {volume_name: myetcd}", "valid"),
        ("etcd: {volume_name: 'my etcd'}", "options.etcd.volume_name"),
        (
            "kube-api: {audit_log_enabled: true}",
            "options.kube-api.audit_log_policy",
        ),
        (
            "kube-api: {audit_log_policy: test}",
            "options.kube-api.audit_log_policy",
        ),
        (
            "kube-api: {audit_log_policy: \"a: [\"}",
            "options.kube-api.audit_log_policy",
        ),
        (
            "kube-api: {audit_log_enabled: true, audit_log_policy: \"kind: Policy\\nrules:\\n- level: Metadata\\n\"}",
            "valid",
        ),
        ("kubelet: {cri_endpoint: ''}", "options.kubelet.cri_endpoint"),
        (
            "kubelet: {boot_taints: [{key: a_b/c, effect: NoSchedule}]}",
            "options.kubelet.boot_taints[0].key",
        ),
        (
            "kubelet: {boot_taints: [{key: a.b/c, value: hello, effect: NoNo}]}",
            "options.kubelet.boot_taints[0].effect",
        ),
    ];
    for (options, want) in cases {
        assert_eq!(
            place(&cluster(&format!("options: {{{options}}}")), Purpose::Cluster),
            want,
            "{options}"
        );
    }
}

#[test]
fn configurations_of_components() {
    let cases = [
        ("kubelet: {config: {}}", "options.kubelet.config.apiVersion"),
        (
            "kubelet: {config: {apiVersion: kubelet.config.k8s.io/v1beta1}}",
            "options.kubelet.config.kind",
        ),
        (
            "kubelet: {config: {apiVersion: kubelet.config.k8s.io/v1beta1, kind: KubeletConfiguration, clusterDomain: a_b.c}}",
            "options.kubelet.config.clusterDomain",
        ),
        (
            "kube-scheduler: {config: {}}",
            "options.kube-scheduler.config.apiVersion",
        ),
        (
            "kube-scheduler: {config: {apiVersion: kubescheduler.config.k8s.io/v1beta3, kind: KubeSchedulerConfiguration}}",
            "options.kube-scheduler.config.apiVersion",
        ),
        (
            "kube-scheduler: {config: {apiVersion: kubescheduler.config.k8s.io/v1, kind: KubeSchedulerConfiguration}}",
            "valid",
        ),
        (
            "kube-proxy: {config: {kind: KubeProxyConfiguration}}",
            "options.kube-proxy.config.apiVersion",
        ),
    ];
    for (options, want) in cases {
        assert_eq!(
            place(&cluster(&format!("options: {{{options}}}")), Purpose::Cluster),
            want,
            "{options}"
        );
    }
    for mode in ["userspace", "iptables", "ipvs", "nftables", "''", "foo", "3"] {
        let head = "options: {kube-proxy: {config: {apiVersion: kubeproxy.config.k8s.io/v1alpha1, kind: KubeProxyConfiguration";
        let want = if ["foo", "3"].contains(&mode) {
            "options.kube-proxy.config.mode"
        } else {
            "valid"
        };
        assert_eq!(
            place(&cluster(&format!("{head}, mode: {mode}}}}}}}")), Purpose::Cluster),
            want,
            "{mode}"
        );
    }
}

#[test]
fn cni_configurations() {
    const NAME: &str = "options.kubelet.cni_conf_file.name";
    const CONTENT: &str = "options.kubelet.cni_conf_file.content";
    let cases = [
        ("", "", "valid"),
        (
            "99-loopback.conf",
            r#"{"cniVersion": "0.3.1", "type": "loopback"}"#,
            "valid",
        ),
        ("aaa&&.txt", r#"{"type":"b"}"#, NAME),
        ("", r#"{"a":"b"}"#, NAME),
        ("99.loopback.conf", "<aaa>", CONTENT),
        ("99.loopback.conf", r#"{"a":"b"}"#, CONTENT),
        ("99.loopback.conf", "", CONTENT),
        ("a.conflist", r#"{"name": "a", "plugins": [{"type": "b"}]}"#, "valid"),
        ("a.conflist", r#"{"plugins": [{"type": "b"}]}"#, CONTENT),
        ("a.conflist", r#"{"name": "a", "plugins": []}"#, CONTENT),
        ("a.conflist", r#"{"name": "a", "plugins": [{}]}"#, CONTENT),
        ("a.conflist", r#"{"name": "a", "plugins": {}}"#, CONTENT),
        ("a.conflist", r#"{"name": "a"}"#, CONTENT),
    ];
    for (name, content, want) in cases {
        let mut cluster = cluster("");
        cluster.options.kubelet.cni_conf_file.name = name.to_owned();
        cluster.options.kubelet.cni_conf_file.content = content.to_owned();
        assert_eq!(place(&cluster, Purpose::Cluster), want, "{name} {content}");
    }
}

#[test]
fn mappings() {
    let cases = [
        (
            "{group: cilium.io, version: v2alpha1, kind: CiliumNetworkPolicy, resource: ciliumnetworkpolicies, namespaced: true}",
            "valid",
        ),
        ("{version: v1, kind: ConfigMap, resource: configmaps}", "valid"),
        ("{group: a, kind: B, resource: bs}", "trusted_rest_mappings[0]"),
        ("{group: a, version: v1, resource: bs}", "trusted_rest_mappings[0]"),
        ("{group: a, version: v1, kind: B}", "trusted_rest_mappings[0]"),
        (
            "{version: v1, kind: B, resource: bs}, {version: v1, kind: B, resource: cs}",
            "trusted_rest_mappings[1]",
        ),
    ];
    for (mappings, want) in cases {
        let more = format!("trusted_rest_mappings: [{mappings}]");
        assert_eq!(place(&cluster(&more), Purpose::Cluster), want, "{mappings}");
    }
}

#[test]
fn defaults_are_those_of_the_documents() {
    for text in [
        "",
        "options: ~",
        "options: {etcd: {}, Kubelet: {}}",
        "options: {etcd: {volume_name: ~}}",
    ] {
        let options = cluster(text).options;
        assert_eq!(options.etcd.volume_name, "etcd-cke", "{text}");
        assert_eq!(
            options.kubelet.cri_endpoint, "/run/containerd/containerd.sock",
            "{text}"
        );
    }
    assert_eq!(
        cluster("options: {etcd: {volume_name: ''}}").options.etcd.volume_name,
        ""
    );
}
