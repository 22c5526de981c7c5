//! A machine: what CKE cannot see of a node.

/// Power, network and disks.
#[derive(Debug, Clone, Default)]
pub(crate) struct Machine {
    /// Whether it runs.
    pub(crate) on: bool,
    /// Whether its network works.
    pub(crate) linked: bool,
    /// How often it has booted.
    pub(crate) boots: u64,
    /// What the volume of etcd holds.
    pub(crate) data: Data,
    /// Whether the volume exists that marks a complete member.
    pub(crate) marked: bool,
}

/// What the volume of etcd holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Data {
    /// There is no volume.
    #[default]
    None,
    /// Nothing yet.
    Empty,
    /// The data of a member.
    Of(u64),
}

impl Machine {
    /// Whether it can be logged in to.
    pub(crate) fn answers(&self) -> bool {
        self.on && self.linked
    }
}
