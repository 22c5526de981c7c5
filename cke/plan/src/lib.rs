//! What is to be done with a cluster now, and for whatever is not done the reason: [`decide`].
//!
//! It is pure: data in, data out. It opens nothing, reads no clock, and gives the same plan for the same input, so that plans
//! can be printed, stored, compared and simulated. It does *not* build operations (`cke-component` does), and does not apply
//! them.
//!
//! What it promises:
//! - the phases of the original in their order, and its operations in theirs;
//! - nothing is ordered on a node that does not answer;
//! - every operation that could be done and is not has a [`Wait`] with the inputs of the guard that holds it;
//! - no entry of a queue stays as it is for ever ([`deadlines`]);
//! - nothing at all while the cluster is frozen, and no disruption beyond the budget ([`cke_model::controls`]).

mod advice;
mod cost;
pub mod deadlines;
mod decide;
mod desired;
mod draft;
mod explain;
mod ledger;
mod phases;
mod plan;
mod reboot;
mod repair;
mod since;
pub mod touched;
mod trouble;
mod view;
mod wait;
pub mod what_if;

pub use cost::Cost;
pub use decide::decide;
pub use desired::{DecideOptions, Desired};
pub use explain::{Explanation, NoSubject, Unknown, explain};
pub use ledger::spending;
pub use plan::{Plan, Subject, Wait};
pub use since::WaitsSince;
pub use wait::{Disruption, Spender, WaitReason};
pub use what_if::{WhatIf, WhatIfError};
