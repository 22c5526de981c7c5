#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use super::*;
use serde_json::Value;

fn cluster() -> Cluster {
    let text = "name: test\nservice_subnet: 10.68.0.0/16\noptions:\n  kube-proxy:\n    extra_args: [--v=2]\n    config:\n      mode: iptables";
    Cluster::parse(text).unwrap().0
}

/// A host where all is as it should be, as seen by what decides.
fn good(cluster: &Cluster) -> Observed {
    let images = Images::default();
    let config = proxy::config(&cluster.options.kube_proxy, LOCALHOST);
    Observed {
        api_servers: vec!["10.0.0.1".to_owned(), "10.0.0.2".to_owned()],
        proxy: ComponentStatus {
            service: ServiceStatus {
                running: true,
                image: images.kubernetes,
                built_in: proxy::built_in(),
                extra: cluster.options.kube_proxy.extra_params(),
            },
            config: Some(Value::Object(config)),
            ..ComponentStatus::default()
        },
        proxy_api_server: Some("10.0.0.2".to_owned()),
        unbound: ServiceStatus {
            running: true,
            image: images.unbound,
            built_in: unbound_params(),
            extra: ServiceParams::default(),
        },
        unbound_conf: Some("server:\n".to_owned()),
        wanted_unbound_conf: Some("server:\n".to_owned()),
    }
}

/// Operations with their reasons, and the API server.
fn told(known: Option<&str>, change: impl FnOnce(&mut Observed)) -> (Vec<String>, Option<String>) {
    let cluster = cluster();
    let mut observed = good(&cluster);
    change(&mut observed);
    let decision = decide(&cluster, &Images::default(), known, &observed);
    let due = decision
        .due
        .iter()
        .map(|(operation, reason)| format!("{}: {reason}", operation.name));
    (due.collect(), decision.api_server)
}

fn nothing(api_server: &str) -> (Vec<String>, Option<String>) {
    (Vec::new(), Some(api_server.to_owned()))
}

fn one(what: &str, api_server: &str) -> (Vec<String>, Option<String>) {
    (vec![what.to_owned()], Some(api_server.to_owned()))
}

#[test]
fn what_is_good_is_left_alone_after_a_start_of_this_program_also() {
    assert_eq!(told(None, |_| ()), nothing("10.0.0.2"));
    assert_eq!(told(Some("10.0.0.2"), |_| ()), nothing("10.0.0.2"));
    // The kubeconfig cannot be read by everybody.
    assert_eq!(
        told(Some("10.0.0.1"), |o| o.proxy_api_server = None),
        nothing("10.0.0.1")
    );
}

#[test]
fn without_an_api_server_nothing_can_be_done() {
    let all_stopped = |o: &mut Observed| {
        o.api_servers.clear();
        o.proxy.service.running = false;
    };
    assert_eq!(told(None, all_stopped), (Vec::new(), None));
}

#[test]
fn kube_proxy_follows_api_servers_that_answer() {
    let moved = "kube-proxy-restart: its API server is not the one to use";
    assert_eq!(told(Some("10.0.0.9"), |_| ()), one(moved, "10.0.0.1"));
    assert_eq!(
        told(None, |o| o.proxy_api_server = Some("10.0.0.9".to_owned())),
        one(moved, "10.0.0.1")
    );
    assert_eq!(told(None, |o| o.proxy_api_server = None), one(moved, "10.0.0.1"));
    assert_eq!(
        told(Some("10.0.0.2"), |o| o.api_servers = vec!["10.0.0.3".to_owned()]),
        one(moved, "10.0.0.3")
    );
}

#[test]
fn kube_proxy_is_started_and_kept_up_to_date() {
    let stopped = |o: &mut Observed| o.proxy = ComponentStatus::default();
    assert_eq!(
        told(Some("10.0.0.1"), stopped),
        one("kube-proxy-bootstrap: it does not run", "10.0.0.1")
    );
    let container = one("kube-proxy-restart: its container is out of date", "10.0.0.2");
    assert_eq!(told(None, |o| o.proxy.service.image = "other:1".to_owned()), container);
    assert_eq!(told(None, |o| o.proxy.service.extra.extra_args = None), container);
    let configuration = one("kube-proxy-restart: its configuration is out of date", "10.0.0.2");
    assert_eq!(told(None, |o| o.proxy.config = None), configuration);
    assert_eq!(
        told(None, |o| o.proxy.config.as_mut().unwrap()["mode"] = "ipvs".into()),
        configuration
    );
}

#[test]
fn unbound_is_started_and_kept_up_to_date() {
    let stopped = |o: &mut Observed| o.unbound = ServiceStatus::default();
    assert_eq!(told(None, stopped), one("unbound-boot-op: it does not run", "10.0.0.2"));
    let configuration = one("unbound-restart-op: its configuration is out of date", "10.0.0.2");
    assert_eq!(told(None, |o| o.unbound_conf = None), configuration);
    assert_eq!(
        told(None, |o| o.wanted_unbound_conf = Some("server: # new\n".to_owned())),
        configuration
    );
    let container = one("unbound-restart-op: its container is out of date", "10.0.0.2");
    assert_eq!(told(None, |o| o.unbound.image = "other:1".to_owned()), container);
    assert_eq!(told(None, |o| o.unbound.built_in.extra_binds = None), container);
}

#[test]
fn unbound_waits_for_addresses_and_kube_proxy_does_not() {
    let early = |o: &mut Observed| {
        o.proxy = ComponentStatus::default();
        o.unbound = ServiceStatus::default();
        o.wanted_unbound_conf = None;
    };
    assert_eq!(
        told(None, early),
        one("kube-proxy-bootstrap: it does not run", "10.0.0.2")
    );
}

#[test]
fn both_are_started_on_a_new_host_with_the_names_files_and_options_of_the_original() {
    let (cluster, images) = (cluster(), Images::default());
    let observed = Observed {
        api_servers: vec!["10.0.0.1".to_owned()],
        wanted_unbound_conf: Some("server:\n".to_owned()),
        ..Observed::default()
    };
    let decision = decide(&cluster, &images, None, &observed);
    let steps = |operation: &Operation| {
        operation
            .steps
            .iter()
            .map(|s| format!("{} {}", s.name, s.target))
            .collect::<Vec<_>>()
    };
    let [(proxy, _), (unbound, _)] = decision.due.as_slice() else {
        panic!("{decision:?}")
    };
    assert_eq!(
        steps(proxy),
        [
            "image-pull ghcr.io/cybozu/kubernetes:1.35.5.1",
            "make-files /etc/kubernetes/proxy/kubeconfig,/etc/kubernetes/proxy/config.yml",
            "run-container kube-proxy",
        ]
    );
    assert_eq!(
        steps(unbound),
        [
            "image-pull ghcr.io/cybozu/unbound:1.25.1.1",
            "make-files /etc/unbound/unbound.conf",
            "run-container cke-unbound"
        ]
    );
    assert_eq!(
        (&proxy.targets, &unbound.targets),
        (&vec!["localhost".to_owned()], &vec!["localhost".to_owned()])
    );
    let Action::WriteFiles { nodes, .. } = &proxy.steps[1].action else {
        panic!("{proxy:?}")
    };
    let Content::Kubeconfig { server, .. } = &nodes[0].files[0].content else {
        panic!("{nodes:?}")
    };
    assert_eq!(server, "https://10.0.0.1:6443");
}
