#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
use super::*;
use crate::{decode_api, to_go_json};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

/// Seconds after the epoch.
fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

fn events(list: &[(i64, Stage)]) -> Vec<BootEvent> {
    list.iter()
        .map(|(seconds, stage)| BootEvent {
            at: at(*seconds).into(),
            stage: *stage,
            detail: format!("at {seconds}"),
            ..Default::default()
        })
        .collect()
}

fn whole_boot(start: i64) -> Vec<(i64, Stage)> {
    Stage::BOOT
        .into_iter()
        .zip(0..)
        .map(|(stage, n)| (start + n * 10, stage))
        .collect()
}

fn line(list: &[(i64, Stage)], now: i64) -> BootTimeline {
    timeline("a", events(list), Limits::default(), at(now))
}

#[test]
fn a_whole_boot() {
    let found = line(&whole_boot(100), 10_000);
    assert_eq!(
        (found.state, found.stage, found.duration),
        (BootState::Booted, Some(Stage::FirstContact), 70.0)
    );
    assert_eq!(found.stages.iter().map(|s| s.stage).collect::<Vec<_>>(), Stage::BOOT);
    assert_eq!(
        found.stages.iter().map(|s| s.duration).collect::<Vec<_>>(),
        [10., 10., 10., 10., 10., 10., 10., 0.]
    );
    assert_eq!(found.start, at(100).into());
}

#[test]
fn a_boot_that_stands_still_is_stuck_after_the_limit() {
    let half = [
        (0, Stage::Dhcp),
        (5, Stage::Firmware),
        (9, Stage::Ipxe),
        (12, Stage::Kernel),
    ];
    let under_way = line(&half, 60);
    assert_eq!(
        (under_way.state, under_way.stage, under_way.quiet),
        (BootState::Booting, Some(Stage::Kernel), 48.0)
    );
    assert_eq!(under_way.stages[3].duration, 48.0);
    let stuck = line(&half, 12 + 601);
    assert_eq!((stuck.state, stuck.stage), (BootState::Stuck, Some(Stage::Kernel)));
}

#[test]
fn repeated_steps_are_counted() {
    let found = line(
        &[(0, Stage::Dhcp), (2, Stage::Dhcp), (4, Stage::Dhcp), (6, Stage::Ipxe)],
        7,
    );
    assert_eq!(
        (
            found.stages[0].count,
            found.stages[0].duration,
            found.stages[0].detail.as_str()
        ),
        (3, 6.0, "at 4")
    );
}

#[test]
fn the_latest_boot_counts() {
    let two: Vec<_> = [whole_boot(0), whole_boot(5_000)].concat();
    assert_eq!(line(&two, 6_000).start, at(5_000).into());
    // Without DHCP in between, as with a lease that is still good.
    let again: Vec<_> = [whole_boot(0), vec![(100, Stage::Firmware), (105, Stage::Ipxe)]].concat();
    let found = line(&again, 110);
    assert_eq!(
        (found.start, found.state, found.stages.len()),
        (at(100).into(), BootState::Booting, 2)
    );
}

#[test]
fn a_machine_that_comes_back_and_gets_no_further_than_dhcp_is_seen() {
    let again: Vec<_> = [whole_boot(0), vec![(3_600, Stage::Dhcp)]].concat();
    let found = line(&again, 3_600 + 601);
    assert_eq!((found.state, found.start), (BootState::Stuck, at(3_600).into()));
}

#[test]
fn the_booting_system_asks_for_an_address_too() {
    let early = [
        (0, Stage::Dhcp),
        (5, Stage::Ipxe),
        (9, Stage::Kernel),
        (12, Stage::Initrd),
    ];
    let found = line(&[&early[..], &[(20, Stage::Dhcp), (22, Stage::Ignition)]].concat(), 23);
    assert_eq!(
        (found.start, found.stages.len(), found.stage),
        (at(0).into(), 5, Some(Stage::Ignition))
    );
}

#[test]
fn refusals_stand_beside_the_stages() {
    let found = line(&[(0, Stage::Dhcp), (5, Stage::Refused), (9, Stage::Ipxe)], 10);
    assert_eq!((found.refused.len(), found.stages.len(), found.events.len()), (1, 2, 3));
}

#[test]
fn nothing_seen() {
    assert_eq!((line(&[], 10).state, line(&[], 10).stage), (BootState::Unknown, None));
    assert_eq!(line(&[(0, Stage::Refused)], 10).state, BootState::Unknown);
}

#[test]
fn the_answer_of_the_api() {
    let mut list = events(&[(0, Stage::Dhcp)]);
    list[0].mac = Some("00:0c:01:02:03:04".parse().unwrap());
    let found = timeline("a", list, Limits::default(), at(2));
    let text = String::from_utf8(to_go_json(&found).unwrap()).unwrap();
    assert_eq!(
        text,
        r#"{"serial":"a","state":"booting","stage":"dhcp","start":"1970-01-01T00:00:00Z","duration":2,"quiet":2,"stages":[{"stage":"dhcp","start":"1970-01-01T00:00:00Z","end":"1970-01-01T00:00:00Z","duration":2,"count":1,"detail":"at 0"}],"refused":[],"events":[{"at":"1970-01-01T00:00:00Z","stage":"dhcp","mac":"00:0c:01:02:03:04","server":"","detail":"at 0"}]}"#
    );
    assert_eq!(decode_api::<BootTimeline>(text.as_bytes()).unwrap(), found);
}

proptest! {
    #[test]
    fn stages_cover_the_boot_without_gaps(list in prop::collection::vec((0i64..4_000, 0usize..9), 0..30), after in 0i64..2_000) {
        let all = [&Stage::BOOT[..], &[Stage::Refused]].concat();
        let list: Vec<_> = list.into_iter().map(|(t, s)| (t, all[s])).collect();
        let now = list.iter().map(|(t, _)| *t).max().unwrap_or(0) + after;
        let limits = Limits { quiet: SignedDuration::from_secs(600), separate: SignedDuration::from_secs(1800) };
        let found = timeline("a", events(&list), limits, at(now));
        prop_assert!(found.stages.iter().all(|s| s.duration >= 0.0) && found.quiet >= 0.0);
        if let Some(first) = found.stages.first() {
            let covered: f64 = found.stages.iter().map(|s| s.duration).sum();
            let lead = found.start.seconds_until(first.start.instant());
            prop_assert!((covered + lead - found.duration).abs() < 1e-6, "{:?}", found);
        }
    }
}
