#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use serde_json::json;

fn node(name: &str, version: &str, ready: bool) -> Node {
    let status = if ready { "True" } else { "False" };
    serde_json::from_value(json!({
        "metadata": {"name": name, "uid": format!("uid-{name}"), "resourceVersion": version},
        "status": {"conditions": [{"type": "Ready", "status": status}]},
    }))
    .unwrap()
}

fn listed(names: &[&str]) -> View {
    let mut view = View::default();
    view.take(Event::Init);
    for name in names {
        view.take(Event::InitApply(node(name, "5", false)));
    }
    view.take(Event::InitDone);
    view
}

fn names(view: &mut View) -> Option<Vec<String>> {
    view.current().map(|nodes| nodes.into_iter().map(|n| n.name).collect())
}

#[test]
fn nothing_is_known_before_the_list_has_ended() {
    let mut view = View::default();
    assert_eq!(names(&mut view), None);
    view.take(Event::Init);
    view.take(Event::InitApply(node("a", "5", true)));
    assert_eq!(names(&mut view), None);
    assert!(view.take(Event::InitDone));
    assert_eq!(names(&mut view), Some(vec!["a".to_owned()]));
}

#[test]
fn only_what_decisions_look_at_counts_as_a_change() {
    let mut view = listed(&["a"]);
    assert!(!view.take(Event::Apply(node("a", "6", false))), "a heartbeat");
    assert!(view.take(Event::Apply(node("a", "7", true))));
    assert!(view.take(Event::Delete(node("a", "8", true))));
    assert!(!view.take(Event::Delete(node("a", "8", true))));
}

#[test]
fn a_new_list_replaces_the_old_one_at_once() {
    let mut view = listed(&["a", "b"]);
    view.take(Event::Init);
    view.take(Event::InitApply(node("b", "5", false)));
    assert_eq!(names(&mut view), None, "half a list is none");
    assert!(view.take(Event::InitDone));
    assert_eq!(names(&mut view), Some(vec!["b".to_owned()]));
}

#[test]
fn a_write_is_waited_for() {
    let mut view = listed(&["a"]);
    view.writes.insert("a".to_owned(), Written::Version("9".to_owned()));
    assert_eq!(names(&mut view), None);
    view.take(Event::Apply(node("a", "8", true)));
    assert_eq!(names(&mut view), None);
    view.take(Event::Apply(node("a", "9", true)));
    assert!(names(&mut view).is_some() && view.writes.is_empty());
}

#[test]
fn a_deletion_is_waited_for_and_a_new_object_of_the_name_is_another() {
    let mut view = listed(&["a"]);
    view.writes.insert(
        "a".to_owned(),
        Written::Gone {
            uid: "uid-a".to_owned(),
        },
    );
    assert_eq!(names(&mut view), None);
    view.take(Event::Delete(node("a", "9", true)));
    assert_eq!(names(&mut view), Some(vec![]));

    view.writes.insert(
        "a".to_owned(),
        Written::Gone {
            uid: "older".to_owned(),
        },
    );
    view.take(Event::Apply(node("a", "10", true)));
    assert_eq!(names(&mut view), Some(vec!["a".to_owned()]));
}
