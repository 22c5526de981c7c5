//! Applies what was decided, one operation after another, each with its record in the history.
//!
//! It makes no choices: what to do is in the actions. Before each operation the leader's key is read once more, and before each
//! step the lease is asked whether it is certain to last; every write carries the leader's guard.

mod action;
mod entry;
mod reboot;
mod repair;

use crate::hands::Hands;
use crate::lead::{Lead, LeadLost};
use cke_model::operation::{Operation, Step};
use cke_model::{Cluster, Record};
use cke_storage::{OperationProgress, Storage, StorageError};
use gojson::{GoTime, StringInt};
use jiff::Timestamp;
use std::time::Instant;

/// What operations need beside themselves.
#[derive(Clone, Copy)]
pub(crate) struct Context<'a> {
    pub(crate) storage: &'a Storage,
    pub(crate) lead: &'a Lead,
    pub(crate) hands: &'a Hands,
    pub(crate) cluster: &'a Cluster,
}

/// How an operation ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ended {
    /// All steps are done.
    Well,
    /// A step failed; its words are in the record and the log, too.
    Failed {
        /// The operation.
        operation: String,
        /// Why.
        because: String,
    },
}

/// Why no more operations can be applied at all.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApplyError {
    #[error(transparent)]
    Lost(#[from] LeadLost),
    #[error("the history")]
    Storage(#[from] StorageError),
}

/// Applies operations in their order until one fails.
pub(crate) async fn operations(context: Context<'_>, operations: &[Operation]) -> Result<Ended, ApplyError> {
    for operation in operations {
        match one(context, operation).await? {
            Ended::Well => {}
            failed @ Ended::Failed { .. } => return Ok(failed),
        }
    }
    Ok(Ended::Well)
}

async fn one(context: Context<'_>, operation: &Operation) -> Result<Ended, ApplyError> {
    let Context {
        storage, lead, hands, ..
    } = context;
    lead.confirm(storage).await?;
    let records = storage.records();
    let id = records.next_id().await?;
    let mut record = Record::new(id, &operation.name, Some(operation.targets.clone()), Timestamp::now());
    records.register(&lead.guard(), &record).await?;
    tracing::info!(
        id,
        op = operation.name,
        targets = operation.targets.join(" "),
        "begins an operation"
    );
    let started = Instant::now();
    let result = steps(context, operation, &mut record).await;
    let failed = !matches!(result, Ok(Ok(_)));
    hands.metrics.own.operated(&operation.name, started.elapsed(), failed);
    match result? {
        Ok(info) => {
            record.info = info;
            record.complete(Timestamp::now());
        }
        Err(error) => record.fail(&format!("{error:#}"), Timestamp::now()),
    }
    records.update(&lead.guard(), &record).await?;
    storage.put_progress(&lead.guard(), lead.lease(), None).await?;
    let took = started.elapsed().as_secs_f64();
    if failed {
        tracing::error!(
            id,
            op = operation.name,
            took,
            error = record.error,
            "an operation failed"
        );
        return Ok(Ended::Failed {
            operation: operation.name.clone(),
            because: record.error,
        });
    }
    tracing::info!(id, op = operation.name, took, "completed an operation");
    Ok(Ended::Well)
}

/// Runs the steps; the outer error ends the lead, the inner one the operation. Gives what the operation found out.
async fn steps(
    context: Context<'_>,
    operation: &Operation,
    record: &mut Record,
) -> Result<anyhow::Result<String>, ApplyError> {
    let mut info = String::new();
    for (index, step) in operation.steps.iter().enumerate() {
        begin(context, operation, record, index, step).await?;
        context.lead.ensure()?;
        if let Some(braked) = braked(context.storage).await? {
            return Ok(Err(braked));
        }
        match action::apply(context, &step.action).await {
            Ok(found) if found.is_empty() => {}
            Ok(found) => info = found,
            Err(error) => return Ok(Err(error)),
        }
    }
    Ok(Ok(info))
}

/// Why no step may begin now: an operator's brake holds also what has begun. Whoever pulls it sees by the progress, which was stored
/// before this look, when nothing runs any more.
async fn braked(storage: &Storage) -> Result<Option<anyhow::Error>, StorageError> {
    match storage.freeze().await {
        Ok(None) => Ok(None),
        Ok(Some(freeze)) => Ok(Some(anyhow::anyhow!(
            "not begun: frozen by {} since {} ({}); `ckecli thaw` lets it go on",
            freeze.by,
            freeze.since,
            freeze.why
        ))),
        Err(error) if error.is_unavailable() => Err(error),
        // A brake that cannot be read may be one.
        Err(error) => Ok(Some(error.into())),
    }
}

async fn begin(
    context: Context<'_>,
    operation: &Operation,
    record: &mut Record,
    index: usize,
    step: &Step,
) -> Result<(), ApplyError> {
    let guard = context.lead.guard();
    record.run_step(&step.name, &step.target);
    context.storage.records().update(&guard, record).await?;
    let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    let progress = OperationProgress {
        id: StringInt(record.id.0),
        operation: operation.name.clone(),
        step: number(index + 1),
        steps: number(operation.steps.len()),
        name: step.name.clone(),
        since: GoTime::utc(Timestamp::now()),
        nodes: number(operation.targets.len()),
        ..OperationProgress::default()
    };
    let stored = context
        .storage
        .put_progress(&guard, context.lead.lease(), Some(&progress))
        .await;
    tracing::info!(id = %record.id, op = operation.name, command = step.name, target = step.target, "executes a command");
    Ok(stored?)
}
