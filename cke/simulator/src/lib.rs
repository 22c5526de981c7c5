//! A cluster that exists in memory only: it runs [`cke_plan::decide`] over thousands of nodes which fail, reboot, are upgraded
//! and repaired, carries out what is decided, and checks at every step that CKE keeps its promises.
//!
//! It is deterministic: the same [`Scenario`] with the same seed gives the same history, so that a seed which breaks a promise
//! becomes a regression test. It is *not* a model of Kubernetes or etcd: a component runs or does not, a member is in sync or
//! is not, a pod leaves its node or does not.
//!
//! What is checked ([`Broken`] says it in words):
//! - etcd never loses its quorum by an action of CKE;
//! - no more than one API server is down by the doing of CKE;
//! - limits of queues, constraints and the budget are kept, and nothing is done while the cluster is frozen;
//! - nothing is ordered on a node that does not answer;
//! - operations are those of the catalog, in their phase;
//! - a plan that was carried out changes something;
//! - when events end, queues drain and the cluster converges.

mod apply;
mod event;
mod invariant;
mod machine;
mod random;
mod scenario;
mod simulation;
mod world;

pub use invariant::Broken;
pub use scenario::Scenario;
pub use simulation::{Report, run};
