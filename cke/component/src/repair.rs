//! Operations on entries of the repair queue.

use crate::steps::step;
use cke_model::cluster::{Repair, RepairOperation, RepairStep};
use cke_model::operation::{Action, CommandLine};
use cke_model::{Operation, RepairEntry};

/// Limit of commands that name none, in seconds.
const COMMAND_TIMEOUT: u64 = 30;

/// `repair-drain-start`: marks and cordons the node, and evicts its pods.
#[must_use]
pub fn drain_start(api_server: &str, entry: RepairEntry, policy: &Repair) -> Operation {
    let address = entry.address.clone();
    let action = Action::RepairDrainStart {
        api_server: api_server.to_owned(),
        entry,
        policy: policy.clone(),
    };
    operation("repair-drain-start", "repairDrainStartCommand", address, action)
}

/// `repair-execute`: runs the command of a step.
#[must_use]
pub fn execute(entry: RepairEntry, step: &RepairStep) -> Operation {
    let address = entry.address.clone();
    let command = CommandLine {
        args: command(step.repair_command.as_deref(), &address),
        timeout_seconds: seconds(step.command_timeout_seconds, COMMAND_TIMEOUT),
        retries: seconds(step.command_retries, 0),
        interval_seconds: seconds(step.command_interval, 0),
    };
    let action = Action::RepairExecute { entry, command };
    operation("repair-execute", "repairExecuteCommand", address, action)
}

/// `repair-finish`: ends an entry. After a success the command that the declared repair names for it is run.
#[must_use]
pub fn finish(entry: RepairEntry, succeeded: bool, declared: Option<&RepairOperation>) -> Operation {
    let address = entry.address.clone();
    let success = declared.filter(|repair| succeeded && !repair.success_command.is_empty());
    let command = success.map(|repair| CommandLine {
        args: command(Some(&repair.success_command), &address),
        timeout_seconds: seconds(repair.success_command_timeout, COMMAND_TIMEOUT),
        retries: 0,
        interval_seconds: 0,
    });
    let action = Action::RepairFinish {
        entry,
        succeeded,
        command,
    };
    operation("repair-finish", "repairFinishCommand", address, action)
}

/// `repair-drain-timeout`: gives up a drain, to be tried again later.
#[must_use]
pub fn drain_timeout(entry: RepairEntry) -> Operation {
    let address = entry.address.clone();
    let action = Action::RepairDrainTimeout { entry };
    operation("repair-drain-timeout", "repairDrainTimeoutCommand", address, action)
}

/// `repair-dequeue`: removes an entry.
#[must_use]
pub fn dequeue(entry: RepairEntry) -> Operation {
    let address = entry.address.clone();
    let action = Action::RepairDequeue { entry };
    operation("repair-dequeue", "repairDequeueCommand", address, action)
}

/// A command with the machine's address behind it.
fn command(declared: Option<&[String]>, address: &str) -> Vec<String> {
    let mut args = declared.unwrap_or_default().to_vec();
    args.push(address.to_owned());
    args
}

/// A declared count; negative ones are 0.
fn seconds(declared: Option<i64>, default: u64) -> u64 {
    declared.map_or(default, |count| u64::try_from(count).unwrap_or(0))
}

fn operation(name: &str, step_name: &str, address: String, action: Action) -> Operation {
    Operation {
        name: name.to_owned(),
        targets: vec![address.clone()],
        steps: vec![step(step_name, address, action)],
    }
}
