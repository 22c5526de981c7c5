//! Machines whose boot stands still. Pure: this server only notes which boots it has not seen end; whether one is stuck is
//! decided over what all servers have seen of it.

use jiff::{SignedDuration, Timestamp};
use sabakan_model::boot_log::BootState;
use sabakan_model::{BootEvent, Stage};
use std::collections::{BTreeSet, HashMap};

/// Boots that are remembered; past it new ones are not, and only the metric is poorer.
const MOST: usize = 20_000;

/// Boots that were not seen to end, by serial.
#[derive(Debug)]
pub(super) struct Watchlist {
    /// Silence after which a boot is looked at; the limit of the time-line itself.
    quiet: SignedDuration,
    seen: HashMap<String, Seen>,
    stuck: BTreeSet<String>,
}

#[derive(Debug)]
struct Seen {
    /// When this server saw its last event.
    event: Timestamp,
    /// Since when it is quiet, for all that is known here.
    since: Timestamp,
}

impl Watchlist {
    pub(super) fn new(quiet: SignedDuration) -> Self {
        Self {
            quiet,
            seen: HashMap::new(),
            stuck: BTreeSet::new(),
        }
    }

    /// Notes an event of a machine: it does not stand still.
    pub(super) fn note(&mut self, serial: &str, event: &BootEvent) {
        self.stuck.remove(serial);
        if event.stage == Stage::FirstContact {
            self.seen.remove(serial);
        } else if self.seen.len() < MOST || self.seen.contains_key(serial) {
            let (event, since) = (event.at.instant(), event.at.instant());
            self.seen.insert(serial.to_owned(), Seen { event, since });
        }
    }

    /// Machines of which nothing was seen here for too long.
    pub(super) fn quiet(&self, now: Timestamp) -> Vec<String> {
        let silent = |seen: &Seen| now.duration_since(seen.since) > self.quiet;
        self.seen
            .iter()
            .filter(|(_, seen)| silent(seen))
            .map(|(serial, _)| serial.clone())
            .collect()
    }

    /// Whether the log, which is written some moments later, has what was seen here; it is not waited for twice as long.
    pub(super) fn is_written(&self, serial: &str, events: &[BootEvent], now: Timestamp) -> bool {
        self.seen.get(serial).is_none_or(|seen| {
            let late = now.duration_since(seen.event) > self.quiet * 2;
            late || events.iter().any(|event| event.at.instant() >= seen.event)
        })
    }

    /// Takes what the whole time-line says of a machine; true when it is newly stuck.
    pub(super) fn judge(&mut self, serial: &str, state: BootState, now: Timestamp) -> bool {
        match state {
            BootState::Stuck => return self.stuck.insert(serial.to_owned()),
            // Another server sees it go on.
            BootState::Booting => {
                if let Some(seen) = self.seen.get_mut(serial) {
                    seen.since = now;
                }
            }
            BootState::Booted | BootState::Unknown => drop(self.seen.remove(serial)),
        }
        self.stuck.remove(serial);
        false
    }

    /// How many are stuck.
    pub(super) fn stuck(&self) -> usize {
        self.stuck.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sabakan_model::GoTime;

    fn at(minute: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minute)
    }

    fn event(minute: i64, stage: Stage) -> BootEvent {
        BootEvent {
            at: GoTime::utc(at(minute)),
            stage,
            ..BootEvent::default()
        }
    }

    #[test]
    fn a_silent_boot_is_looked_at_and_told_once() {
        let mut list = Watchlist::new(SignedDuration::from_mins(10));
        list.note("a", &event(0, Stage::Kernel));
        list.note("b", &event(0, Stage::Kernel));
        list.note("b", &event(1, Stage::FirstContact));
        assert!(list.quiet(at(9)).is_empty());
        assert_eq!(list.quiet(at(11)), ["a"]);
        assert!(list.judge("a", BootState::Stuck, at(11)));
        assert!(!list.judge("a", BootState::Stuck, at(12)));
        assert_eq!(list.stuck(), 1);
        list.note("a", &event(13, Stage::Initrd));
        assert_eq!(list.stuck(), 0, "it goes on");
        assert_eq!(list.quiet(at(24)), ["a"]);
        assert!(list.judge("a", BootState::Stuck, at(24)));
        list.note("a", &event(25, Stage::FirstContact));
        assert_eq!((list.stuck(), list.quiet(at(99)).len()), (0, 0));
    }

    #[test]
    fn what_is_not_written_yet_is_waited_for() {
        let mut list = Watchlist::new(SignedDuration::from_mins(10));
        list.note("a", &event(1, Stage::Kernel));
        let written = [event(0, Stage::Ipxe), event(1, Stage::Kernel)];
        assert!(!list.is_written("a", &written[..1], at(12)));
        assert!(list.is_written("a", &written, at(12)));
        assert!(list.is_written("a", &[], at(22)), "an event may be lost");
    }

    #[test]
    fn a_boot_that_goes_on_elsewhere_is_not_stuck() {
        let mut list = Watchlist::new(SignedDuration::from_mins(10));
        list.note("a", &event(0, Stage::Dhcp));
        assert!(!list.judge("a", BootState::Booting, at(11)));
        assert!(list.quiet(at(12)).is_empty());
        assert!(!list.judge("a", BootState::Booted, at(22)));
        assert!(list.quiet(at(99)).is_empty());
    }
}
