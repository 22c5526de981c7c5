//! Everything of etcd that this server keeps in memory, at one revision.
//!
//! Plain data: [`crate::mirror`] applies changes to it, readers look at it through a lock. A value that cannot be read costs
//! itself alone: it is remembered in `unreadable` and everything else goes on.

mod change;
mod hidden;

pub(crate) use change::Change;

use crate::index::Index;
use crate::journal::Headers;
use hidden::Hidden;
use sabakan_model::{DhcpConfig, IpamConfig, SiteConfig};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A stored Ignition template.
#[derive(Debug)]
pub struct StoredTemplate {
    /// The template.
    pub template: sabakan_model::IgnitionTemplate,
    /// The revision that wrote it.
    pub revision: i64,
}

/// The state of one moment.
#[derive(Debug, Default)]
pub(crate) struct World {
    pub(crate) index: Index,
    pub(crate) hidden: Hidden,
    pub(crate) journals: Headers,
    /// By role and ID.
    pub(crate) ignitions: BTreeMap<(String, String), Arc<StoredTemplate>>,
    /// By operating system.
    pub(crate) kernel_params: BTreeMap<String, String>,
    pub(crate) ipam: Option<(Arc<IpamConfig>, i64)>,
    pub(crate) dhcp: Option<Arc<DhcpConfig>>,
    /// Why the value of a key cannot be read.
    pub(crate) unreadable: BTreeMap<String, String>,
}

impl World {
    pub(crate) fn site(&self) -> SiteConfig {
        SiteConfig {
            ipam: self.ipam.as_ref().map(|(config, _)| Arc::clone(config)),
            dhcp: self.dhcp.clone(),
        }
    }

    /// Applies one change. Changes of one revision are applied under one lock, so readers see all of them or none.
    pub(crate) fn apply(&mut self, change: Change) {
        match change {
            Change::Machine(entry) => self.put_machine(entry),
            Change::MachineGone(serial) => self.remove_machine(&serial),
            Change::Chunk { id, key, revision } => {
                self.journals.touch(&id);
                self.hidden.begin(key, revision);
            }
            Change::JournalStep(id) => self.journals.touch(&id),
            Change::ChunkGone(key) => {
                for entry in self.hidden.reveal(&key) {
                    self.index.insert(entry);
                }
            }
            Change::Journal(id, header) => self.journals.put(id, header),
            Change::Ipam(config) => self.ipam = config,
            Change::Dhcp(config) => self.dhcp = config,
            Change::Ignition(name, Some(template)) => drop(self.ignitions.insert(name, template)),
            Change::Ignition(name, None) => drop(self.ignitions.remove(&name)),
            Change::KernelParams(os, Some(params)) => drop(self.kernel_params.insert(os, params)),
            Change::KernelParams(os, None) => drop(self.kernel_params.remove(&os)),
            Change::Nothing => {}
        }
    }

    fn put_machine(&mut self, entry: Arc<crate::MachineEntry>) {
        match self.hidden.of(entry.create_revision) {
            Some(machines) => drop(machines.insert(entry.serial().into(), entry)),
            None => self.index.insert(entry),
        }
    }

    fn remove_machine(&mut self, serial: &str) {
        self.index.remove(serial);
        self.hidden.remove(serial);
    }
}
