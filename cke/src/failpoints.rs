//! Places in operations where a build for tests can be made to fail, so that what a leader leaves half done is seen to be finished by the next.
//!
//! Only the program `cke-failpoints` has them: `cargo build --package cke --features failpoints --bin cke-failpoints`. In `cke` a place
//! is nothing at all.

#[cfg(feature = "failpoints")]
mod control;

#[cfg(feature = "failpoints")]
pub(crate) use control::serve;

/// A place, between two effects of which the first is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// A member was added to the cluster's etcd, and does not run yet.
    EtcdMemberAdded,
    /// Members were removed from the cluster's etcd, and the operation has not ended yet.
    EtcdMembersRemoved,
}

/// Fails, waits or goes on, as the place was told to.
#[cfg(feature = "failpoints")]
pub(crate) fn pass(place: Place) {
    fail::fail_point!(place.name());
}

/// Goes on.
#[cfg(not(feature = "failpoints"))]
pub(crate) const fn pass(_: Place) {}
