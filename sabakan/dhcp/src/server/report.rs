//! What becomes known of a packet: the log, the event log, and the boot's time-line.

use jiff::Timestamp;
use sabakan_model::boot_log::Stage;
use sabakan_model::{BootEvent, GoTime};

use super::State;
use super::work::{Job, is_boot};
use crate::decide::DropReason;
use crate::event_log::{LoggedEvent, What, uptime_ns};
use crate::packet::{Boot, Kind};
use crate::reply::{Reply, ReplyKind};

impl State {
    /// Writes down a reply before it is sent.
    pub(super) fn report(&self, job: &Job, reply: &Reply, from_memory: bool) {
        let packet = &job.packet;
        let address = reply.yiaddr.or(reply.ciaddr);
        tracing::info!(
            op = "dhcp",
            message_type = packet.kind.word(),
            reply = reply.kind.word(),
            mac = %packet.mac,
            xid = packet.xid,
            address = address.map(tracing::field::display),
            giaddr = packet.giaddr.map(tracing::field::display),
            from_memory,
            "answered"
        );
        let what = match reply.kind {
            ReplyKind::Offer => What::Offer,
            ReplyKind::Ack => What::Ack,
            ReplyKind::Nak => What::Nak,
        };
        // An INFORM's ACK gives no address.
        if packet.kind != Kind::Inform {
            self.log(job, what, address, reply.lease_seconds, from_memory);
        }
        if is_boot(job, reply) {
            let stage = if reply.kind == ReplyKind::Nak {
                Stage::Refused
            } else {
                Stage::Dhcp
            };
            let who = match packet.boot {
                Boot::UefiHttp => " (UEFI HTTP boot)",
                Boot::Ipxe => " (iPXE)",
                Boot::None => "",
            };
            let address = address.map(|address| address.to_string());
            let detail = format!(
                "{} {}{who}",
                reply.kind.word(),
                address.as_deref().unwrap_or("an address")
            );
            self.boot_event(job, stage, address, detail);
        }
    }

    /// Writes down why nothing was said.
    pub(super) fn report_silence(&self, job: &Job, reason: DropReason) {
        let packet = &job.packet;
        tracing::debug!(op = "dhcp", message_type = packet.kind.word(), reason = reason.word(), mac = %packet.mac, xid = packet.xid, "not answered");
        match reason {
            DropReason::Released => self.log(job, What::Release, packet.ciaddr, None, false),
            DropReason::Declined => self.log(job, What::Decline, packet.requested, None, false),
            DropReason::RangeFull | DropReason::EtcdAway | DropReason::BrokenRange => {
                let detail = format!("DHCP {} not answered: {}", packet.kind.word(), reason.word());
                self.boot_event(job, Stage::Refused, None, detail);
            }
            _ => {}
        }
    }

    fn log(&self, job: &Job, what: What, address: Option<std::net::Ipv4Addr>, seconds: Option<u32>, from_memory: bool) {
        let Some(log) = &self.log else { return };
        let event = LoggedEvent {
            at: Timestamp::now(),
            uptime_ns: uptime_ns(),
            asked_ns: job.asked_ns,
            server: self.name.clone(),
            what,
            mac: job.packet.mac.to_string(),
            address,
            seconds,
            xid: job.packet.xid,
            from_memory,
        };
        if let Err(error) = log.write(&event) {
            self.metrics.log_dropped();
            tracing::warn!(op = "dhcp event log", %error, "a line was lost");
        }
    }

    fn boot_event(&self, job: &Job, stage: Stage, address: Option<String>, detail: String) {
        let octets: Option<[u8; 6]> = job.packet.mac.octets().try_into().ok();
        let event = BootEvent {
            at: GoTime::utc(Timestamp::now()),
            stage,
            mac: octets.map(sabakan_model::Mac),
            address,
            server: self.name.clone(),
            detail,
            request_id: Some(format!("dhcp-{:08x}", job.packet.xid)),
            ..BootEvent::default()
        };
        if self.events.try_send(event).is_err() {
            self.metrics.boot_event_dropped();
        }
    }
}
