//! The phases of a decision, in the order in which they are asked. Each takes the decision for itself, or lets the next ask.

mod api_servers;
mod clean;
mod components;
mod dns;
mod endpoints;
mod etcd;
mod maintain;
mod nodes;
mod queues;
mod resources;
mod rivers;
mod upgrade;

use crate::draft::Draft;
use crate::reboot::Reboots;
use crate::view::View;
use cke_component::drift::Wanted;
use cke_model::Phase;

/// What every phase reads, and the plan that it writes.
pub(crate) struct Decision<'d, 'a> {
    pub(crate) view: &'d View<'a>,
    pub(crate) wanted: &'d Wanted<'d>,
    pub(crate) reboots: &'d Reboots<'a>,
    pub(crate) draft: Draft<'a>,
    pub(crate) asked: Asked,
}

/// Which queues had their turn.
#[derive(Default)]
pub(crate) struct Asked {
    pub(crate) repairs: bool,
    pub(crate) reboots: bool,
}

/// A phase that is asked: its answer is the phase to show when the decision ends with it.
type Ask = fn(&mut Decision<'_, '_>) -> Option<Phase>;

/// The table of phases.
const ORDER: &[(&str, Ask)] = &[
    ("upgrade", upgrade::upgrade),
    ("rivers", rivers::rivers),
    ("boot etcd", etcd::boot),
    ("start etcd", etcd::start),
    ("wait for etcd", etcd::wait),
    ("start Kubernetes", components::start),
    ("maintain etcd", etcd::maintain),
    ("maintain Kubernetes", maintain::maintain),
    ("stop control planes that are none", clean::clean),
    ("make nodes schedulable", queues::uncordon),
    ("repair", queues::repair),
    ("reboot", queues::reboot),
];

/// Asks one phase after the other. Without a look at Kubernetes nothing is complete.
pub(crate) fn decide(decision: &mut Decision<'_, '_>) -> Phase {
    let answer = ORDER.iter().find_map(|(_, ask)| ask(decision));
    let blind = decision.view.kubernetes().is_none();
    answer.unwrap_or(if blind { Phase::K8sMaintain } else { Phase::Completed })
}
