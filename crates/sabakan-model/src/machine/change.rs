//! Changes of one machine; each leaves alone what it does not name.

use super::{Machine, MachineSpec, MachineStatus};
use crate::state::ForbiddenTransition;
use crate::{GoTime, MachineInfo, MachineState};
use jiff::Timestamp;

/// A label that the machine does not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("machine {serial} has no label {label}")]
pub struct UnknownLabel {
    /// The machine.
    pub serial: String,
    /// The name that was asked for.
    pub label: String,
}

impl Machine {
    /// A machine as it is registered at `now`: uninitialized, its dates set, without index and addresses yet.
    ///
    /// Addresses of the caller are dropped: they come from the formulas alone.
    #[must_use]
    pub fn registered(spec: MachineSpec, now: Timestamp) -> Self {
        let now = GoTime::utc(now);
        let retire_date = if spec.retire_date.is_zero() {
            now
        } else {
            spec.retire_date
        };
        let spec = MachineSpec {
            register_date: now,
            retire_date,
            ipv4: None,
            ipv6: None,
            ..spec
        };
        let status = MachineStatus {
            timestamp: now,
            state: MachineState::Uninitialized,
            ..Default::default()
        };
        Self {
            spec,
            status,
            info: MachineInfo::default(),
            ..Default::default()
        }
    }

    /// Enters `state` at `now`. `Ok(false)`: it was there already, and its timestamp stays.
    ///
    /// # Errors
    /// When the life of a machine has no such transition.
    pub fn set_state(&mut self, state: MachineState, now: Timestamp) -> Result<bool, ForbiddenTransition> {
        let changes = self.status.state.transition(state)?;
        if changes {
            self.status.state = state;
            self.status.timestamp = GoTime::utc(now);
        }
        Ok(changes)
    }

    /// Adds or replaces a label.
    pub fn put_label(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.spec
            .labels
            .get_or_insert_default()
            .insert(name.into(), value.into());
    }

    /// Removes a label. An empty map stays an empty map.
    ///
    /// # Errors
    /// When there is no such label.
    pub fn delete_label(&mut self, name: &str) -> Result<(), UnknownLabel> {
        let removed = self.spec.labels.as_mut().and_then(|labels| labels.remove(name));
        let missing = || UnknownLabel {
            serial: self.spec.serial.clone(),
            label: name.to_owned(),
        };
        removed.map(|_| ()).ok_or_else(missing)
    }

    /// The machine as answers show it: with the seconds since it entered its state.
    #[must_use]
    pub fn with_duration(mut self, now: Timestamp) -> Self {
        self.status.duration = self.status.timestamp.seconds_until(now);
        self
    }

    /// The value of a label.
    #[must_use]
    pub fn label(&self, name: &str) -> Option<&str> {
        self.spec.labels.as_ref()?.get(name).map(String::as_str)
    }

    /// Whole days until the retire date, rounded toward zero, as GraphQL's `minDaysBeforeRetire` counts them.
    #[must_use]
    pub fn days_before_retire(&self, now: Timestamp) -> i64 {
        self.spec.retire_date.instant().duration_since(now).as_hours() / 24
    }

    /// The role of the one boot server of a rack.
    #[must_use]
    pub fn is_boot(&self) -> bool {
        self.spec.role == crate::rack::BOOT_ROLE
    }
}
