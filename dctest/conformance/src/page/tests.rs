#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use super::*;

fn tested(verdict: Verdict) -> Tested {
    Tested {
        verdict,
        milliseconds: 1,
    }
}

fn results() -> Results {
    let tests = [
        ("[sig-a] one [Conformance]", Verdict::Passed),
        ("[sig-a] two [Conformance]", Verdict::Failed("expected <1>".to_owned())),
        ("[sig-a] three [Conformance]", Verdict::NotRun),
        ("[sig-b] four [Conformance]", Verdict::NotRun),
        ("[sig-b] five [Conformance]", Verdict::Skipped("wants six".to_owned())),
    ];
    Results {
        about: vec![("Kubernetes".to_owned(), "1.35".to_owned())],
        runs: vec![Run {
            began: "2026-01-01 00:00".to_owned(),
            choice: "sig-a".to_owned(),
            tests: 2,
            failed: 1,
            seconds: 61,
            processes: 4,
        }],
        tests: tests.map(|(name, verdict)| (name.to_owned(), tested(verdict))).into(),
    }
}

#[test]
fn every_test_stands_there_once_with_how_it_ended() {
    let skips = BTreeMap::from([("[sig-b] four [Conformance]".to_owned(), "wants a GPU".to_owned())]);
    let page = render(&results(), &skips, &[("image:1", "Debian")]);
    for expected in [
        "| Kubernetes | 1.35 |",
        "| sig-a | 3 | 1 | 1 | 1 |",
        "| sig-b | 2 | 0 | 0 | 2 |",
        "| all | 5 | 1 | 1 | 3 |",
        "expected \\<1\\>:\n\n- `[sig-a] two [Conformance]`",
        "wants a GPU:\n\n- `[sig-b] four [Conformance]`",
        "wants six:\n\n- `[sig-b] five [Conformance]`",
        "not reached yet:\n\n- `[sig-a] three [Conformance]`",
        "## Passed\n\n- `[sig-a] one [Conformance]`\n",
        "| `image:1` | Debian |",
        "| 2026-01-01 00:00 | sig-a | 2 | 1 | 4 | 1 min 1 s |",
    ] {
        assert!(page.contains(expected), "{expected:?} is missing in\n{page}");
    }
    for name in results().tests.keys() {
        assert_eq!(page.matches(name.as_str()).count(), 1, "{name}");
    }
}

#[test]
fn a_failure_on_the_list_is_told_as_left_out_but_a_pass_as_a_pass() {
    let reason = "why".to_owned();
    let failed = tested(Verdict::Failed("x".to_owned()));
    assert_eq!(told(Some(&reason), &failed), Told::Left("why"));
    assert_eq!(told(Some(&reason), &tested(Verdict::Passed)), Told::Passed);
    assert_eq!(told(None, &failed), Told::Failed("x"));
}
