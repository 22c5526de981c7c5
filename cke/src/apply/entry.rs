//! What both queues share: times, failures in words, what stands against a drain.

use cke_kubernetes::drain::{Drain, Obstacle};
use gojson::GoTime;
use jiff::{SignedDuration, Timestamp};

/// Times in entries are whole seconds.
pub(super) fn now() -> GoTime {
    let now = Timestamp::now();
    GoTime::utc(Timestamp::from_second(now.as_second()).unwrap_or(now))
}

pub(super) fn in_seconds(from: GoTime, seconds: i64) -> GoTime {
    from.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(from)
}

pub(super) async fn try_out(drain: &Drain<'_>, name: &str) -> anyhow::Result<()> {
    let obstacles = drain.try_out(name).await?;
    stands_against(&obstacles)
}

pub(super) async fn evict(drain: &Drain<'_>, name: &str) -> anyhow::Result<()> {
    let drained = drain.run(name).await?;
    stands_against(&drained.obstacles)
}

fn stands_against(obstacles: &[Obstacle]) -> anyhow::Result<()> {
    let words: Vec<String> = obstacles.iter().map(ToString::to_string).collect();
    anyhow::ensure!(words.is_empty(), "{}", words.join("; "));
    Ok(())
}
