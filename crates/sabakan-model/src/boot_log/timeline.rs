//! From events to a time-line: how long each stage took, and where a boot stands still.

use super::{BootEvent, Stage};
use crate::GoTime;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// How a boot stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub enum BootState {
    /// Nothing was seen.
    #[default]
    Unknown,
    /// Under way.
    Booting,
    /// The last stage was seen.
    Booted,
    /// Nothing was seen for longer than the stage may take.
    Stuck,
}

impl BootState {
    /// The name in JSON and tables.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Booting => "booting",
            Self::Booted => "booted",
            Self::Stuck => "stuck",
        }
    }
}

impl crate::json::Strict for BootState {
    fn first_unknown(&self) -> Option<String> {
        None
    }
}

record! {
    /// One stage of a boot.
    pub struct StageSpan {
        /// Which.
        "stage" stage: Stage,
        /// Its first event.
        "start" start: GoTime,
        /// Its last event.
        "end" end: GoTime,
        /// Seconds from its first event to the first of the next stage, or to now when it is the last of an unfinished boot.
        "duration" duration: f64,
        /// How many events it has; more than one where the machine tried again.
        "count" count: u64,
        /// What the last event said.
        "detail" detail: String,
    }
}

record! {
    /// The latest boot of a machine.
    pub struct BootTimeline {
        /// Serial of the machine.
        "serial" serial: String,
        /// How it stands.
        "state" state: BootState,
        /// The stage it is in, or was in last.
        "stage" stage: Option<Stage>,
        /// When its first stage began.
        "start" start: GoTime,
        /// Seconds from then to the last stage, or to now for an unfinished boot.
        "duration" duration: f64,
        /// Seconds since something was last seen of it.
        "quiet" quiet: f64,
        /// The stages that were seen, in order of time.
        "stages" stages: Vec<StageSpan>,
        /// What was refused during the boot.
        "refused" refused: Vec<BootEvent>,
        /// Every event of the boot.
        "events" events: Vec<BootEvent>,
    }
}

/// When a boot counts as stuck, and as a new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Silence after a stage's last event that makes a boot stuck. Kernel and initrd are fetched by thousands at once, and
    /// firmware tests memory: minutes are usual.
    pub quiet: SignedDuration,
    /// Silence after which the next DHCP event begins another boot.
    pub separate: SignedDuration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            quiet: SignedDuration::from_mins(10),
            separate: SignedDuration::from_mins(30),
        }
    }
}

/// The time-line of the latest boot among `events` (in any order) as of `now`.
#[must_use]
pub fn timeline(serial: &str, mut events: Vec<BootEvent>, limits: Limits, now: Timestamp) -> BootTimeline {
    events.sort_by_key(|event| event.at.instant());
    let events = events.split_off(latest_boot(&events, limits));
    let (Some(first), Some(last)) = (events.first(), events.last()) else {
        return BootTimeline {
            serial: serial.to_owned(),
            ..Default::default()
        };
    };
    let start = first.at;
    let quiet = last.at.seconds_until(now);
    let mut stages = spans(&events);
    let state = state_of(&stages, quiet, limits);
    let end = if state == BootState::Booted {
        stages.last().map_or(now, |s| s.start.instant())
    } else {
        now
    };
    close(&mut stages, end);
    BootTimeline {
        serial: serial.to_owned(),
        state,
        stage: stages.last().map(|span| span.stage),
        start,
        duration: start.seconds_until(end),
        quiet,
        refused: events.iter().filter(|e| e.stage == Stage::Refused).cloned().collect(),
        stages,
        events,
        ..Default::default()
    }
}

/// Where the latest boot begins: at the last event that starts one.
fn latest_boot(events: &[BootEvent], limits: Limits) -> usize {
    let mut begin = 0;
    let mut furthest = None;
    for (at, event) in events.iter().enumerate() {
        let previous = at.checked_sub(1).and_then(|p| events.get(p));
        let pause = previous.map(|p| event.at.instant().duration_since(p.at.instant()));
        if starts_boot(event.stage, furthest, pause, limits) {
            begin = at;
            furthest = None;
        }
        if event.stage != Stage::Refused {
            furthest = furthest.max(Some(event.stage));
        }
    }
    begin
}

/// Another boot starts with an early stage after a boot that came to its end, with a fetch by firmware or iPXE after one that
/// came to the initrd, or with an early stage after a long silence. DHCP is not enough in the middle: the booting system
/// itself asks for an address once more.
fn starts_boot(stage: Stage, furthest: Option<Stage>, pause: Option<SignedDuration>, limits: Limits) -> bool {
    let after_end = furthest == Some(Stage::FirstContact);
    let after_silence = pause.is_some_and(|p| p >= limits.separate);
    let early = stage <= Stage::Kernel;
    let fetched = matches!(stage, Stage::Firmware | Stage::Ipxe) && furthest >= Some(Stage::Initrd);
    (early && (after_end || after_silence)) || fetched
}

fn spans(events: &[BootEvent]) -> Vec<StageSpan> {
    let mut spans: Vec<StageSpan> = Vec::new();
    for event in events.iter().filter(|e| e.stage != Stage::Refused) {
        match spans.iter_mut().find(|span| span.stage == event.stage) {
            Some(span) => {
                span.end = event.at;
                span.count += 1;
                span.detail.clone_from(&event.detail);
            }
            None => spans.push(StageSpan {
                stage: event.stage,
                start: event.at,
                end: event.at,
                count: 1,
                detail: event.detail.clone(),
                ..Default::default()
            }),
        }
    }
    spans
}

fn state_of(stages: &[StageSpan], quiet: f64, limits: Limits) -> BootState {
    match stages.iter().map(|span| span.stage).max() {
        None => BootState::Unknown,
        Some(Stage::FirstContact) => BootState::Booted,
        Some(_) if quiet > limits.quiet.as_secs_f64() => BootState::Stuck,
        Some(_) => BootState::Booting,
    }
}

/// Each stage lasts until the next one begins, the last one until `end`.
fn close(stages: &mut [StageSpan], end: Timestamp) {
    let ends: Vec<_> = stages
        .iter()
        .skip(1)
        .map(|span| span.start.instant())
        .chain(std::iter::once(end))
        .collect();
    for (span, end) in stages.iter_mut().zip(ends) {
        span.duration = span.start.seconds_until(end);
    }
}
