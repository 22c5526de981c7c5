//! Since when an entry of a queue is known to be as it is: new entries do not say it themselves.

use gojson::GoTime;
use jiff::Timestamp;
use parking_lot::Mutex;
use std::collections::BTreeMap;

/// What was seen of a queue, by index: its state in words, and when it was seen first.
#[derive(Debug, Default)]
pub(crate) struct Since(Mutex<BTreeMap<i64, (String, GoTime)>>);

impl Since {
    /// Takes note of the entries of now, and gives since when each of them is so.
    pub(super) fn note(&self, entries: impl Iterator<Item = (i64, String)>, now: Timestamp) -> BTreeMap<i64, GoTime> {
        let mut known = self.0.lock();
        let seen = entries.map(|(index, state)| {
            let before = known.get(&index).filter(|(was, _)| *was == state);
            let since = before.map_or(GoTime::utc(now), |(_, since)| *since);
            (index, (state, since))
        });
        *known = seen.collect();
        known.iter().map(|(index, (_, since))| (*index, *since)).collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn the_first_sight_of_a_state_counts_and_gone_entries_are_forgotten() {
        let since = Since::default();
        let at = |second| Timestamp::from_second(second).unwrap();
        let see = |entries: &[(i64, &str)], second| {
            let entries: Vec<_> = entries
                .iter()
                .map(|(index, state)| (*index, (*state).to_owned()))
                .collect();
            let seen = since.note(entries.into_iter(), at(second));
            seen.into_iter()
                .map(|(index, since)| (index, since.instant().as_second()))
                .collect::<Vec<_>>()
        };
        assert_eq!(see(&[(1, "queued"), (2, "queued")], 10), [(1, 10), (2, 10)]);
        assert_eq!(see(&[(1, "queued"), (2, "draining")], 20), [(1, 10), (2, 20)]);
        assert_eq!(see(&[(2, "draining")], 30), [(2, 20)]);
        assert_eq!(see(&[(1, "queued"), (2, "draining")], 40), [(1, 40), (2, 20)]);
    }
}
