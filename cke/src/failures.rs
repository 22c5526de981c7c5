//! Operations that failed when they were applied last: as long as they are planned again, a plan says why, and since when.

use cke_plan::{Plan, Subject, Wait, WaitReason};
use gojson::GoTime;
use jiff::Timestamp;
use std::collections::BTreeMap;

/// By name of the operation.
#[derive(Debug, Default)]
pub(crate) struct Failures(BTreeMap<String, Failure>);

#[derive(Debug)]
struct Failure {
    because: String,
    since: GoTime,
}

impl Failures {
    /// An operation failed with these words.
    pub(crate) fn note(&mut self, operation: &str, because: &str, now: Timestamp) {
        let failure = self.0.entry(operation.to_owned()).or_insert_with(|| Failure {
            because: String::new(),
            since: GoTime::utc(now),
        });
        because.clone_into(&mut failure.because);
    }

    /// All of a plan was done.
    pub(crate) fn forget(&mut self, done: &Plan) {
        self.0
            .retain(|name, _| done.operations.iter().all(|operation| operation.name != *name));
    }

    /// Puts into a plan what is known of its operations, and forgets the others: nobody tries them any more.
    pub(crate) fn remind(&mut self, plan: &mut Plan) {
        self.0
            .retain(|name, _| plan.operations.iter().any(|operation| operation.name == *name));
        for operation in &plan.operations {
            let Some(failure) = self.0.get(&operation.name) else {
                continue;
            };
            plan.waits.push(Wait {
                subject: Subject::Operation {
                    name: operation.name.clone(),
                    targets: operation.targets.clone(),
                },
                reason: WaitReason::OperationFailed {
                    because: failure.because.clone(),
                    since: failure.since,
                },
            });
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use cke_model::{Operation, Phase};

    fn plan(names: &[&str]) -> Plan {
        let operation = |name: &&str| Operation {
            name: (*name).to_owned(),
            targets: vec!["10.0.0.1".to_owned()],
            steps: Vec::new(),
        };
        Plan {
            phase: Phase::K8sStart,
            operations: names.iter().map(operation).collect(),
            waits: Vec::new(),
        }
    }

    fn told(failures: &mut Failures, names: &[&str]) -> Vec<String> {
        let mut plan = plan(names);
        failures.remind(&mut plan);
        plan.waits.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_failed_is_told_until_it_is_done_or_not_wanted_any_more() {
        let mut failures = Failures::default();
        let at = |second| Timestamp::from_second(second).unwrap();
        failures.note("kubelet-restart", "no answer", at(0));
        failures.note("kubelet-restart", "write_files: No space left on device", at(60));
        let words = told(&mut failures, &["kubelet-restart", "rivers-restart"]);
        assert_eq!(words.len(), 1, "{words:?}");
        for part in [
            "kubelet-restart on 10.0.0.1",
            "since 1970-01-01T00:00:00Z",
            "No space left",
            "make room",
        ] {
            assert!(words.iter().all(|words| words.contains(part)), "{part}: {words:?}");
        }
        failures.forget(&plan(&["kubelet-restart"]));
        assert_eq!(told(&mut failures, &["kubelet-restart"]), <[&str; 0]>::default());
        failures.note("kubelet-restart", "again", at(90));
        assert_eq!(told(&mut failures, &["rivers-restart"]), <[&str; 0]>::default());
        assert_eq!(told(&mut failures, &["kubelet-restart"]), <[&str; 0]>::default());
    }
}
