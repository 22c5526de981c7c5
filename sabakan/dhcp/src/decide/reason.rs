//! Why nothing was said, or not yet: the labels of the metrics.

/// Why a packet got no reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DropReason {
    /// The packet is no request of a DHCP client, or lacks what its kind needs.
    Malformed,
    /// The same packet came by another way a moment ago.
    Duplicate,
    /// The client chose another server.
    NotChosen,
    /// The relay's, the interface's or the client's address lies in none of our ranges.
    OutsideRanges,
    /// There is no IPAM or DHCP configuration yet.
    NoConfiguration,
    /// Every address of the range is taken.
    RangeFull,
    /// etcd cannot be reached, and the client is not known well enough to be answered from memory.
    EtcdAway,
    /// The client remembers an address of which there is no record.
    UnknownClient,
    /// A RELEASE or DECLINE of an address that is not the client's.
    NotHolder,
    /// A RELEASE, done: no reply is due.
    Released,
    /// A DECLINE, done: no reply is due.
    Declined,
    /// The client sends more than a client needs to.
    ClientLimit,
    /// The relay sends more than its rack needs to.
    RelayLimit,
    /// What etcd holds for the range does not parse.
    BrokenRange,
    /// Other servers changed the range faster than this one could.
    Contended,
    /// More packets are in work than the server takes.
    Overload,
}

impl DropReason {
    /// All of them, so that metrics exist before the first packet.
    pub const ALL: [DropReason; 16] = [
        DropReason::Malformed,
        DropReason::Duplicate,
        DropReason::NotChosen,
        DropReason::OutsideRanges,
        DropReason::NoConfiguration,
        DropReason::RangeFull,
        DropReason::EtcdAway,
        DropReason::UnknownClient,
        DropReason::NotHolder,
        DropReason::Released,
        DropReason::Declined,
        DropReason::ClientLimit,
        DropReason::RelayLimit,
        DropReason::BrokenRange,
        DropReason::Contended,
        DropReason::Overload,
    ];

    /// The metric's label.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            DropReason::Malformed => "malformed",
            DropReason::Duplicate => "duplicate",
            DropReason::NotChosen => "not_chosen",
            DropReason::OutsideRanges => "outside_ranges",
            DropReason::NoConfiguration => "no_configuration",
            DropReason::RangeFull => "range_full",
            DropReason::EtcdAway => "etcd_away",
            DropReason::UnknownClient => "unknown_client",
            DropReason::NotHolder => "not_holder",
            DropReason::Released => "released",
            DropReason::Declined => "declined",
            DropReason::ClientLimit => "client_limit",
            DropReason::RelayLimit => "relay_limit",
            DropReason::BrokenRange => "broken_range",
            DropReason::Contended => "contended",
            DropReason::Overload => "overload",
        }
    }
}

/// Why a reply has to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WaitReason {
    /// A refusal is due, and needs the range as etcd has it now.
    FreshRead,
    /// The lease has to be durable first.
    Commit,
    /// Another server may own the rack: it answers first.
    OtherServer,
}

impl WaitReason {
    /// All of them.
    pub const ALL: [WaitReason; 3] = [WaitReason::FreshRead, WaitReason::Commit, WaitReason::OtherServer];

    /// The metric's label.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            WaitReason::FreshRead => "fresh_read",
            WaitReason::Commit => "commit",
            WaitReason::OtherServer => "other_server",
        }
    }
}
