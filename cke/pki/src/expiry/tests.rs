#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;

const DAY: Duration = Duration::from_secs(24 * 3600);

fn seen(path: &str, begins: &str, ends: &str) -> Seen {
    Seen {
        node: "10.0.0.1".to_owned(),
        path: path.to_owned(),
        begins: begins.parse().unwrap(),
        ends: ends.parse().unwrap(),
    }
}

#[test]
fn what_ends_soon_is_found_and_the_next_to_end_comes_first() {
    let now = "2026-11-22T00:00:00Z".parse().unwrap();
    let all = [
        seen("far", "2026-01-01T00:00:00Z", "2036-01-01T00:00:00Z"),
        seen("near", "2016-12-12T00:00:00Z", "2026-12-12T00:00:00Z"),
        seen("over", "2016-11-01T00:00:00Z", "2026-11-01T00:00:00Z"),
    ];
    let found = ending_soon(&all, 90 * DAY, now);
    let paths: Vec<&str> = found.iter().map(|e| e.seen.path.as_str()).collect();
    assert_eq!(paths, ["over", "near"]);
    assert_eq!(found[0].left, Duration::ZERO);
    assert_eq!(found[1].left, 20 * DAY);
}

#[test]
fn a_short_life_is_not_made_anew_all_the_time() {
    let now = "2026-11-22T00:00:00Z".parse().unwrap();
    let fresh = seen("fresh", "2026-11-20T00:00:00Z", "2026-11-29T00:00:00Z");
    assert_eq!(ending_soon(&[fresh], 90 * DAY, now), []);
    let old = seen("old", "2026-11-16T00:00:00Z", "2026-11-25T00:00:00Z");
    assert_eq!(ending_soon(&[old], 90 * DAY, now).len(), 1);
}

#[test]
fn automatic_rotation_is_off_unless_asked_for() {
    assert!(!RotationPolicy::default().enabled);
}

#[test]
fn recorded_certificates_tell_their_ends() {
    let path = format!(
        "{}/../../../shared/vectors/cke-cluster.json",
        env!("CARGO_MANIFEST_DIR")
    );
    let vectors: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let files = vectors["nodes"]["n101"]["files"].as_array().unwrap();
    let file = files.iter().find(|f| f["path"] == "/etc/etcd/pki/server.crt").unwrap();
    let seen = seen_in("n101", "server.crt", file["text"].as_str().unwrap()).unwrap();
    assert_eq!(seen.ends, "2036-11-19T17:13:34Z".parse().unwrap());
    assert_eq!(seen_in("n101", "x", "<RSA PRIVATE KEY>"), None);
    assert_eq!(
        seen_in(
            "n101",
            "x",
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"
        ),
        None
    );
}
