//! What makes a container be replaced, and what does not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use cke_component::drift::{Drift, Wanted};
use cke_component::rivers::{self, Rivers};
use cke_component::{Site, api_server, etcd, kubelet, proxy, scheduler};
use cke_model::cluster::{KubeletParams, ProxyParams};
use cke_model::observed::{ComponentStatus, ServiceStatus};
use cke_model::service::Mount;
use cke_model::{Cluster, Images, Node, ServiceParams};
use serde_json::{Value, json};

fn sample() -> Cluster {
    Cluster::parse(include_str!("data/sample.yml")).unwrap().0
}

fn service(image: &str, built_in: ServiceParams, extra: ServiceParams) -> ServiceStatus {
    ServiceStatus {
        running: true,
        image: image.to_owned(),
        built_in,
        extra,
    }
}

fn kubelet_status(site: &Site<'_>, node: &Node) -> ComponentStatus {
    let params = &site.cluster.options.kubelet;
    ComponentStatus {
        service: service(
            &site.images.kubernetes,
            kubelet::built_in(params, node),
            params.extra_params(),
        ),
        healthy: true,
        config: Some(Value::Object(kubelet::config(params, &node.address, None))),
        ..ComponentStatus::default()
    }
}

fn proxy_status(site: &Site<'_>, node: &Node) -> ComponentStatus {
    let params = &site.cluster.options.kube_proxy;
    ComponentStatus {
        service: service(&site.images.kubernetes, proxy::built_in(), params.extra_params()),
        healthy: true,
        config: Some(Value::Object(proxy::config(params, node.nodename()))),
        ..ComponentStatus::default()
    }
}

