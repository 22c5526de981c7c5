//! The end points of API servers and etcd follow what serves and what is about to reboot.

use crate::fixture::{NAMES, Site, check, draining, queued, rebooting, site};
use cke_model::Phase;
use cke_model::observed::KubernetesStatus;
use cke_model::reboot::{RebootEntry, RebootStatus};

const MASTER: &[(&str, usize)] = &[
    ("update-kubernetes-endpoints", 1),
    ("update-kubernetes-endpointslice", 1),
];
const ETCD: &[(&str, usize)] = &[("update-cke-etcd-endpoints", 1), ("update-cke-etcd-endpointslice", 1)];

fn seen(change: impl FnOnce(&mut KubernetesStatus)) -> Site {
    site().complete().with(|s| change(&mut s.observed.kubernetes))
}

#[test]
fn those_of_api_servers_are_kept() {
    const ENDPOINTS: &[(&str, usize)] = &[("update-kubernetes-endpoints", 1)];
    const SLICE: &[(&str, usize)] = &[("update-kubernetes-endpointslice", 1)];
    check(vec![
        (
            "no subset",
            seen(|k| k.master_endpoints.as_mut().unwrap().subsets.clear()),
            ENDPOINTS,
            Phase::K8sStart,
        ),
        (
            "no port",
            seen(|k| k.master_endpoints.as_mut().unwrap().subsets[0].ports.clear()),
            ENDPOINTS,
            Phase::K8sStart,
        ),
        (
            "no address",
            seen(|k| k.master_endpoints.as_mut().unwrap().subsets[0].ready.clear()),
            ENDPOINTS,
            Phase::K8sStart,
        ),
        (
            "a slice with an empty end point",
            seen(|k| k.master_endpoint_slice.as_mut().unwrap().endpoints[0].0.clear()),
            SLICE,
            Phase::K8sStart,
        ),
        (
            "a slice with a nameless port",
            seen(|k| k.master_endpoint_slice.as_mut().unwrap().ports[0] = (None, None)),
            SLICE,
            Phase::K8sStart,
        ),
        (
            "one that serves comes back",
            site().complete().master_not_ready(1),
            MASTER,
            Phase::K8sStart,
        ),
    ]);
}

#[test]
fn those_of_etcd_are_kept() {
    const ENDPOINTS: &[(&str, usize)] = &[("update-cke-etcd-endpoints", 1)];
    const SLICE: &[(&str, usize)] = &[("update-cke-etcd-endpointslice", 1)];
    check(vec![
        (
            "the service has no port",
            seen(|k| k.etcd_service.as_mut().unwrap().ports.clear()),
            &[("update-etcd-service", 1)],
            Phase::K8sMaintain,
        ),
        (
            "no subset",
            seen(|k| k.etcd_endpoints.as_mut().unwrap().subsets.clear()),
            ENDPOINTS,
            Phase::K8sMaintain,
        ),
        (
            "no port",
            seen(|k| k.etcd_endpoints.as_mut().unwrap().subsets[0].ports.clear()),
            ENDPOINTS,
            Phase::K8sMaintain,
        ),
        (
            "no address",
            seen(|k| k.etcd_endpoints.as_mut().unwrap().subsets[0].ready.clear()),
            ENDPOINTS,
            Phase::K8sMaintain,
        ),
        (
            "a slice with an empty end point",
            seen(|k| k.etcd_endpoint_slice.as_mut().unwrap().endpoints[0].0.clear()),
            SLICE,
            Phase::K8sMaintain,
        ),
        (
            "a slice with a nameless port",
            seen(|k| k.etcd_endpoint_slice.as_mut().unwrap().ports[0] = (None, None)),
            SLICE,
            Phase::K8sMaintain,
        ),
        (
            "one that serves comes back",
            site().complete().etcd_not_ready(2),
            ETCD,
            Phase::K8sMaintain,
        ),
    ]);
}

#[test]
fn a_control_plane_is_taken_out_before_it_reboots() {
    let drains = || site().complete().reboots(vec![draining(1, 0)]);
    let starts = || site().complete().reboots(vec![queued(1, 2)]);
    check(vec![
        ("it drains", drains(), MASTER, Phase::K8sStart),
        (
            "then out of etcd's",
            drains().master_not_ready(0),
            ETCD,
            Phase::K8sMaintain,
        ),
        (
            "then nothing",
            drains().master_not_ready(0).etcd_not_ready(0),
            &[],
            Phase::Completed,
        ),
        ("it is next", starts(), MASTER, Phase::K8sStart),
        (
            "it is next, then out of etcd's",
            starts().master_not_ready(2),
            ETCD,
            Phase::K8sMaintain,
        ),
        (
            "then it drains",
            starts().master_not_ready(2).etcd_not_ready(2),
            &[("reboot-drain-start", 1)],
            Phase::RebootNodes,
        ),
    ]);
}

#[test]
fn a_disabled_queue_takes_nothing_out() {
    let disabled = |entry: RebootEntry| site().complete().reboots(vec![entry]).reboots_disabled();
    check(vec![
        ("one that drains", disabled(draining(1, 2)), &[], Phase::Completed),
        ("one that is queued", disabled(queued(1, 2)), &[], Phase::Completed),
        (
            "one that reboots comes back",
            disabled(rebooting(1, 2)).master_not_ready(2),
            MASTER,
            Phase::K8sStart,
        ),
        (
            "into etcd's too",
            disabled(rebooting(1, 2)).etcd_not_ready(2),
            ETCD,
            Phase::K8sMaintain,
        ),
        (
            "one that is queued comes back",
            disabled(queued(1, 2)).master_not_ready(2),
            MASTER,
            Phase::K8sStart,
        ),
        (
            "one that is queued, into etcd's too",
            disabled(queued(1, 2)).etcd_not_ready(2),
            ETCD,
            Phase::K8sMaintain,
        ),
    ]);
}

#[test]
fn a_cancelled_reboot_brings_it_back() {
    let cancelled = RebootEntry {
        status: RebootStatus::Cancelled,
        ..queued(1, 2)
    };
    let site = || site().complete().reboots(vec![cancelled.clone()]);
    check(vec![
        (
            "into the API servers'",
            site().master_not_ready(2),
            MASTER,
            Phase::K8sStart,
        ),
        ("into etcd's", site().etcd_not_ready(2), ETCD, Phase::K8sMaintain),
        (
            "then the entry goes",
            site(),
            &[("reboot-cancel", 1)],
            Phase::RebootNodes,
        ),
    ]);
}

#[test]
fn one_that_may_not_reboot_yet_stays_in() {
    let held = site().complete().reboots(vec![queued(1, 2)]).with(|s| {
        s.observed.etcd.in_sync.remove(NAMES[0]);
    });
    check(vec![("etcd is not in sync", held, &[], Phase::RebootNodes)]);
}
