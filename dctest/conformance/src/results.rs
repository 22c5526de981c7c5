//! What is known of every test, kept from run to run.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::report::{Outcome, Verdict};

/// All that is known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Results {
    /// What the tests ran on, as name and value: of the last run.
    pub about: Vec<(String, String)>,
    /// The runs, the oldest first.
    pub runs: Vec<Run>,
    /// Every conformance test by its name, with its latest verdict.
    pub tests: BTreeMap<String, Tested>,
}

/// A run of tests that were chosen together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// When it began, to the minute, in UTC.
    pub began: String,
    /// What was chosen.
    pub choice: String,
    /// How many tests ran.
    pub tests: usize,
    /// How many of them did not pass.
    pub failed: usize,
    /// How long it took.
    pub seconds: u64,
    /// How many tests at the same time.
    pub processes: u8,
}

/// The latest of a test.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tested {
    /// How it ended.
    pub verdict: Verdict,
    /// How long it took.
    pub milliseconds: u64,
}

impl Results {
    /// Takes what a run gave: of tests that ran their verdict, of the others that they are there. `run` is completed with its counts.
    pub fn add(&mut self, mut run: Run, outcomes: Vec<Outcome>) {
        let ran = outcomes.iter().filter(|one| one.verdict != Verdict::NotRun);
        run.tests = ran.clone().count();
        run.failed = ran.filter(|one| matches!(one.verdict, Verdict::Failed(_))).count();
        self.runs.push(run);
        for Outcome {
            name,
            verdict,
            milliseconds,
        } in outcomes
        {
            let tested = Tested { verdict, milliseconds };
            if tested.verdict == Verdict::NotRun {
                self.tests.entry(name).or_insert(tested);
            } else {
                self.tests.insert(name, tested);
            }
        }
    }

    /// The tests that are to run and have not passed.
    pub fn open<'a>(&'a self, skips: &'a BTreeMap<String, String>) -> impl Iterator<Item = &'a str> {
        self.that(skips, |verdict| matches!(verdict, Verdict::Failed(_) | Verdict::NotRun))
    }

    /// The tests that are to run, and did without passing.
    pub fn failed<'a>(&'a self, skips: &'a BTreeMap<String, String>) -> impl Iterator<Item = &'a str> {
        self.that(skips, |verdict| matches!(verdict, Verdict::Failed(_)))
    }

    fn that<'a>(
        &'a self,
        skips: &'a BTreeMap<String, String>,
        is: impl Fn(&Verdict) -> bool,
    ) -> impl Iterator<Item = &'a str> {
        let tests = self.tests.iter();
        let wanted = tests.filter(move |(name, tested)| is(&tested.verdict) && !skips.contains_key(*name));
        wanted.map(|(name, _)| name.as_str())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
mod tests {
    use super::*;

    fn outcome(name: &str, verdict: Verdict) -> Outcome {
        Outcome {
            name: name.to_owned(),
            verdict,
            milliseconds: 1,
        }
    }

    fn run() -> Run {
        Run {
            began: "2026-01-01 00:00".to_owned(),
            choice: "x".to_owned(),
            tests: 0,
            failed: 0,
            seconds: 1,
            processes: 1,
        }
    }

    #[test]
    fn the_latest_verdict_holds_and_not_running_is_none() {
        let mut results = Results::default();
        let failed = || Verdict::Failed("why".to_owned());
        let first = [("a", Verdict::Passed), ("b", failed()), ("c", Verdict::NotRun)];
        results.add(run(), first.map(|(name, verdict)| outcome(name, verdict)).to_vec());
        assert_eq!((results.runs[0].tests, results.runs[0].failed), (2, 1));
        let open = |results: &Results| -> Vec<String> {
            let skips = BTreeMap::from([("c".to_owned(), "why".to_owned())]);
            results.open(&skips).map(str::to_owned).collect()
        };
        assert_eq!(open(&results), ["b"]);
        assert_eq!(results.failed(&BTreeMap::new()).collect::<Vec<_>>(), ["b"]);
        assert_eq!(results.open(&BTreeMap::new()).collect::<Vec<_>>(), ["b", "c"]);

        let second = [("a", Verdict::NotRun), ("b", Verdict::Passed), ("c", Verdict::NotRun)];
        results.add(run(), second.map(|(name, verdict)| outcome(name, verdict)).to_vec());
        assert_eq!(results.tests["a"].verdict, Verdict::Passed);
        assert_eq!(open(&results), [""; 0]);

        let text = serde_json::to_string(&results).unwrap();
        assert_eq!(serde_json::from_str::<Results>(&text).unwrap(), results);
    }
}
