//! What to do with a client's packet: RFC 2131, section 4.3, over plain data.
//!
//! [`decide`] reads no clock, no socket and no etcd. It answers with a [`Plan`]; the server carries the plan out and
//! chooses nothing. A NAK is only ever planned on facts that were just read from etcd (`fresh`): a lagging server
//! must not take an address from a client whose lease another server wrote a moment ago.

use std::net::Ipv4Addr;

use jiff::{SignedDuration, Timestamp};

use crate::facts::{Facts, Held, Wanted};
use crate::packet::{Boot, Kind, Packet};
use crate::range::{Change, Saturating as _};
use crate::reply::{Reply, ReplyKind};
use crate::site::{BootUrls, Site};

mod reason;
#[cfg(test)]
mod tests;

pub use reason::{DropReason, WaitReason};

/// What surrounds a packet.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The configuration.
    pub site: &'a Site,
    /// Where firmware is sent.
    pub urls: &'a BootUrls,
    /// First IPv4 address of the receiving interface: option 54 of replies.
    pub server: Ipv4Addr,
    /// All addresses of this server. A relay sends to several of them, so any of them is "us" in a REQUEST.
    pub own: &'a [Ipv4Addr],
    /// etcd cannot be reached.
    pub away: bool,
    /// The facts were read from etcd for this decision.
    pub fresh: bool,
    /// A program that keeps no offers in memory writes this range too: an offer has to be in etcd before it is made.
    pub foreign: bool,
    /// What a stored lease lasts longer than its promise: above the clocks' skew.
    pub grace: SignedDuration,
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Plan {
    /// Say nothing.
    Silent {
        /// Why.
        reason: DropReason,
        /// Write this, though no reply is due.
        change: Option<Change>,
        /// Take back what is on offer to the client.
        withdraw: bool,
    },
    /// Something has to happen first; then decide again.
    Wait(WaitReason),
    /// Reply, once `change` is durable.
    Answer {
        /// The reply.
        reply: Reply,
        /// Keep this address on offer to the client.
        hold: Option<u32>,
        /// What etcd has to take before the reply may go.
        change: Option<Change>,
        /// With etcd away: the address and the end that the client was promised from memory alone.
        promise: Option<Held>,
    },
}

impl Plan {
    fn silent(reason: DropReason) -> Plan {
        Plan::Silent {
            reason,
            change: None,
            withdraw: false,
        }
    }
}

/// The address whose range the packet is about: the relay's or the receiving interface's when the client has none yet,
/// else the client's own.
#[must_use]
pub fn subject(packet: &Packet, server: Ipv4Addr) -> Ipv4Addr {
    let link = packet.giaddr.unwrap_or(server);
    match packet.kind {
        Kind::Discover => link,
        Kind::Request if packet.server_id.is_some() || packet.requested.is_some() => link,
        Kind::Request | Kind::Release | Kind::Inform => packet.ciaddr.unwrap_or(link),
        Kind::Decline => packet.requested.unwrap_or(link),
    }
}

/// The address that the packet names, if any.
#[must_use]
pub fn named(packet: &Packet) -> Option<Ipv4Addr> {
    match packet.kind {
        Kind::Request if packet.server_id.is_none() && packet.requested.is_none() => packet.ciaddr,
        Kind::Release | Kind::Inform => packet.ciaddr,
        _ => packet.requested,
    }
}

/// Decides. `facts` is `None` when the packet's subject lies in no range.
#[must_use]
pub fn decide(packet: &Packet, facts: Option<&Facts>, context: &Context<'_>, now: Timestamp) -> Plan {
    if packet.kind == Kind::Inform {
        return inform(packet, context);
    }
    let Some(facts) = facts else {
        return Plan::silent(DropReason::OutsideRanges);
    };
    let case = Case {
        packet,
        facts,
        context,
        now,
    };
    let chosen = packet
        .server_id
        .is_none_or(|server| context.own.contains(&server) || server == context.server);
    match packet.kind {
        Kind::Discover => case.discover(),
        Kind::Request if !chosen => Plan::Silent {
            reason: DropReason::NotChosen,
            change: None,
            withdraw: true,
        },
        Kind::Request if packet.server_id.is_some() => case.selecting(),
        Kind::Request if packet.requested.is_some() => case.init_reboot(),
        Kind::Request => case.extend(),
        Kind::Release | Kind::Decline if !chosen || packet.server_id.is_none() => Plan::silent(DropReason::NotChosen),
        Kind::Release => case.give_back(),
        Kind::Decline => case.decline(),
        Kind::Inform => Plan::silent(DropReason::OutsideRanges),
    }
}

