//! The members of etcd follow the control planes.

use crate::fixture::{NAMES, Site, check, site};
use cke_model::Phase;
use cke_model::observed::EtcdMember;

fn member(address: &'static str, in_sync: bool) -> impl Fn(&mut Site) {
    move |s| {
        let member = EtcdMember {
            id: 99,
            name: address.to_owned(),
            ..EtcdMember::default()
        };
        s.observed.etcd.members.insert(address.to_owned(), member);
        if in_sync {
            s.observed.etcd.in_sync.insert(address.to_owned());
        }
    }
}

fn no_member(i: usize) -> impl Fn(&mut Site) {
    move |s| {
        s.observed.etcd.members.remove(NAMES[i]);
        s.observed.etcd.in_sync.remove(NAMES[i]);
    }
}

fn out_of_sync(i: usize) -> impl Fn(&mut Site) {
    move |s| {
        s.observed.etcd.in_sync.remove(NAMES[i]);
    }
}

/// Both volumes are gone, and the container with them.
fn lost_data(i: usize) -> impl Fn(&mut Site) {
    move |s| {
        s.node(i).etcd = cke_model::observed::EtcdStatus::default();
        s.observed.etcd.in_sync.remove(NAMES[i]);
    }
}

#[test]
fn strangers_go() {
    check(vec![
        (
            "one that is down",
            site().all_services().with(member("10.0.0.100", false)),
            &[("etcd-remove-member", 1)],
            Phase::EtcdMaintain,
        ),
        (
            "one that is well, while all are",
            site().all_services().with(member("10.0.0.100", true)),
            &[("etcd-remove-member", 1)],
            Phase::EtcdMaintain,
        ),
        (
            "not while a control plane is away",
            site()
                .all_services()
                .with(member("10.0.0.100", false))
                .lost(&[0])
                .master_not_ready(0),
            &[("wait-kubernetes", 1)],
            Phase::K8sMaintain,
        ),
    ]);
}

#[test]
fn workers_are_no_members() {
    check(vec![
        (
            "one that is down",
            site().all_services().with(member(NAMES[3], false)),
            &[("etcd-destroy-member", 1)],
            Phase::EtcdMaintain,
        ),
        (
            "one that cannot be reached",
            site().all_services().with(member(NAMES[3], false)).lost(&[3, 4, 5]),
            &[("etcd-destroy-member", 0)],
            Phase::EtcdMaintain,
        ),
        (
            "one that is well, while all are",
            site().all_services().with(member(NAMES[3], true)),
            &[("etcd-destroy-member", 1)],
            Phase::EtcdMaintain,
        ),
        (
            "one that is well and cannot be reached",
            site().all_services().with(member(NAMES[3], true)).lost(&[3, 4, 5]),
            &[("etcd-destroy-member", 0)],
            Phase::EtcdMaintain,
        ),
        (
            "what one left that was removed by half is destroyed",
            site().all_services().with(|s| s.node(3).etcd.has_data = true),
            &[("etcd-destroy-member", 1)],
            Phase::EtcdMaintain,
        ),
        (
            "its container as well",
            site()
                .all_services()
                .with(|s| s.node(4).etcd.service.image = "etcd:1".to_owned()),
            &[("etcd-destroy-member", 1)],
            Phase::EtcdMaintain,
        ),
        (
            "not while a member is out of sync",
            site()
                .complete()
                .with(|s| s.node(3).etcd.has_data = true)
                .with(out_of_sync(0)),
            &[],
            Phase::Completed,
        ),
    ]);
}

#[test]
fn control_planes_join() {
    check(vec![
        (
            "a new one",
            site().all_services().with(no_member(2)),
            &[("etcd-add-member", 1)],
            Phase::EtcdMaintain,
        ),
        (
            "one that was added and never started",
            site().all_services().with(out_of_sync(2)).with(|s| {
                s.observed.etcd.members.get_mut(NAMES[2]).unwrap().name = String::new();
            }),
            &[("etcd-add-member", 1)],
            Phase::EtcdMaintain,
        ),
        (
            "one that serves without a mark gets it",
            site().all_services().with(|s| s.node(2).etcd.is_added_member = false),
            &[("etcd-mark-member", 1)],
            Phase::EtcdMaintain,
        ),
        (
            "not while another member is not in sync",
            site().complete().with(no_member(2)).with(out_of_sync(1)),
            &[],
            Phase::Completed,
        ),
    ]);
}

#[test]
fn members_are_restarted_one_by_one() {
    check(vec![
        (
            "another image",
            site()
                .all_services()
                .with(|s| s.node(0).etcd.service.image = String::new()),
            &[("etcd-restart", 1)],
            Phase::EtcdMaintain,
        ),
        (
            "other arguments, on two of them",
            site().all_services().with(|s| {
                s.node(0).etcd.service.built_in.extra_args = Some(vec!["foo".to_owned()]);
                s.node(1).etcd.service.built_in.extra_args = Some(vec!["foo".to_owned()]);
            }),
            &[("etcd-restart", 1)],
            Phase::EtcdMaintain,
        ),
        (
            "what mattered to the first start does not matter",
            site().complete().with(|s| {
                let args = &mut s.node(0).etcd.service.built_in.extra_args;
                args.as_mut().unwrap().push("--initial-cluster-state=new".to_owned());
            }),
            &[],
            Phase::Completed,
        ),
    ]);
}

#[test]
fn a_member_that_lost_its_data_is_replaced() {
    check(vec![
        (
            "it is removed first",
            site().complete().with(lost_data(2)),
            &[("etcd-remove-member", 1)],
            Phase::EtcdMaintain,
        ),
        (
            "and joins as a new one",
            site().complete().with(lost_data(2)).with(no_member(2)),
            &[("etcd-add-member", 1)],
            Phase::EtcdMaintain,
        ),
        (
            "not when the rest would have no quorum",
            site().complete().with(lost_data(2)).with(out_of_sync(1)),
            &[],
            Phase::Completed,
        ),
        (
            "not when its node does not answer",
            site().complete().with(lost_data(2)).lost(&[2]).master_not_ready(2),
            &[],
            Phase::Completed,
        ),
    ]);
    let waits = site()
        .complete()
        .with(lost_data(2))
        .with(out_of_sync(1))
        .decide()
        .count_waits();
    assert_eq!(
        waits.keys().copied().collect::<Vec<_>>(),
        ["etcd-not-in-sync", "etcd-quorum"]
    );
}
