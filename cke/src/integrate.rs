//! Sabakan integration: from the inventory to the stored cluster, and to repairs. What to do is decided in [`cke_inventory`]; here sabakan
//! is asked and etcd written.
//!
//! Nothing here stops the loop: what fails is said in the log and tried again with the next round.

use crate::hands::Hands;
use crate::lead::{Candidate, Lead};
use crate::metrics::Metrics;
use anyhow::Context as _;
use cke_inventory::guard::Sightings;
use cke_inventory::query;
use cke_inventory::{Input, Machine, Metrics as Shown, Outcome, RepairInput, WAIT_RETIRED_SECONDS};
use cke_model::sabakan::QueryVariables;
use cke_model::{Cluster, Observed};
use cke_storage::{Storage, Stored, Switch, Variables, World};
use jiff::Timestamp;
use neco_etcd::Guard;
use sabakan_client::{Client, Options};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Bytes that etcd takes in one request, unless it is started with another limit.
const REQUEST_LIMIT: usize = 1_536 * 1024;

/// What goes from one round to the next.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    sightings: Sightings,
    began: bool,
}

/// Runs the generator, and with an observed cluster the automatic repairs.
pub(crate) async fn step(candidate: &Candidate, lead: &Lead, hands: &mut Hands, observed: Option<&Observed>) {
    let site = Site {
        storage: &candidate.storage,
        guard: &lead.guard(),
        metrics: &candidate.metrics,
        wait_retired_seconds: WAIT_RETIRED_SECONDS,
        most_gone_percent: candidate.settings.max_gone_percent,
    };
    if let Err(error) = site.generate(&mut hands.integration, observed).await {
        tracing::warn!(
            error = format!("{error:#}"),
            "the cluster is not generated from sabakan"
        );
    }
    let Some(observed) = observed else { return };
    if let Err(error) = site.queue_repairs(observed).await {
        tracing::warn!(error = format!("{error:#}"), "no repairs are queued from sabakan");
    }
}

struct Site<'a> {
    storage: &'a Storage,
    guard: &'a Guard,
    metrics: &'a Metrics,
    wait_retired_seconds: f64,
    most_gone_percent: u8,
}

