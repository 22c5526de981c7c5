#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;

fn requirement(key: &str, operator: &str, values: &[&str]) -> LabelRequirement {
    LabelRequirement {
        key: key.to_owned(),
        operator: operator.to_owned(),
        values: values.iter().map(|v| (*v).to_owned()).collect(),
        ..LabelRequirement::default()
    }
}

fn labels(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
}

fn selector(equal: &[(&str, &str)], further: Vec<LabelRequirement>) -> LabelSelector {
    LabelSelector {
        match_labels: labels(equal),
        match_expressions: further,
        ..LabelSelector::default()
    }
}

#[test]
fn matches_as_kubernetes_does() {
    let dev = labels(&[("team", "dev"), ("tier", "1")]);
    let cases = [
        (selector(&[], vec![]), true),
        (selector(&[("team", "dev")], vec![]), true),
        (selector(&[("team", "ops")], vec![]), false),
        (selector(&[("team", "dev"), ("absent", "x")], vec![]), false),
        (selector(&[], vec![requirement("team", "In", &["ops", "dev"])]), true),
        (selector(&[], vec![requirement("team", "In", &["ops"])]), false),
        (selector(&[], vec![requirement("absent", "In", &["x"])]), false),
        (selector(&[], vec![requirement("team", "NotIn", &["dev"])]), false),
        (selector(&[], vec![requirement("team", "NotIn", &["ops"])]), true),
        (selector(&[], vec![requirement("absent", "NotIn", &["x"])]), true),
        (selector(&[], vec![requirement("team", "Exists", &[])]), true),
        (selector(&[], vec![requirement("absent", "Exists", &[])]), false),
        (selector(&[], vec![requirement("team", "DoesNotExist", &[])]), false),
        (selector(&[], vec![requirement("absent", "DoesNotExist", &[])]), true),
        (
            selector(&[("team", "dev")], vec![requirement("tier", "NotIn", &["1"])]),
            false,
        ),
    ];
    for (given, expected) in cases {
        assert_eq!(
            Selector::new(Some(&given)).unwrap().matches(&dev),
            expected,
            "{given:?}"
        );
    }
}

#[test]
fn a_missing_selector_matches_everything() {
    let everything = Selector::new(None).unwrap();
    assert!(everything.is_everything());
    assert!(everything.matches(&BTreeMap::new()));
}

#[test]
fn says_what_is_wrong() {
    let cases = [
        (requirement("k", "in", &["a"]), "is none of In"),
        (requirement("k", "In", &[]), "wants values"),
        (requirement("k", "NotIn", &[]), "wants values"),
        (requirement("k", "Exists", &["a"]), "takes no values"),
        (requirement("k", "DoesNotExist", &["a"]), "takes no values"),
    ];
    for (given, expected) in cases {
        let error = Selector::new(Some(&selector(&[], vec![given])))
            .unwrap_err()
            .to_string();
        assert!(error.contains(expected) && error.contains("\"k\""), "{error}");
    }
}
