//! The figures: each module measures one thing on one side, and gives it as text with its unit.

pub mod dhcp;
pub mod files;
pub mod inventory;
pub mod search;
pub mod start;
pub mod storm;

use crate::programs::Programs;
use crate::table::Row;

/// Measures the inventory of `machines` machines: registration, start, searches, metrics.
///
/// # Errors
/// When a server does not come up or answers with an error.
pub async fn inventory(ours: &Programs, original: Option<&Programs>, machines: usize) -> anyhow::Result<Vec<Row>> {
    let mut rows = search::measure(ours, machines, 400).await?;
    if let Some(original) = original {
        // The original needs seconds for most of these.
        let peer = search::measure(original, machines, 5).await?;
        for row in &mut rows {
            row.peer = peer
                .iter()
                .find(|p| p.what == row.what)
                .map_or(String::new(), |p| p.ours.clone());
        }
    }
    Ok(rows)
}
