//! Who may do what: one pure decision over the row of the route, what is known of the caller, and the settings.
//!
//! The table itself is [`crate::route::ROUTES`] (and [`crate::route::GRAPHQL_FIELDS`]): each row names an [`Audience`].
//! Here is what the audiences mean. Why it is so: `docs/adr/0006-policy-table.md`.

mod caller;
pub mod mode;
pub mod racks;
#[cfg(test)]
mod tests;

use crate::route::{Audience, Listener, Row};
use http::Method;

pub use caller::{Caller, Identity, Networks, canonical};

/// What the policy does with a request that it would refuse and the original would have let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Let it in, log it and count it: the start on an etcd that the original wrote.
    Report,
    /// Refuse it.
    Enforce,
}

/// Settings of the decision, from the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// Report or enforce.
    pub mode: Mode,
    /// Operators need a certificate; an address is not enough but for localhost.
    pub require_operator_identity: bool,
    /// Peers need a certificate to read assets as a peer.
    pub require_peer_identity: bool,
    /// A machine needs a certificate for its keys; its address is not enough.
    pub require_machine_identity: bool,
    /// A machine needs the token of its boot for its Ignition and its keys.
    pub require_boot_token: bool,
    /// Assets are open to any host.
    pub open_assets: bool,
}

/// What a request asks for.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// The audience of the row or of the GraphQL field.
    pub audience: Audience,
    /// The machine that the path names, where it names one.
    pub serial: Option<&'a str>,
    /// Would the original have let any host do this?
    pub open_in_original: bool,
    /// Does it move a disk key?
    pub secret: bool,
}

/// The outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision {
    /// Let it in?
    pub allow: bool,
    /// Why.
    pub reason: Reason,
    /// It was let in only because the policy just reports.
    pub reported: bool,
}

/// Why a request was let in or refused. The text is stable: it is a label of metrics and stands in logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The route is for any host.
    OpenRoute,
    /// Localhost or an address of `allow-ips`.
    OperatorAddress,
    /// An operator's certificate.
    OperatorIdentity,
    /// An address of `read-ips`.
    ReaderAddress,
    /// Another boot server.
    Peer,
    /// The machine itself.
    Machine,
    /// A machine of the inventory, or a host in a rack's range.
    KnownRange,
    /// The machine named in the path, or a host in its rack's range.
    OwnRack,
    /// Assets are open.
    OpenAssets,
    /// Refused: only operators may.
    NeedsOperator,
    /// Refused: only who may read the inventory.
    NeedsReader,
    /// Refused: neither the machine nor in its rack's range.
    NotThisMachine,
    /// Refused: not a machine's or peer's address.
    NotAKnownHost,
    /// Refused: a certificate is required.
    NeedsIdentity,
    /// Refused: the token of this boot is required.
    NeedsBootToken,
}

impl Reason {
    /// The stable word for logs and metrics.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::OpenRoute => "open-route",
            Self::OperatorAddress => "operator-address",
            Self::OperatorIdentity => "operator-identity",
            Self::ReaderAddress => "reader-address",
            Self::Peer => "peer",
            Self::Machine => "machine",
            Self::KnownRange => "known-range",
            Self::OwnRack => "own-rack",
            Self::OpenAssets => "open-assets",
            Self::NeedsOperator => "needs-operator",
            Self::NeedsReader => "needs-reader",
            Self::NotThisMachine => "not-this-machine",
            Self::NotAKnownHost => "not-a-known-host",
            Self::NeedsIdentity => "needs-identity",
            Self::NeedsBootToken => "needs-boot-token",
        }
    }

    /// What the refused caller is told to do.
    #[must_use]
    pub fn advice(self) -> &'static str {
        match self {
            Self::NeedsOperator => "only localhost and the addresses of allow-ips may do this",
            Self::NeedsReader => "only the addresses of read-ips and allow-ips may read this",
            Self::NotThisMachine => "only the machine itself, or a host in its rack's range, may have this",
            Self::NotAKnownHost => "only boot servers, registered machines and their racks' ranges may have this",
            Self::NeedsIdentity => "this server asks for a client certificate for this",
            Self::NeedsBootToken => "the token of this boot is missing or has ended: boot the machine again",
            _ => "allowed",
        }
    }
}

