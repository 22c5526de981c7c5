//! From sabakan's inventory to a cluster, and to repairs. Pure: machines, template and time come as data, decisions go as data.
//!
//! - [`Machine`] and [`query`]: what is asked of sabakan, and its answer.
//! - [`machine_to_node`]: a machine as a node: labels, annotations, taints.
//! - [`next_cluster`]: the next cluster, one small step from the current one, behind the [`guard`]: an inventory that says that machines
//!   are gone is not believed at once.
//! - [`next_repairs`]: which machines are to be repaired, behind three limiters.
//!
//! It does *not* ask sabakan, store anything or know a clock; whoever does keeps [`guard::Sightings`] from one round to the next.

mod generator;
pub mod guard;
mod machine;
mod next;
mod node;
pub mod query;
mod repairs;
mod score;
mod template;

pub use generator::{Change, Error, Generator};
pub use machine::{Bmc, Label, Machine, Spec, State, Status};
pub use next::{Input, Metrics, Outcome, Reason, next_cluster};
pub use node::{STATE_TAINT, machine_to_node};
pub use repairs::{RepairInput, RepairReason, Repairs, next_repairs};

/// How long a machine must have been retired before its node is removed, in seconds.
pub const WAIT_RETIRED_SECONDS: f64 = 300.0;

#[cfg(test)]
mod tests;
