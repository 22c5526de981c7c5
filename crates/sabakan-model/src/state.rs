//! The seven states of a machine and the transitions between them.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt;

/// Where a machine is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum MachineState {
    /// Registered, or back from an update or a repair, and not yet prepared.
    #[default]
    Uninitialized,
    /// Can run applications.
    Healthy,
    /// Has a problem to be repaired.
    Unhealthy,
    /// Cannot be reached.
    Unreachable,
    /// Being updated.
    Updating,
    /// To be retired or repaired: its disk keys may be deleted.
    Retiring,
    /// Has no disk keys: it may be deleted, or come back.
    Retired,
}

use MachineState::{Healthy, Retired, Retiring, Unhealthy, Uninitialized, Unreachable, Updating};

/// A transition that the life of a machine does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("transition from [ {from} ] to [ {to} ] is forbidden; allowed from here: {}", list(from.successors()))]
pub struct ForbiddenTransition {
    /// The state the machine is in.
    pub from: MachineState,
    /// The state that was asked for.
    pub to: MachineState,
}

/// A text that names no state.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid state: {name:?}; it must be one of {}", list(&MachineState::ALL))]
pub struct UnknownState {
    /// The text, shortened.
    pub name: String,
}

fn list(states: &[MachineState]) -> String {
    states.iter().map(|s| s.as_str()).collect::<Vec<_>>().join(", ")
}

impl MachineState {
    /// Every state, in the order of documents and metrics.
    pub const ALL: [Self; 7] = [
        Uninitialized,
        Healthy,
        Unhealthy,
        Unreachable,
        Updating,
        Retiring,
        Retired,
    ];

    /// The name in REST and in etcd.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Uninitialized => "uninitialized",
            Healthy => "healthy",
            Unhealthy => "unhealthy",
            Unreachable => "unreachable",
            Updating => "updating",
            Retiring => "retiring",
            Retired => "retired",
        }
    }

    /// The states that may follow this one.
    #[must_use]
    pub const fn successors(self) -> &'static [Self] {
        match self {
            Uninitialized => &[Healthy, Retiring],
            Healthy => &[Unhealthy, Unreachable, Updating, Retiring],
            Unhealthy => &[Healthy, Unreachable, Updating, Retiring],
            Unreachable => &[Healthy, Unhealthy, Updating, Retiring],
            Updating | Retired => &[Uninitialized],
            Retiring => &[Retired],
        }
    }

    /// Decides whether `to` may follow. `Ok(false)`: it is the same state, nothing changes.
    ///
    /// That a machine becomes `Retired` only without disk keys is for the writer to guard: it takes a transaction.
    ///
    /// # Errors
    /// When the transition is not one of [`MachineState::successors`].
    pub fn transition(self, to: Self) -> Result<bool, ForbiddenTransition> {
        if self == to {
            Ok(false)
        } else if self.successors().contains(&to) {
            Ok(true)
        } else {
            Err(ForbiddenTransition { from: self, to })
        }
    }

    /// New disk keys are refused from `Retiring` on.
    #[must_use]
    pub const fn accepts_disk_keys(self) -> bool {
        !matches!(self, Retiring | Retired)
    }
}

impl fmt::Display for MachineState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl std::str::FromStr for MachineState {
    type Err = UnknownState;

    fn from_str(text: &str) -> Result<Self, UnknownState> {
        let found = Self::ALL.into_iter().find(|s| s.as_str() == text);
        found.ok_or_else(|| UnknownState {
            name: text.chars().take(64).collect(),
        })
    }
}

impl Serialize for MachineState {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for MachineState {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        std::borrow::Cow::<'de, str>::deserialize(deserializer)?
            .parse()
            .map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests;