impl<'a> Ask<'a> {
    /// What a request for this row asks for.
    #[must_use]
    pub fn of(row: &Row, listener: Listener, serial: Option<&'a str>) -> Self {
        Self {
            audience: row.audience,
            serial,
            open_in_original: open_in_original(row, listener),
            secret: row.pattern.starts_with("/api/v1/crypts/"),
        }
    }
}

/// The original let any host read anything, run GraphQL, and put and get disk keys.
fn open_in_original(row: &Row, listener: Listener) -> bool {
    let crypts = row.pattern.starts_with("/api/v1/crypts/") && row.method != Method::DELETE;
    let read = row.method == Method::GET || row.method == Method::HEAD;
    read || crypts || (row.pattern == "/graphql" && listener == Listener::Http)
}

/// Decides. Pure: the same arguments give the same answer.
#[must_use]
pub fn decide(ask: &Ask<'_>, caller: &Caller, rules: &Rules) -> Decision {
    match judge(ask, caller, rules) {
        Ok(reason) => Decision {
            allow: true,
            reason,
            reported: false,
        },
        Err(reason) => {
            // What an operator asked for by name holds at once: reports are for what changed without being asked.
            let asked_for = matches!(reason, Reason::NeedsIdentity | Reason::NeedsBootToken);
            let reported = rules.mode == Mode::Report && ask.open_in_original && !asked_for;
            Decision {
                allow: reported,
                reason,
                reported,
            }
        }
    }
}

/// The table's meaning, without the mode: why it is allowed, or why not.
fn judge(ask: &Ask<'_>, caller: &Caller, rules: &Rules) -> Result<Reason, Reason> {
    if ask.audience == Audience::Anyone {
        return Ok(Reason::OpenRoute);
    }
    if let Some(reason) = operator(caller, rules) {
        return Ok(reason);
    }
    match ask.audience {
        Audience::Anyone => Ok(Reason::OpenRoute),
        Audience::Operators if rules.require_operator_identity => Err(Reason::NeedsIdentity),
        Audience::Operators => Err(Reason::NeedsOperator),
        Audience::Readers => reader(caller),
        Audience::AssetReaders => asset_reader(caller, rules),
        Audience::Owner => owner(ask, caller, rules),
    }
}

fn operator(caller: &Caller, rules: &Rules) -> Option<Reason> {
    if matches!(caller.identity, Some(Identity::Operator(_))) {
        return Some(Reason::OperatorIdentity);
    }
    // Localhost stays: who is on the boot server holds its keys anyway, and locking oneself out helps nobody.
    let by_address = caller.local || (caller.allowed && !rules.require_operator_identity);
    by_address.then_some(Reason::OperatorAddress)
}

fn reader(caller: &Caller) -> Result<Reason, Reason> {
    if caller.reader {
        Ok(Reason::ReaderAddress)
    } else {
        Err(Reason::NeedsReader)
    }
}

fn asset_reader(caller: &Caller, rules: &Rules) -> Result<Reason, Reason> {
    if rules.open_assets {
        return Ok(Reason::OpenAssets);
    }
    if caller.identity == Some(Identity::Peer) || (caller.peer && !rules.require_peer_identity) {
        return Ok(Reason::Peer);
    }
    if matches!(caller.identity, Some(Identity::Machine(_))) {
        return Ok(Reason::Machine);
    }
    if caller.machine.is_some() || caller.rack.is_some() {
        return Ok(Reason::KnownRange);
    }
    Err(Reason::NotAKnownHost)
}

fn owner(ask: &Ask<'_>, caller: &Caller, rules: &Rules) -> Result<Reason, Reason> {
    let Some(serial) = ask.serial else {
        return Err(Reason::NeedsOperator);
    };
    if let Some(Identity::Machine(name)) = &caller.identity {
        return if name == serial {
            Ok(Reason::Machine)
        } else {
            Err(Reason::NotThisMachine)
        };
    }
    if ask.secret && rules.require_machine_identity {
        return Err(Reason::NeedsIdentity);
    }
    if rules.require_boot_token && !caller.boot_token {
        return Err(Reason::NeedsBootToken);
    }
    if !(caller.machine.as_deref() == Some(serial) || caller.in_rack_of_target) {
        return Err(Reason::NotThisMachine);
    }
    Ok(Reason::OwnRack)
}
