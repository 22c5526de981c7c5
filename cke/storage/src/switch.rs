//! What operators switch on and off. Everything is on unless it was switched off.

use crate::{Storage, StorageError, keys};
use neco_etcd::Kv;

/// Something that can be switched off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Switch {
    /// Generating the cluster from sabakan's inventory.
    Sabakan,
    /// Queueing repairs for sabakan's non-healthy machines.
    AutoRepair,
    /// Working on the reboot queue.
    RebootQueue,
    /// Working on the repair queue.
    RepairQueue,
}

impl Switch {
    pub(crate) const fn key(self) -> &'static str {
        match self {
            Self::Sabakan => keys::SABAKAN_DISABLED,
            Self::AutoRepair => keys::AUTO_REPAIR_DISABLED,
            Self::RebootQueue => keys::REBOOTS_DISABLED,
            Self::RepairQueue => keys::REPAIRS_DISABLED,
        }
    }
}

/// Anything but `true` in the key is no reason to be off.
pub(crate) fn is_on(disabled: Option<&Kv>) -> bool {
    disabled.is_none_or(|kv| kv.value != b"true")
}

impl Storage {
    /// Whether it is on.
    ///
    /// # Errors
    /// See [`StorageError`].
    pub async fn is_enabled(&self, switch: Switch) -> Result<bool, StorageError> {
        Ok(is_on(self.kv(switch.key()).await?.as_ref()))
    }

    /// Switches it on or off.
    ///
    /// # Errors
    /// See [`StorageError`].
    pub async fn enable(&self, switch: Switch, on: bool) -> Result<(), StorageError> {
        self.put(switch.key(), (!on).to_string()).await
    }
}