/// INFORM: options for a client that has its address from elsewhere, static ones included.
fn inform(packet: &Packet, context: &Context<'_>) -> Plan {
    let Some(ciaddr) = packet.ciaddr.filter(|address| context.site.layout.contains(*address)) else {
        return Plan::silent(DropReason::OutsideRanges);
    };
    let reply = Reply {
        kind: ReplyKind::Ack,
        ciaddr: Some(ciaddr),
        yiaddr: None,
        server: context.server,
        lease_seconds: None,
        network: Some(context.site.network(ciaddr)),
        boot_file: None,
        http_client: false,
    };
    Plan::Answer {
        reply,
        hold: None,
        change: None,
        promise: None,
    }
}

/// One packet with all that is known about it.
struct Case<'a> {
    packet: &'a Packet,
    facts: &'a Facts,
    context: &'a Context<'a>,
    now: Timestamp,
}

impl Case<'_> {
    /// The client's own address first, then what was offered to it, then what it would like, then any.
    fn discover(&self) -> Plan {
        let liked = match self.facts.wanted {
            Wanted::Free(index) => Some(index),
            _ => None,
        };
        let mine = self.facts.mine.map(|held| held.index);
        if self.context.away {
            return self.answer_from_memory(ReplyKind::Offer, mine);
        }
        match mine.or(self.facts.offered).or(liked).or(self.facts.next) {
            Some(index) if self.context.foreign => self.grant(ReplyKind::Offer, index),
            Some(index) => self.answer(ReplyKind::Offer, index, None),
            None => Plan::silent(DropReason::RangeFull),
        }
    }

    /// The client took our offer. A server that was restarted in between has no offer in memory: the address is then
    /// the client's if it is free.
    fn selecting(&self) -> Plan {
        let known = self.facts.mine.map(|held| held.index).or(self.facts.offered);
        let index = match self.facts.wanted {
            Wanted::Free(index) => Some(index),
            Wanted::Nothing => known,
            Wanted::Taken(_) | Wanted::Elsewhere => None,
        };
        self.acknowledge(index)
    }

    /// The client remembers an address. RFC 2131 wants silence when the server has no record of the client and the
    /// network is right; an address that is another client's is refused, since some clients would use it on silence.
    fn init_reboot(&self) -> Plan {
        let index = match (self.facts.wanted, self.facts.mine) {
            (Wanted::Free(index), Some(held)) if held.index == index => Some(index),
            (Wanted::Free(_), None) if self.context.fresh || self.context.away => {
                return Plan::silent(if self.context.away {
                    DropReason::EtcdAway
                } else {
                    DropReason::UnknownClient
                });
            }
            (Wanted::Free(_), None) => return Plan::Wait(WaitReason::FreshRead),
            _ => None,
        };
        self.acknowledge(index)
    }

    /// Renewing and rebinding. A client whose entry is gone (etcd restored to an older revision) gets it again if the
    /// address is free: it is using it.
    fn extend(&self) -> Plan {
        if self.packet.ciaddr.is_none() {
            return Plan::silent(DropReason::Malformed);
        }
        let index = match (self.facts.wanted, self.facts.mine) {
            (Wanted::Free(index), Some(held)) if held.index == index => Some(index),
            (Wanted::Free(index), None) => Some(index),
            (Wanted::Elsewhere | Wanted::Nothing, None) => return Plan::silent(DropReason::OutsideRanges),
            _ => None,
        };
        self.acknowledge(index)
    }

    fn give_back(&self) -> Plan {
        let Some(index) = self.held_as_named() else {
            return Plan::silent(DropReason::NotHolder);
        };
        let change = Change::Release {
            mac: self.packet.mac,
            index,
        };
        self.write_in_silence(DropReason::Released, change)
    }

    fn decline(&self) -> Plan {
        let Some(index) = self.held_as_named() else {
            return Plan::silent(DropReason::NotHolder);
        };
        let change = Change::Decline {
            mac: self.packet.mac,
            index,
            until: self.stored_end(),
        };
        self.write_in_silence(DropReason::Declined, change)
    }

    fn write_in_silence(&self, reason: DropReason, change: Change) -> Plan {
        if self.context.away {
            return Plan::Silent {
                reason: DropReason::EtcdAway,
                change: None,
                withdraw: true,
            };
        }
        Plan::Silent {
            reason,
            change: Some(change),
            withdraw: true,
        }
    }

    /// The address that the client names, if it holds it. The slot may look taken because of a later offer.
    fn held_as_named(&self) -> Option<u32> {
        let named = named(self.packet).and_then(|address| self.facts.range.index(address))?;
        self.facts
            .mine
            .filter(|held| held.index == named)
            .map(|held| held.index)
    }

    fn acknowledge(&self, index: Option<u32>) -> Plan {
        if self.context.away {
            let mine = self
                .facts
                .mine
                .filter(|held| index == Some(held.index))
                .map(|held| held.index);
            return self.answer_from_memory(ReplyKind::Ack, mine);
        }
        match index {
            Some(index) => self.grant(ReplyKind::Ack, index),
            None if self.context.fresh => self.refuse(),
            None => Plan::Wait(WaitReason::FreshRead),
        }
    }

    fn refuse(&self) -> Plan {
        let server = self.packet.server_id.unwrap_or(self.context.server);
        Plan::Answer {
            reply: Reply::nak(server),
            hold: None,
            change: None,
            promise: None,
        }
    }

    /// A reply behind a durable lease.
    fn grant(&self, kind: ReplyKind, index: u32) -> Plan {
        let change = Change::Lease {
            mac: self.packet.mac,
            index,
            until: self.stored_end(),
        };
        self.answer(kind, index, Some(change))
    }

    /// With etcd away a known client keeps its address for the time that is left of what etcd says, less the grace
    /// that the stored end may hold.
    fn answer_from_memory(&self, kind: ReplyKind, index: Option<u32>) -> Plan {
        let Some(held) = self.facts.mine.filter(|held| index == Some(held.index)) else {
            return Plan::silent(DropReason::EtcdAway);
        };
        let left = held
            .until
            .duration_since(self.now)
            .saturating_sub(self.context.grace)
            .as_secs();
        let seconds = u32::try_from(left).unwrap_or(0).min(self.context.site.lease_seconds);
        if seconds == 0 {
            return Plan::silent(DropReason::EtcdAway);
        }
        let plan = self.answer(kind, held.index, None);
        match plan {
            Plan::Answer { reply, .. } => Plan::Answer {
                reply: Reply {
                    lease_seconds: Some(seconds),
                    ..reply
                },
                hold: None,
                change: None,
                promise: (kind == ReplyKind::Ack).then_some(held),
            },
            other => other,
        }
    }

    fn answer(&self, kind: ReplyKind, index: u32, change: Option<Change>) -> Plan {
        let Some(address) = self.facts.range.address(index) else {
            return Plan::silent(DropReason::OutsideRanges);
        };
        let site = self.context.site;
        let (boot_file, http_client) = self.boot();
        let extends = self.packet.kind == Kind::Request && named(self.packet) == self.packet.ciaddr;
        let reply = Reply {
            kind,
            ciaddr: self.packet.ciaddr.filter(|_| extends),
            yiaddr: Some(address),
            server: self.packet.server_id.unwrap_or(self.context.server),
            lease_seconds: Some(site.lease_seconds),
            network: Some(site.network(address)),
            boot_file,
            http_client,
        };
        let hold = (kind == ReplyKind::Offer && change.is_none()).then_some(index);
        Plan::Answer {
            reply,
            hold,
            change,
            promise: None,
        }
    }

    /// Firmware and iPXE learn where to go while they get their address, never when they extend it. iPXE under UEFI
    /// HTTP boot still says `HTTPClient`; its script wins.
    fn boot(&self) -> (Option<String>, bool) {
        let getting = self.packet.kind == Kind::Discover || self.packet.server_id.is_some();
        match self.packet.boot {
            Boot::UefiHttp if getting => (Some(self.context.urls.ipxe_efi.clone()), true),
            Boot::Ipxe if getting => (Some(self.context.urls.script.clone()), false),
            _ => (None, false),
        }
    }

    fn stored_end(&self) -> Timestamp {
        self.now
            .saturating_add_(self.context.site.lease())
            .saturating_add_(self.context.grace)
    }
}
