//! From bare nodes to an etcd that serves.

use crate::fixture::{DOMAIN, SUBNET, Site, check, site};
use cke_model::Phase;

#[test]
fn rivers_come_first() {
    let image = |i: usize| move |s: &mut Site| s.node(i).rivers.image = String::new();
    check(vec![
        (
            "bare nodes: as many at once as are updated at once",
            site(),
            &[("rivers-bootstrap", 5), ("etcd-rivers-bootstrap", 3)],
            Phase::Rivers,
        ),
        (
            "nodes that do not answer are left out",
            site().healthy_etcd().lost(&[0, 3]),
            &[("rivers-bootstrap", 4), ("etcd-rivers-bootstrap", 2)],
            Phase::Rivers,
        ),
        (
            "another image",
            site()
                .rivers()
                .with(image(0))
                .with(image(1))
                .etcd_rivers()
                .healthy_etcd()
                .lost(&[0, 3]),
            &[("rivers-restart", 1)],
            Phase::Rivers,
        ),
        (
            "other arguments",
            site().proxied().with(|s| s.node(1).rivers.built_in.extra_args = None),
            &[("rivers-restart", 1)],
            Phase::Rivers,
        ),
        (
            "arguments that nobody declares",
            site()
                .proxied()
                .with(|s| s.node(1).rivers.extra.extra_args = Some(vec!["foo".to_owned()])),
            &[("rivers-restart", 1)],
            Phase::Rivers,
        ),
        (
            "one is stopped, one outdated",
            site()
                .rivers()
                .with(image(0))
                .with(|s| s.node(1).rivers.running = false)
                .etcd_rivers(),
            &[("rivers-bootstrap", 1), ("rivers-restart", 1)],
            Phase::Rivers,
        ),
    ]);
}

#[test]
fn etcd_rivers_run_on_control_planes() {
    check(vec![
        (
            "another image",
            site()
                .proxied()
                .with(|s| s.node(1).etcd_rivers.image = String::new())
                .healthy_etcd()
                .lost(&[0, 3]),
            &[("etcd-rivers-restart", 1)],
            Phase::Rivers,
        ),
        (
            "other arguments",
            site()
                .proxied()
                .with(|s| s.node(1).etcd_rivers.built_in.extra_args = None),
            &[("etcd-rivers-restart", 1)],
            Phase::Rivers,
        ),
        (
            "arguments that nobody declares",
            site()
                .proxied()
                .with(|s| s.node(2).etcd_rivers.extra.extra_args = Some(vec!["foo".to_owned()])),
            &[("etcd-rivers-restart", 1)],
            Phase::Rivers,
        ),
        (
            "one is stopped, one outdated",
            site().proxied().with(|s| {
                s.node(0).etcd_rivers.image = String::new();
                s.node(1).etcd_rivers.running = false;
            }),
            &[("etcd-rivers-bootstrap", 1), ("etcd-rivers-restart", 1)],
            Phase::Rivers,
        ),
    ]);
}

#[test]
fn etcd_is_made_once() {
    check(vec![
        (
            "no data anywhere",
            site().proxied(),
            &[("etcd-bootstrap", 3)],
            Phase::EtcdBoot,
        ),
        (
            "a control plane that does not answer may have data",
            site().proxied().lost(&[0, 3]),
            &[],
            Phase::EtcdBootAborted,
        ),
        (
            "a bootstrap that failed is done again",
            site().proxied().etcd_data(),
            &[("etcd-bootstrap", 3)],
            Phase::EtcdBoot,
        ),
        (
            "but not beside a member with data",
            site().proxied().unhealthy_etcd().with(|s| {
                (0..3).for_each(|i| s.node(i).etcd.is_added_member = false);
                s.node(0).etcd.has_data = false;
            }),
            &[("etcd-wait-cluster", 3)],
            Phase::EtcdWait,
        ),
        (
            "no control plane at all",
            site()
                .proxied()
                .with(|s| s.cluster().nodes.retain(|n| !n.control_plane)),
            &[("rivers-restart", 3)],
            Phase::Rivers,
        ),
    ]);
}

#[test]
fn stopped_members_start() {
    let stopped = |i: usize| move |s: &mut Site| s.node(i).etcd.service.running = false;
    check(vec![
        (
            "all of them",
            site().proxied().stopped_etcd(),
            &[("etcd-start", 3)],
            Phase::EtcdStart,
        ),
        (
            "those that answer",
            site().proxied().healthy_etcd().lost(&[0, 3]).with(stopped(1)),
            &[("etcd-start", 1)],
            Phase::EtcdStart,
        ),
        (
            "those that have data",
            site().proxied().stopped_etcd().with(|s| {
                s.node(0).etcd.has_data = false;
                s.node(0).etcd.is_added_member = false;
            }),
            &[("etcd-start", 2)],
            Phase::EtcdStart,
        ),
        (
            "those that have the mark",
            site()
                .proxied()
                .stopped_etcd()
                .with(|s| s.node(0).etcd.is_added_member = false),
            &[("etcd-start", 2)],
            Phase::EtcdStart,
        ),
        (
            "then all wait",
            site().proxied().unhealthy_etcd(),
            &[("etcd-wait-cluster", 3)],
            Phase::EtcdWait,
        ),
    ]);
}

#[test]
fn an_old_configuration_is_upgraded_first() {
    let version = |version: &'static str| move |s: &mut Site| s.observed.config_version = version.to_owned();
    check(vec![
        (
            "from the first version",
            site().complete().with(version("1")),
            &[("upgrade", 3)],
            Phase::Upgrade,
        ),
        (
            "not while a control plane is away",
            site().complete().with(version("1")).lost(&[0]),
            &[],
            Phase::UpgradeAborted,
        ),
        (
            "a later version is left to its program",
            site().complete().with(version("3")),
            &[],
            Phase::UpgradeAborted,
        ),
    ]);
}

#[test]
fn api_servers_come_before_all_of_kubernetes() {
    let base = || site().proxied().healthy_etcd();
    check(vec![
        ("all at once", base(), &[("kube-apiserver-restart", 3)], Phase::K8sStart),
        (
            "those that answer",
            base().lost(&[0]),
            &[("kube-apiserver-restart", 2)],
            Phase::K8sStart,
        ),
        (
            "then end points and all others",
            base().good_api_servers(),
            &[
                ("create-kubernetes-endpoints", 1),
                ("create-kubernetes-endpointslice", 1),
                ("kube-controller-manager-bootstrap", 3),
                ("kube-scheduler-bootstrap", 3),
                ("kubelet-bootstrap", 5),
                ("kube-proxy-bootstrap", 5),
            ],
            Phase::K8sStart,
        ),
        (
            "end points that are there stay",
            base().good_api_servers().master_endpoint(),
            &[
                ("kube-controller-manager-bootstrap", 3),
                ("kube-scheduler-bootstrap", 3),
                ("kubelet-bootstrap", 5),
                ("kube-proxy-bootstrap", 5),
            ],
            Phase::K8sStart,
        ),
        (
            "a control plane that went away is marked",
            base().api_servers(SUBNET, DOMAIN).master_endpoint().lost(&[1]),
            &[
                ("update-kubernetes-endpoints", 1),
                ("update-kubernetes-endpointslice", 1),
            ],
            Phase::K8sStart,
        ),
    ]);
}
