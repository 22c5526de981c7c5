//! Joins what DHCP, firmware and iPXE are seen to do by address and hardware address, so that events which came before the
//! machine told its serial get it afterwards. Pure and bounded.

use jiff::SignedDuration;
use sabakan_model::{BootEvent, Mac};
use std::collections::{BTreeMap, HashMap, VecDeque};

/// Addresses remembered; the oldest is forgotten first.
const MOST: usize = 20_000;

/// Events kept for an address that has told no serial.
const WAITING: usize = 16;

/// Events older than this belong to another boot.
const FRESH: SignedDuration = SignedDuration::from_mins(30);

#[derive(Debug, Default)]
struct Host {
    serial: Option<String>,
    mac: Option<Mac>,
    waiting: VecDeque<BootEvent>,
}

/// Hosts by address.
#[derive(Debug, Default)]
pub struct Joiner {
    hosts: HashMap<String, (u64, Host)>,
    order: BTreeMap<u64, String>,
    counter: u64,
}

impl Joiner {
    /// Takes an event and gives those that now know their serial, in order.
    pub fn take(&mut self, mut event: BootEvent) -> Vec<BootEvent> {
        let Some(address) = event.address.clone() else {
            // Without an address nothing can be joined; with a serial nothing needs to be.
            return if event.serial.is_some() {
                vec![event]
            } else {
                Vec::new()
            };
        };
        let host = self.host(&address);
        if let Some(mac) = event.mac {
            if host.mac.is_some_and(|known| known != mac) {
                // The address went to another machine.
                *host = Host::default();
            }
            host.mac = Some(mac);
        }
        if let Some(serial) = &event.serial {
            host.serial = Some(serial.clone());
        }
        event.mac = event.mac.or(host.mac);
        let Some(serial) = host.serial.clone() else {
            host.waiting.push_back(event);
            if host.waiting.len() > WAITING {
                host.waiting.pop_front();
            }
            return Vec::new();
        };
        let now = event.at.instant();
        let mut known: Vec<BootEvent> = host.waiting.drain(..).collect();
        known.retain(|waited| now.duration_since(waited.at.instant()) < FRESH);
        known.push(event);
        for one in &mut known {
            one.serial = Some(serial.clone());
        }
        known
    }

    fn host(&mut self, address: &str) -> &mut Host {
        self.counter += 1;
        let number = self.counter;
        if let Some((old, _)) = self.hosts.get(address) {
            self.order.remove(old);
        }
        self.order.insert(number, address.to_owned());
        if self.order.len() > MOST
            && let Some((_, oldest)) = self.order.pop_first()
        {
            self.hosts.remove(&oldest);
        }
        let entry = self.hosts.entry(address.to_owned()).or_default();
        entry.0 = number;
        &mut entry.1
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use jiff::Timestamp;
    use sabakan_model::{GoTime, Stage};

    fn event(second: i64, stage: Stage, address: &str, mac: Option<&str>, serial: Option<&str>) -> BootEvent {
        BootEvent {
            at: GoTime::utc(Timestamp::from_second(second).unwrap()),
            stage,
            address: Some(address.to_owned()),
            mac: mac.map(|mac| mac.parse().unwrap()),
            serial: serial.map(str::to_owned),
            ..BootEvent::default()
        }
    }

    const MAC: &str = "52:54:00:00:00:01";
    const OTHER: &str = "52:54:00:00:00:02";

    #[test]
    fn dhcp_and_firmware_get_the_serial_that_ipxe_tells() {
        let mut joiner = Joiner::default();
        assert!(
            joiner
                .take(event(1, Stage::Dhcp, "10.0.0.33", Some(MAC), None))
                .is_empty()
        );
        assert!(
            joiner
                .take(event(2, Stage::Firmware, "10.0.0.33", None, None))
                .is_empty()
        );
        assert!(
            joiner
                .take(event(2, Stage::Firmware, "10.0.0.34", None, None))
                .is_empty()
        );
        let known = joiner.take(event(3, Stage::Ipxe, "10.0.0.33", None, Some("a")));
        let stages: Vec<Stage> = known.iter().map(|event| event.stage).collect();
        assert_eq!(stages, [Stage::Dhcp, Stage::Firmware, Stage::Ipxe]);
        assert!(known.iter().all(|event| event.serial.as_deref() == Some("a")));
        assert_eq!(known[2].mac, Some(MAC.parse().unwrap()));
        let kernel = joiner.take(event(4, Stage::Kernel, "10.0.0.33", None, None));
        assert_eq!(kernel[0].serial.as_deref(), Some("a"));
    }

    #[test]
    fn an_address_that_went_to_another_machine_is_not_the_first_ones() {
        let mut joiner = Joiner::default();
        joiner.take(event(1, Stage::Dhcp, "10.0.0.33", Some(MAC), None));
        joiner.take(event(2, Stage::Ipxe, "10.0.0.33", None, Some("a")));
        assert!(
            joiner
                .take(event(3, Stage::Dhcp, "10.0.0.33", Some(OTHER), None))
                .is_empty()
        );
        let known = joiner.take(event(4, Stage::Ipxe, "10.0.0.33", None, Some("b")));
        assert_eq!(
            known
                .iter()
                .filter_map(|event| event.serial.as_deref())
                .collect::<Vec<_>>(),
            ["b", "b"]
        );
    }

    #[test]
    fn memory_is_bounded_and_old_events_are_not_this_boots() {
        let mut joiner = Joiner::default();
        for n in 0..MOST + 10 {
            joiner.take(event(1, Stage::Firmware, &format!("host{n}"), None, None));
        }
        assert_eq!((joiner.hosts.len(), joiner.order.len()), (MOST, MOST));
        for n in 0..100 {
            joiner.take(event(n, Stage::Firmware, "10.0.0.33", None, None));
        }
        let known = joiner.take(event(100, Stage::Ipxe, "10.0.0.33", None, Some("a")));
        assert_eq!(known.len(), WAITING + 1);
        joiner.take(event(200, Stage::Firmware, "10.0.0.35", None, None));
        let late = joiner.take(event(200 + 3600, Stage::Ipxe, "10.0.0.35", None, Some("c")));
        assert_eq!(late.len(), 1);
    }
}
