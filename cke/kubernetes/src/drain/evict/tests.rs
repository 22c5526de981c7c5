#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use super::*;

fn status(value: Value) -> Status {
    serde_json::from_value(value).unwrap()
}

#[test]
fn only_a_budget_refuses_by_its_cause() {
    let budget = status(json!({
        "code": 429, "reason": "TooManyRequests",
        "message": "Cannot evict pod as it would violate the pod's disruption budget.",
        "details": {"causes": [{"reason": "DisruptionBudget", "message": "The disruption budget b needs 2 healthy pods"}]},
    }));
    let Judgement::Final(Eviction::Budget(said)) = judge(&budget) else {
        panic!("{:?}", judge(&budget))
    };
    assert!(
        said.contains("violate") && said.contains("(The disruption budget b needs"),
        "{said}"
    );

    let busy = status(json!({"code": 429, "reason": "TooManyRequests", "details": {"retryAfterSeconds": 3}}));
    assert_eq!(judge(&busy), Judgement::Busy(Duration::from_secs(3)));
    assert_eq!(
        judge(&status(json!({"code": 429}))),
        Judgement::Busy(Duration::from_secs(1))
    );
}

#[test]
fn other_refusals_are_told_apart() {
    assert_eq!(judge(&status(json!({"code": 404}))), Judgement::Final(Eviction::Gone));
    assert_eq!(judge(&status(json!({"code": 409}))), Judgement::Final(Eviction::Gone));
    let two_budgets = status(json!({"code": 500, "message": "more than one"}));
    assert_eq!(
        judge(&two_budgets),
        Judgement::Final(Eviction::Refused("more than one".to_owned()))
    );
    assert_eq!(
        judge(&status(json!({"code": 504}))),
        Judgement::Busy(Duration::from_secs(1))
    );
    assert_eq!(judge(&status(json!({"code": 401}))), Judgement::Fault);
}

#[test]
fn a_dry_run_says_so_in_its_options_too() {
    let pod = PodFacts {
        namespace: "ns".to_owned(),
        name: "p".to_owned(),
        uid: "u".to_owned(),
        ..PodFacts::default()
    };
    assert_eq!(
        body(&pod, true)["deleteOptions"],
        json!({"preconditions": {"uid": "u"}, "dryRun": ["All"]})
    );
    assert_eq!(
        body(&pod, false)["deleteOptions"],
        json!({"preconditions": {"uid": "u"}})
    );
}
