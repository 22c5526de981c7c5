#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use super::*;
use proptest::prelude::*;

#[test]
fn broken_keys_are_told_by_address_without_their_text() {
    let keys = Keys::parse([
        (
            "10.0.0.1",
            "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----",
        ),
        ("", ""),
    ]);
    let problems = keys.problems();
    assert_eq!(problems.len(), 2);
    assert!(!format!("{problems:?}").contains("c2VjcmV0"));
}

#[test]
fn debug_shows_no_private_part() {
    let key = PrivateKey::random(&mut rand::rng(), russh::keys::Algorithm::Ed25519).unwrap();
    let text = key.to_openssh(russh::keys::ssh_key::LineEnding::LF).unwrap();
    let keys = Keys::parse([("", text.as_str())]);
    let shown = format!("{keys:?}");
    assert!(shown.contains("SHA256:"), "{shown}");
    for line in text.lines() {
        assert!(!shown.contains(line), "{shown}");
    }
}

proptest! {
    #[test]
    fn any_text_is_a_key_or_an_error(text in "(-----BEGIN (OPENSSH|RSA|EC)? ?PRIVATE KEY-----\n)?[A-Za-z0-9+/=\n]{0,200}.*") {
        let _ = Keys::parse([("", text.as_str())]);
    }
}
