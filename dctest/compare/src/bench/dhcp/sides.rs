//! What the sides of a measurement did, as rows.

use crate::table::Row;

/// The rounds of each; none where there is no original.
pub(super) struct Sides<T> {
    pub(super) ours: Vec<T>,
    pub(super) kea: Vec<T>,
    pub(super) original: Vec<T>,
}

impl<T> Sides<T> {
    /// A row with the ratio to each peer.
    pub(super) fn compared(
        &self,
        what: &str,
        reach: &'static str,
        rate: impl Fn(&T) -> f64,
        text: impl Fn(&T) -> String,
    ) -> Row {
        let mut row = self.beside(what, reach, &rate, text);
        let times = |peer: &[T]| Some(rate(median(&self.ours, &rate)?) / rate(median(peer, &rate)?));
        if let Some(times) = times(&self.kea) {
            row.ours += &format!(": {times:.1} times Kea");
        }
        if let Some(times) = times(&self.original) {
            row.ours += &format!(", {times:.0} times the original");
        }
        row
    }

    /// A row with each side's median.
    pub(super) fn beside(
        &self,
        what: &str,
        reach: &'static str,
        figure: impl Fn(&T) -> f64,
        text: impl Fn(&T) -> String,
    ) -> Row {
        let told = |rounds: &[T]| median(rounds, &figure).map(&text).unwrap_or_default();
        let mut peer = format!("Kea {}", told(&self.kea));
        if !self.original.is_empty() {
            peer += &format!("; original {}", told(&self.original));
        }
        Row {
            what: format!("DHCP, 500 racks, {what}"),
            reach,
            ours: told(&self.ours),
            peer,
        }
    }
}

fn median<T>(rounds: &[T], figure: impl Fn(&T) -> f64) -> Option<&T> {
    let mut sorted: Vec<_> = rounds.iter().collect();
    sorted.sort_by(|a, b| figure(a).total_cmp(&figure(b)));
    sorted.get(sorted.len() / 2).copied()
}
