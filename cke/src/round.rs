//! One round of the loop: read, look, decide, apply.

use crate::apply::{self, Ended};
use crate::hands::Hands;
use crate::integrate;
use crate::lead::{Candidate, Lead};
use crate::metrics::Seen;
use crate::observe;
use crate::report;
use cke_model::cluster::Purpose;
use cke_model::status::ServerStatus;
use cke_model::{Cluster, Observed, Phase};
use cke_plan::{DecideOptions, Desired, Plan};
use cke_storage::{Switch, World};
use gojson::GoTime;
use jiff::Timestamp;
use neco_ssh::NodeAddress;
use std::time::Instant;

/// When to look again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// At once: something was done.
    Again,
    /// When something wakes the loop: there is nothing to do, or it did not succeed.
    Wait,
}

/// Runs a round.
///
/// # Errors
/// What ends the lead. Everything else is said in the log, and the loop goes on.
pub(crate) async fn once(candidate: &Candidate, lead: &Lead, hands: &mut Hands) -> anyhow::Result<Next> {
    let read_at = Timestamp::now();
    let world = match candidate.storage.world().await {
        Ok(world) => world,
        Err(error) if error.is_unavailable() => {
            tracing::warn!(error = &error as &dyn std::error::Error, "waits for etcd");
            return Ok(Next::Wait);
        }
        Err(error) => return Err(error.into()),
    };
    for unreadable in &world.unreadable {
        tracing::error!(
            key = unreadable.key,
            reason = unreadable.reason,
            "a value in etcd cannot be read"
        );
    }
    let Some(cluster) = usable(&world) else {
        integrate::step(candidate, lead, hands, None).await;
        return Ok(Next::Wait);
    };
    let nodes = cluster
        .nodes
        .iter()
        .map(|node| NodeAddress::new(&node.address, &node.user));
    if let Err(error) = hands.prepare(nodes.collect()).await {
        tracing::error!(
            error = &error as &dyn std::error::Error,
            "not ready to look at the cluster"
        );
        let plan = report::not_ready(&error, Timestamp::now());
        candidate.storage.put_plan(&lead.guard(), lead.lease(), &plan).await?;
        return Ok(Next::Wait);
    }
    let round = Round {
        candidate,
        lead,
        world: &world,
        cluster: &cluster,
        read_at,
    };
    round.run(hands).await
}

/// The declared cluster, where there is one that can be built.
fn usable(world: &World) -> Option<Cluster> {
    let cluster = &world.cluster.as_ref()?.value;
    match cluster.validate(Purpose::Cluster) {
        Ok(()) => Some(cluster.clone()),
        Err(error) => {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "invalid cluster configuration; nothing is done"
            );
            None
        }
    }
}

struct Round<'a> {
    candidate: &'a Candidate,
    lead: &'a Lead,
    world: &'a World,
    cluster: &'a Cluster,
    read_at: Timestamp,
}

impl Round<'_> {
    async fn run(&self, hands: &mut Hands) -> anyhow::Result<Next> {
        let started = Instant::now();
        let images = &self.candidate.settings.images;
        let interval = self.candidate.settings.interval;
        let observed = Box::pin(observe::cluster(hands, self.world, self.cluster, images, interval)).await;
        hands.metrics.own.looped("observe", started.elapsed());
        hands.tell_ssh();
        self.tell_queues(hands, &observed).await?;
        let desired = self.desired();
        let started = Instant::now();
        let mut plan = cke_plan::decide(&desired, &observed, Timestamp::now());
        hands.failures.remind(&mut plan);
        hands.metrics.own.looped("decide", started.elapsed());
        self.tell(hands, &plan).await?;
        if plan.operations.is_empty() {
            integrate::step(self.candidate, self.lead, hands, Some(&observed)).await;
            return Ok(Next::Wait);
        }
        // sabakan's machines are followed while nodes reboot, which takes hours.
        if plan.phase == Phase::RebootNodes {
            integrate::step(self.candidate, self.lead, hands, Some(&observed)).await;
        }
        let started = Instant::now();
        let ended = self.apply(hands, &plan).await?;
        hands.metrics.own.looped("apply", started.elapsed());
        if let Ended::Failed { operation, because } = ended {
            hands.failures.note(&operation, &because, Timestamp::now());
            return Ok(Next::Wait);
        }
        hands.failures.forget(&plan);
        hands.recent.keep(observed.nodes, &plan.operations);
        Ok(Next::Again)
    }

    fn desired(&self) -> Desired {
        Desired {
            cluster: self.cluster.clone(),
            constraints: self.world.constraints.clone(),
            resources: self.world.resources.clone(),
            images: self.candidate.settings.images.clone(),
            options: DecideOptions {
                max_concurrent_updates: self.candidate.settings.max_concurrent_updates,
            },
            controls: self.world.controls.clone(),
        }
    }

    async fn apply(&self, hands: &Hands, plan: &Plan) -> Result<Ended, apply::ApplyError> {
        let context = apply::Context {
            storage: &self.candidate.storage,
            lead: self.lead,
            hands,
            cluster: self.cluster,
        };
        apply::operations(context, &plan.operations).await
    }

    /// Stores what the leader is at, and shows it.
    async fn tell(&self, hands: &Hands, plan: &Plan) -> anyhow::Result<()> {
        let (guard, lease) = (self.lead.guard(), self.lead.lease());
        let status = ServerStatus {
            phase: plan.phase.to_string(),
            timestamp: GoTime::utc(self.read_at),
            ..ServerStatus::default()
        };
        let storage = &self.candidate.storage;
        storage.put_status(&guard, lease, &status).await?;
        let now = Timestamp::now();
        let since = hands.waits.since(storage, &guard, plan, now).await?;
        storage.put_plan(&guard, lease, &report::of(plan, &since, now)).await?;
        hands.metrics.decided(plan, self.read_at.as_second());
        hands.waits.tell(plan);
        Ok(())
    }

    async fn tell_queues(&self, hands: &Hands, observed: &Observed) -> anyhow::Result<()> {
        let storage = &self.candidate.storage;
        let running = observed.reboots.enabled && !observed.reboots.entries.is_empty();
        if storage.is_reboot_queue_running().await? != running {
            storage.set_reboot_queue_running(&self.lead.guard(), running).await?;
        }
        hands.metrics.queues(Seen {
            known: true,
            nodes: self.cluster.nodes.clone(),
            reboots_enabled: observed.reboots.enabled,
            reboots: self.world.reboots.clone(),
            repairs_enabled: observed.repairs.enabled,
            auto_repair_enabled: storage.is_enabled(Switch::AutoRepair).await?,
            repairs: self.world.repairs.clone(),
        });
        Ok(())
    }
}
