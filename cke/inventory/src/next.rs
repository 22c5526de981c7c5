//! One round of sabakan integration: from what was asked to what is to be stored.

use crate::generator::{Change, Error, Generator};
use crate::guard::{self, Refusal, Sightings};
use crate::machine::Machine;
use cke_model::cluster::{TooLarge, check_size};
use cke_model::kubernetes::KubeNode;
use cke_model::{Cluster, Constraints};
use jiff::Timestamp;
use std::collections::{BTreeMap, HashSet};

/// All that a round looks at.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// The template; it was validated when it was set.
    pub template: &'a Cluster,
    /// Whether the cluster was generated from another revision of it.
    pub template_updated: bool,
    /// The stored cluster, where there is one.
    pub current: Option<&'a Cluster>,
    /// The stored constraints, or the documented defaults.
    pub constraints: &'a Constraints,
    /// sabakan's full answer.
    pub machines: &'a [Machine],
    /// Node objects, where they are known.
    pub kube_nodes: &'a [KubeNode],
    /// Whether only a new template is to be applied: at the start of a leader, before the cluster was looked at.
    pub only_regenerate: bool,
    /// The time of the answer.
    pub now: Timestamp,
    /// See [`crate::WAIT_RETIRED_SECONDS`].
    pub wait_retired_seconds: f64,
    /// See [`guard::MOST_GONE_PERCENT`].
    pub most_gone_percent: u8,
    /// Bytes that etcd takes in one request.
    pub request_limit: usize,
    /// [`Outcome::sightings`] of the round before.
    pub sightings: &'a Sightings,
}

/// What a round decided.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Outcome {
    /// The cluster to store, with the template's revision and under the leader's key; `None` changes nothing.
    pub cluster: Option<Cluster>,
    /// What is new about it, for the log.
    pub change: Change,
    /// What somebody may want to know, above all why nothing is changed.
    pub reasons: Vec<Reason>,
    /// Values for the metrics; `None` leaves them as they are.
    pub metrics: Option<Metrics>,
    /// To be given to the next round.
    pub sightings: Sightings,
}

/// What the metrics of sabakan integration show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Metrics {
    /// The cluster follows the inventory.
    Successful {
        /// Workers by role.
        workers: BTreeMap<String, usize>,
        /// Healthy machines that are no nodes.
        unused: usize,
    },
    /// It does not; the other values stay as they are.
    Failed,
}

/// Something worth telling about a round.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// Everything is as it should be.
    #[error("the cluster follows the inventory")]
    NothingToDo,
    /// A machine is passed over.
    #[error("machine {serial} has no IPv4 address")]
    NoAddress {
        /// Its serial.
        serial: String,
    },
    /// The last of several machines is taken.
    #[error("several machines have the address {address}; the last counts, {serial}")]
    SameAddress {
        /// The address.
        address: String,
        /// Serial of the last.
        serial: String,
    },
    /// The answer is not believed.
    #[error(transparent)]
    Guard(#[from] Refusal),
    /// No cluster could be generated.
    #[error(transparent)]
    Generator(#[from] Error),
    /// The cluster would not fit.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
    /// What was generated cannot be stored.
    #[error("the generated cluster cannot be written as JSON: {0}")]
    Unwritable(String),
    /// A retired machine stays a node.
    #[error(
        "retired worker {address} stays: without it fewer than {rate} % of the machines would be workers (minimum-workers-rate)"
    )]
    RetiredStays {
        /// The machine.
        address: String,
        /// The constraint.
        rate: i64,
    },
}

/// Decides what the next cluster is.
#[must_use]
pub fn next_cluster(input: &Input<'_>) -> Outcome {
    let (sightings, judgement) = guard::check(input.current, input.machines, input.sightings, input.most_gone_percent);
    let reasons = oddities(input.machines);
    let mut outcome = Outcome {
        sightings,
        reasons,
        ..Outcome::default()
    };
    if let Err(refusal) = judgement {
        // That an answer waits for the next one is no failure yet.
        let failed = !matches!(refusal, Refusal::NotConfirmed(_));
        outcome.metrics = failed.then_some(Metrics::Failed);
        outcome.reasons.push(refusal.into());
        return outcome;
    }
    match generate(input, &mut outcome) {
        Ok(Some((cluster, change))) => {
            outcome.cluster = Some(cluster);
            outcome.change = change;
        }
        Ok(None) => outcome.reasons.push(Reason::NothingToDo),
        Err(reason) => {
            outcome.metrics = Some(Metrics::Failed);
            outcome.reasons.push(reason);
        }
    }
    outcome
}

fn generate(input: &Input<'_>, outcome: &mut Outcome) -> Result<Option<(Cluster, Change)>, Reason> {
    let new = || -> Result<Generator<'_>, Error> {
        let generator = Generator::new(
            input.template,
            input.constraints,
            input.machines,
            input.kube_nodes,
            input.now,
        )?;
        Ok(generator.wait_retired(input.wait_retired_seconds))
    };
    let mut generator = new()?;
    let mut generated = match input.current {
        None if input.only_regenerate => return Ok(None),
        None => Some(generator.generate()?),
        Some(_) if input.only_regenerate => None,
        Some(current) => generator.update(current)?,
    };
    if let (None, Some(current), true) = (&generated, input.current, input.template_updated) {
        generator = new()?;
        generated = Some(generator.regenerate(current)?);
    }
    if let Some((cluster, _)) = &generated {
        check_stored(cluster, input.request_limit)?;
    }
    if generated.is_some() || !input.only_regenerate {
        let (workers, unused) = (generator.workers_by_role().clone(), generator.unused_machines());
        outcome.metrics = Some(Metrics::Successful { workers, unused });
    }
    outcome.reasons.extend(kept(&generator, input.constraints));
    Ok(generated)
}

/// The cluster is one value in etcd.
fn check_stored(cluster: &Cluster, limit: usize) -> Result<(), Reason> {
    let json = gojson::to_go_json(cluster).map_err(|error| Reason::Unwritable(error.to_string()))?;
    Ok(check_size(json.len(), cluster.nodes.len(), limit)?)
}

fn kept(generator: &Generator<'_>, constraints: &Constraints) -> Option<Reason> {
    let retired = generator
        .retired_worker()
        .filter(|_| generator.too_few_workers_without_one())?;
    Some(Reason::RetiredStays {
        address: retired.address.to_owned(),
        rate: constraints.minimum_workers_rate,
    })
}

/// Machines that cannot be nodes as they are.
fn oddities(machines: &[Machine]) -> Vec<Reason> {
    let mut seen = HashSet::new();
    let odd = |machine: &Machine| {
        let serial = machine.spec.serial.clone();
        match machine.address() {
            None => Some(Reason::NoAddress { serial }),
            Some(address) if seen.contains(address) => Some(Reason::SameAddress {
                address: address.to_owned(),
                serial,
            }),
            Some(address) => {
                seen.insert(address.to_owned());
                None
            }
        }
    };
    machines.iter().filter_map(odd).collect()
}
