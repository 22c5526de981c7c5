#![allow(clippy::unwrap_used, reason = "tests")]

use super::{ResourceDefinition, parse, rank, sort, split_documents};
use crate::kubernetes::ResourceStatus;

const SECRET: &str = "apiVersion: v1\nkind: Secret\nmetadata:\n  namespace: a\n  name: b\n";

#[test]
fn keys_are_made_of_kind_namespace_and_name() {
    let json = r#"{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRole","metadata":{"name":"r"}}"#;
    assert_eq!(parse(SECRET).unwrap().key, "Secret/a/b");
    assert_eq!(parse(json).unwrap().key, "ClusterRole/r");
}

#[test]
fn what_is_missing_is_named() {
    let cases = [
        ("kind: A\nmetadata: {name: b}", "no apiVersion"),
        ("apiVersion: v1\nmetadata: {name: b}", "no kind"),
        ("apiVersion: v1\nkind: A", "no name"),
        ("apiVersion: v1\nkind: A\nmetadata: {name: ''}", "no name"),
        (
            "apiVersion: v1\nkind: A\nmetadata: {name: a/b}",
            "name \"a/b\" has a / in it",
        ),
        (
            "apiVersion: v1\nkind: A\nmetadata: {name: b, namespace: n}",
            "namespace is false and not a text: put it in quotes",
        ),
        ("[a]", "not an object"),
        ("", "not an object"),
    ];
    for (document, want) in cases {
        assert_eq!(parse(document).unwrap_err().to_string(), want, "{document}");
    }
    assert!(parse("a: [").unwrap_err().to_string().contains("line"));
}

#[test]
fn files_are_split_at_their_separators() {
    let file = "# comment\n---\na: 1\n---\n\n--- \n# c\nb: |\n  ---\n  x\n---";
    let want = [(3, "a: 1\n".to_owned()), (7, "# c\nb: |\n  ---\n  x\n".to_owned())];
    assert_eq!(split_documents(file), want);
    assert_eq!(split_documents("{\"a\": 1}"), [(1, "{\"a\": 1}".to_owned())]);
    assert_eq!(split_documents(""), []);
}

#[test]
fn what_others_need_comes_first() {
    let order = [
        ("Namespace", ""),
        ("ServiceAccount", "a"),
        ("CustomResourceDefinition", ""),
        ("ClusterRole", ""),
        ("ClusterRoleBinding", ""),
        ("PriorityClass", ""),
        ("Role", "a"),
        ("RoleBinding", "a"),
        ("NetworkPolicy", "a"),
        ("Secret", "a"),
        ("ConfigMap", "a"),
        ("Deployment", "a"),
    ];
    let ranks: Vec<_> = order.iter().map(|(kind, namespace)| rank(kind, namespace)).collect();
    assert!(ranks.is_sorted_by(|a, b| a < b), "{ranks:?}");
    let resource = |key| ResourceDefinition::from_key(key, 1, String::new()).unwrap();
    let mut resources = ["Pod/b/a", "Pod/a/z", "Secret/a/b", "Namespace/z"].map(resource);
    sort(&mut resources);
    assert_eq!(
        resources.map(|r| r.key),
        ["Namespace/z", "Secret/a/b", "Pod/a/z", "Pod/b/a"]
    );
    for key in ["", "Pod", "a/b/c/d"] {
        assert!(ResourceDefinition::from_key(key, 1, String::new()).is_err());
    }
}

#[test]
fn revisions_and_images_are_compared() {
    let status = |annotations: &[(&str, &str)]| ResourceStatus {
        annotations: annotations
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect(),
        applied_by_cke: true,
    };
    let revision = |value| ("cke.cybozu.com/revision", value);
    let mut resource = ResourceDefinition::from_key("Pod/a/b", 3, String::new()).unwrap();
    assert!(resource.needs_update(None));
    assert!(resource.needs_update(Some(&status(&[]))));
    assert!(resource.needs_update(Some(&status(&[revision("2")]))));
    assert!(!resource.needs_update(Some(&status(&[revision("3")]))));
    resource.image = "a:1".to_owned();
    assert!(resource.needs_update(Some(&status(&[revision("3")]))));
    assert!(!resource.needs_update(Some(&status(&[revision("3"), ("cke.cybozu.com/image", "a:1")]))));
}