impl Site<'_> {
    async fn generate(&self, memory: &mut Memory, observed: Option<&Observed>) -> anyhow::Result<()> {
        let enabled = self.storage.is_enabled(Switch::Sabakan).await?;
        let Some(template) = self.storage.sabakan_template().await?.filter(|_| enabled) else {
            self.metrics.integrates(enabled);
            return Ok(());
        };
        let Some(machines) = self.ask(Variables::Cluster, None).await? else {
            return Ok(());
        };
        let world = self.storage.world().await?;
        let outcome = cke_inventory::next_cluster(&self.input(&world, &template, &machines, memory, observed));
        self.tell(&outcome);
        memory.sightings = outcome.sightings;
        memory.began = true;
        let Some(cluster) = outcome.cluster else { return Ok(()) };
        let read = world.cluster.as_ref().map_or(0, |stored| stored.revision);
        let storage = self.storage;
        storage
            .put_generated_cluster(self.guard, &cluster, template.revision, read, REQUEST_LIMIT)
            .await?;
        tracing::info!(nodes = cluster.nodes.len(), change = ?outcome.change, "the cluster was generated from sabakan");
        Ok(())
    }

    fn input<'a>(
        &self,
        world: &'a World,
        template: &'a Stored<Cluster>,
        machines: &'a [Machine],
        memory: &'a Memory,
        observed: Option<&'a Observed>,
    ) -> Input<'a> {
        let current = world.cluster.as_ref().map(|stored| &stored.value);
        Input {
            template: &template.value,
            template_updated: template.revision != world.template_revision,
            current,
            constraints: &world.constraints,
            machines,
            kube_nodes: observed
                .map(|observed| observed.kubernetes.nodes.as_slice())
                .unwrap_or_default(),
            // A new leader takes up a changed template first, before it adds or removes nodes.
            only_regenerate: !memory.began && current.is_some(),
            now: Timestamp::now(),
            wait_retired_seconds: self.wait_retired_seconds,
            most_gone_percent: self.most_gone_percent,
            request_limit: REQUEST_LIMIT,
            sightings: &memory.sightings,
        }
    }

    fn tell(&self, outcome: &Outcome) {
        for reason in &outcome.reasons {
            tracing::info!(%reason, "sabakan integration");
        }
        let now = Timestamp::now().as_second();
        match &outcome.metrics {
            Some(Shown::Successful { workers, unused }) => self.metrics.integrated(Some((workers, *unused)), now),
            Some(Shown::Failed) => self.metrics.integrated(None::<(&BTreeMap<String, usize>, usize)>, now),
            None => {}
        }
    }

    async fn queue_repairs(&self, observed: &Observed) -> anyhow::Result<()> {
        if !self.storage.is_enabled(Switch::AutoRepair).await? {
            return Ok(());
        }
        let default = query::non_healthy();
        let Some(machines) = self.ask(Variables::AutoRepair, Some(default)).await? else {
            return Ok(());
        };
        let world = self.storage.world().await?;
        let repairs = cke_inventory::next_repairs(&RepairInput {
            machines: &machines,
            repairs: &world.repairs,
            reboots: &world.reboots,
            nodes: &observed.nodes.keys().cloned().collect(),
            constraints: &world.constraints,
        });
        for reason in &repairs.reasons {
            tracing::info!(%reason, "automatic repair");
        }
        if !repairs.entries.is_empty() {
            self.storage.repairs().add_as(self.guard, &repairs.entries).await?;
        }
        Ok(())
    }

    /// sabakan's answer; none where its URL is not set.
    async fn ask(&self, which: Variables, default: Option<QueryVariables>) -> anyhow::Result<Option<Vec<Machine>>> {
        let Some(url) = self.storage.sabakan_url().await? else {
            return Ok(None);
        };
        let stored = self.storage.query_variables(which).await?;
        let stored = stored.map(|text| query::stored(text.as_bytes())).transpose()?;
        let body = query::body(stored.as_ref().or(default.as_ref()));
        let variables = body
            .variables
            .map(serde_json::to_value)
            .transpose()?
            .unwrap_or_default();
        let client = Client::new(&Options::new(url.trim_end_matches("/graphql")))?;
        let machines = client.graphql(body.query, variables, query::FIELD).await;
        Ok(Some(machines.with_context(|| format!("asking sabakan at {url}"))?))
    }
}

/// How often `--debug-sabakan` generates, and how soon it removes retired machines.
const DEBUG_SECONDS: u64 = 5;

/// Only generates, without a lead: for who tries out templates. The template stands for the leader's key, as in the original.
pub(crate) async fn debug(candidate: Candidate, drain: CancellationToken) -> anyhow::Result<()> {
    let mut memory = Memory {
        began: true,
        ..Memory::default()
    };
    let mut ticks = tokio::time::interval(Duration::from_secs(DEBUG_SECONDS));
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = drain.cancelled() => return Ok(()),
        }
        if let Err(error) = debug_once(&candidate, &mut memory).await {
            tracing::warn!(
                error = format!("{error:#}"),
                "the cluster is not generated from sabakan"
            );
        }
    }
}

async fn debug_once(candidate: &Candidate, memory: &mut Memory) -> anyhow::Result<()> {
    let template = candidate.storage.etcd().get("sabakan/template").await?;
    let Some(template) = template else {
        tracing::info!("there is no template: ckecli sabakan set-template");
        return Ok(());
    };
    let site = Site {
        storage: &candidate.storage,
        guard: &Guard::CreateRevision(template.key, template.create_revision),
        metrics: &candidate.metrics,
        wait_retired_seconds: 5.0,
        most_gone_percent: candidate.settings.max_gone_percent,
    };
    site.generate(memory, None).await
}
