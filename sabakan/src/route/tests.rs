#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use super::*;

fn find(method: &str, path: &str) -> Result<(RouteId, Vec<String>), NoRoute> {
    let method = Method::from_bytes(method.as_bytes()).unwrap();
    resolve(Listener::Http, false, &method, path).map(|found| (found.row.id, found.params))
}

#[test]
fn a_path_must_match_whole() {
    for path in [
        "/api/v1/machinesXYZ",
        "/api/v1/machines/R0N0",
        "/api/v1/machines/",
        "/api/v1/boot/coreos/kernel/anything",
        "/api/v1/kernel_params/coreos/anything",
        "/api/v1/assets/a/b",
        "/api/v1/crypts/R0N0/sda",
        "/",
        "/metrics",
    ] {
        assert_eq!(find("GET", path), Err(NoRoute::NotFound), "{path}");
    }
    for method in ["PUT", "DELETE"] {
        assert_eq!(find(method, "/api/v1/assets/a/b"), Err(NoRoute::NotFound));
    }
}

#[test]
fn wrong_methods_answer_as_the_original() {
    let not_allowed = |method, path| matches!(find(method, path), Err(NoRoute::MethodNotAllowed(_)));
    assert!(not_allowed("POST", "/api/v1/config/ipam"));
    assert!(not_allowed("HEAD", "/api/v1/machines"));
    assert!(not_allowed("PUT", "/api/v1/machines/R0N0"));
    assert!(not_allowed("POST", "/health"));
    let bad = |method, path| matches!(find(method, path), Err(NoRoute::BadRequest(_)));
    assert!(bad("POST", "/api/v1/images/coreos"));
    assert!(not_allowed("HEAD", "/api/v1/images/coreos/1.0.0"));
    assert!(bad("POST", "/api/v1/ignitions/cs/1.0.0"));
    assert!(bad("DELETE", "/api/v1/machines"));
    assert!(bad("PUT", "/api/v1/state/"));
    assert!(bad("PUT", "/api/v1/labels/R0N0"));
}

#[test]
fn names_are_decoded_and_cannot_reach_over() {
    assert_eq!(
        find("PUT", "/api/v1/labels/a%20b/c").unwrap(),
        (RouteId::LabelPut, vec!["a b".to_owned(), "c".to_owned()])
    );
    for path in [
        "/api/v1/state/..",
        "/api/v1/state/%2e%2e",
        "/api/v1/state/a%2Fb",
        "/api/v1/state/%ff",
        "/api/v1/state/a%0Ab",
    ] {
        assert!(matches!(find("PUT", path), Err(NoRoute::BadRequest(_))), "{path}");
    }
}

#[test]
fn the_tls_port_serves_keys_and_boot_files_and_all_to_the_identified() {
    let on = |listener, identified, path| resolve(listener, identified, &Method::GET, path).is_ok();
    assert!(on(Listener::Https, false, "/api/v1/crypts/a/b"));
    assert!(on(Listener::Https, false, "/api/v1/boot/coreos/kernel"));
    assert!(!on(Listener::Https, false, "/api/v1/machines"));
    assert!(on(Listener::Https, true, "/api/v1/machines"));
    assert!(!on(Listener::Http, true, "/api/v1/crypts/a/b"));
    assert!(on(Listener::Metrics, false, "/metrics"));
    assert!(!on(Listener::Metrics, false, "/api/v1/machines"));
}

#[test]
fn no_row_stands_twice() {
    for (n, row) in ROUTES.iter().enumerate() {
        let twin = ROUTES[n + 1..]
            .iter()
            .find(|other| other.method == row.method && other.pattern == row.pattern);
        assert!(twin.is_none(), "{} {}", row.method, row.pattern);
    }
}
