//! The history checker: a pure function over what servers and clients wrote down.
//!
//! A client holds an address from the acknowledgement on, until its lease time is over (counted from when it asked),
//! it gives the address back, or it is acknowledged another one. Two clients must not hold one address at a time.

use std::collections::HashMap;
use std::net::Ipv4Addr;

use sabakan_dhcp::event_log::{LoggedEvent, What};

/// One client holds an address while another is acknowledged it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    pub address: Ipv4Addr,
    pub holder: LoggedEvent,
    pub second: LoggedEvent,
}

/// What a history amounts to.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    pub acks: usize,
    pub from_memory: usize,
    /// Acknowledgements of an address that another client had before.
    pub passed_on: usize,
    pub violations: Vec<Violation>,
}

/// Judges a history. The order of its events is that of the host's uptime.
pub fn check(mut events: Vec<LoggedEvent>) -> Verdict {
    events.sort_by_key(|event| event.uptime_ns);
    let mut verdict = Verdict::default();
    let mut holders: HashMap<Ipv4Addr, LoggedEvent> = HashMap::new();
    for event in events {
        let Some(address) = event.address else { continue };
        match event.what {
            What::Ack => {
                verdict.acks += 1;
                verdict.from_memory += usize::from(event.from_memory);
                holders.retain(|held, holder| holder.mac != event.mac || *held == address);
                if let Some(holder) = holders.get(&address).filter(|holder| holder.mac != event.mac) {
                    verdict.passed_on += 1;
                    if end(holder) > event.uptime_ns {
                        verdict.violations.push(Violation {
                            address,
                            holder: holder.clone(),
                            second: event.clone(),
                        });
                    }
                }
                holders.insert(address, event);
            }
            What::Release | What::Decline => {
                if let Some(holder) = holders.get_mut(&address).filter(|holder| holder.mac == event.mac) {
                    holder.seconds = Some(0);
                }
            }
            What::Offer | What::Nak => {}
        }
    }
    verdict
}

fn end(ack: &LoggedEvent) -> i64 {
    ack.asked_ns + i64::from(ack.seconds.unwrap_or(0)) * 1_000_000_000
}

fn event(what: What, mac: &str, at: i64) -> LoggedEvent {
    LoggedEvent {
        at: jiff::Timestamp::UNIX_EPOCH,
        uptime_ns: at * 1_000_000_000,
        asked_ns: at * 1_000_000_000,
        server: "s".to_owned(),
        what,
        mac: mac.to_owned(),
        address: Some(Ipv4Addr::new(10, 69, 0, 32)),
        seconds: Some(10),
        xid: 0,
        from_memory: false,
    }
}

#[test]
fn overlapping_acknowledgements_are_found() {
    let verdict = check(vec![event(What::Ack, "a", 0), event(What::Ack, "b", 9)]);
    assert_eq!(verdict.violations.len(), 1);
    let renewed = check(vec![
        event(What::Ack, "a", 0),
        event(What::Ack, "a", 8),
        event(What::Ack, "b", 12),
    ]);
    assert_eq!(renewed.violations.len(), 1, "a renewal counts");
}

#[test]
fn what_ended_may_go_on() {
    let expired = check(vec![event(What::Ack, "a", 0), event(What::Ack, "b", 10)]);
    assert_eq!((expired.violations.len(), expired.passed_on), (0, 1));
    let released = vec![
        event(What::Ack, "a", 0),
        event(What::Release, "a", 3),
        event(What::Ack, "b", 4),
    ];
    assert_eq!(check(released).violations, vec![]);
    let others = vec![
        event(What::Ack, "a", 0),
        event(What::Release, "c", 3),
        event(What::Ack, "b", 4),
    ];
    assert_eq!(
        check(others).violations.len(),
        1,
        "only its holder gives an address back"
    );
    let mut moved = event(What::Ack, "a", 2);
    moved.address = Some(Ipv4Addr::new(10, 69, 0, 33));
    assert_eq!(
        check(vec![event(What::Ack, "a", 0), moved, event(What::Ack, "b", 4)]).violations,
        vec![]
    );
}