type Change = (&'static str, fn(&mut ComponentStatus), Option<Drift>);

#[test]
fn kubelets() {
    let (cluster, images) = (sample(), Images::default());
    let site = Site::new(&cluster, &images);
    let wanted = Wanted::new(&site);
    let node = &cluster.nodes[3];
    fn set(status: &mut ComponentStatus, name: &str, value: Value) {
        status.config.as_mut().unwrap()[name] = value;
    }
    fn args(status: &mut ComponentStatus) -> &mut Vec<String> {
        status.service.built_in.extra_args.as_mut().unwrap()
    }
    fn binds(status: &mut ComponentStatus) -> &mut Vec<Mount> {
        status.service.built_in.extra_binds.as_mut().unwrap()
    }
    let changes: [Change; 17] = [
        ("as it was started", |_| {}, None),
        (
            "another image",
            |s| s.service.image = "other".to_owned(),
            Some(Drift::Image),
        ),
        (
            "another name",
            |s| args(s)[3] = "--hostname-override=other".to_owned(),
            Some(Drift::BuiltIn),
        ),
        (
            "one more argument",
            |s| args(s).push("--v=2".to_owned()),
            Some(Drift::BuiltIn),
        ),
        (
            "another runtime",
            |s| args(s)[4] = "--container-runtime-endpoint=x".to_owned(),
            Some(Drift::Runtime),
        ),
        ("no runtime", |s| args(s).truncate(4), Some(Drift::Runtime)),
        (
            "no label at all",
            |s| s.service.built_in = ServiceParams::default(),
            Some(Drift::Runtime),
        ),
        ("mounts in another order", |s| binds(s).swap(0, 1), Some(Drift::BuiltIn)),
        (
            "another propagation",
            |s| binds(s)[3].propagation = "rslave".to_owned(),
            None,
        ),
        (
            "another SELinux label",
            |s| binds(s)[3].selinux_label = String::new(),
            None,
        ),
        (
            "a writable mount",
            |s| binds(s)[0].read_only = false,
            Some(Drift::BuiltIn),
        ),
        (
            "an extra argument",
            |s| s.service.extra.extra_args = Some(vec!["--v=2".to_owned()]),
            Some(Drift::Extra),
        ),
        ("no configuration", |s| s.config = None, Some(Drift::Config)),
        (
            "another resolver",
            |s| set(s, "clusterDNS", json!(["1.1.1.1"])),
            Some(Drift::Config),
        ),
        ("another limit", |s| set(s, "maxPods", json!(9)), Some(Drift::Config)),
        (
            "a field that a running node keeps",
            |s| set(s, "cgroupDriver", json!("cgroupfs")),
            None,
        ),
        (
            "zeros and another way to write a duration",
            |s| {
                set(s, "maxPods", json!(0));
                set(s, "evictionHard", Value::Null);
                set(s, "runtimeRequestTimeout", json!("900s"));
            },
            None,
        ),
    ];
    for (name, change, expected) in changes {
        let mut status = kubelet_status(&site, node);
        change(&mut status);
        assert_eq!(wanted.kubelet(node, &status), expected, "{name}");
    }
}

#[test]
fn proxies() {
    let (mut cluster, images) = (sample(), Images::default());
    let node = cluster.nodes[3].clone();
    {
        let site = Site::new(&cluster, &images);
        let wanted = Wanted::new(&site);
        let mut status = proxy_status(&site, &node);
        assert_eq!(wanted.proxy(&node, &status), None);
        let other = &cluster.nodes[4];
        assert_eq!(
            wanted.proxy(other, &status),
            Some(Drift::Config),
            "the name of another node"
        );
        status.config.as_mut().unwrap()["mode"] = "iptables".into();
        assert_eq!(wanted.proxy(&node, &status), Some(Drift::Config));
        status.config = None;
        assert_eq!(wanted.proxy(&node, &status), Some(Drift::Config));
    }
    let declared = json!({ "hostnameOverride": "mine" });
    cluster.options.kube_proxy = ProxyParams {
        config: Some(declared),
        ..ProxyParams::default()
    };
    let site = Site::new(&cluster, &images);
    let status = proxy_status(&site, &node);
    assert_eq!(status.config.as_ref().unwrap()["hostnameOverride"], "mine");
    assert_eq!(Wanted::new(&site).proxy(&node, &status), None);
}

#[test]
fn control_planes() {
    let (cluster, images) = (sample(), Images::default());
    let site = Site::new(&cluster, &images);
    let wanted = Wanted::new(&site);
    let options = &cluster.options;
    let [first, second, third] = [0, 1, 2].map(|i| &cluster.nodes[i]);

    let members = [first, second, third];
    let started = etcd::built_in_new(first, &members);
    let mut member = service(&images.etcd, started, options.etcd.extra_params());
    assert_eq!(
        wanted.etcd(first, &member),
        None,
        "how it was first started does not matter"
    );
    assert_eq!(wanted.etcd(second, &member), Some(Drift::BuiltIn));
    member.extra.extra_env = None;
    assert_eq!(wanted.etcd(first, &member), Some(Drift::Extra));

    let mut server = service(
        &images.kubernetes,
        api_server::built_in(&site, first),
        options.kube_api.extra_params(),
    );
    assert_eq!(wanted.api_server(first, &server), None);
    assert_eq!(
        wanted.api_server(second, &server),
        Some(Drift::BuiltIn),
        "it advertises another address"
    );
    server.image = "other".to_owned();
    assert_eq!(wanted.api_server(first, &server), Some(Drift::Image));

    let built_in = rivers::built_in(Rivers::Etcd, &site);
    let mut proxy = service(&images.tools, built_in, ServiceParams::default());
    assert_eq!(wanted.rivers(Rivers::Etcd, &proxy), None);
    proxy.extra.extra_args = Some(Vec::new());
    assert_eq!(wanted.rivers(Rivers::Etcd, &proxy), None, "an empty list is none");
    assert_eq!(wanted.rivers(Rivers::Kubernetes, &proxy), Some(Drift::BuiltIn));

    let config = scheduler::config(&options.kube_scheduler);
    let mut status = ComponentStatus {
        service: service(&images.kubernetes, scheduler::built_in(), ServiceParams::default()),
        healthy: true,
        config: Some(Value::Object(config)),
        ..ComponentStatus::default()
    };
    assert_eq!(wanted.scheduler(&status), None);
    status.config = Some(json!({}));
    assert_eq!(wanted.scheduler(&status), Some(Drift::Config));
    status.config = None;
    assert_eq!(
        wanted.scheduler(&status),
        Some(Drift::Config),
        "a missing file is restored"
    );
}

/// Another policy for audits is another file, and another argument.
#[test]
fn the_audit_policy_restarts_api_servers() {
    let (mut cluster, images) = (sample(), Images::default());
    let node = cluster.nodes[0].clone();
    let before = api_server::built_in(&Site::new(&cluster, &images), &node);
    cluster.options.kube_api.audit_log_policy.push('\n');
    let site = Site::new(&cluster, &images);
    let status = service(&images.kubernetes, before, cluster.options.kube_api.extra_params());
    assert_eq!(Wanted::new(&site).api_server(&node, &status), Some(Drift::BuiltIn));
}

/// No configuration that operators can store makes a kubelet that is restarted for ever.
#[test]
fn what_is_written_is_what_is_wanted() {
    for config in [
        json!(null),
        json!([]),
        json!({"maxPods": "what"}),
        json!({"authentication": 1, "syncFrequency": 5}),
    ] {
        let mut cluster = sample();
        let images = Images::default();
        cluster.options.kubelet = KubeletParams {
            config: Some(config.clone()),
            ..KubeletParams::default()
        };
        let site = Site::new(&cluster, &images);
        let node = &cluster.nodes[0];
        assert_eq!(
            Wanted::new(&site).kubelet(node, &kubelet_status(&site, node)),
            None,
            "{config}"
        );
    }
}
