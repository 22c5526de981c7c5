#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;

fn identity() -> Identity {
    Identity {
        ca_certificate: String::new(),
        certificate: String::new(),
        key: Zeroizing::new("SECRET".to_owned()),
    }
}

#[test]
fn says_which_certificate_is_wrong() {
    let error = identity().tls().unwrap_err();
    assert_eq!(
        error.to_string(),
        "the certificates for Kubernetes' API: CA certificate"
    );
}

#[test]
fn the_key_is_not_printed() {
    assert!(!format!("{:?}", identity()).contains("SECRET"));
}

#[test]
fn addresses_of_both_kinds_make_a_url() {
    assert_eq!(
        base_uri("10.0.0.1", 6443).unwrap().to_string(),
        "https://10.0.0.1:6443/"
    );
    assert_eq!(
        base_uri("fd00::1", 6443).unwrap().to_string(),
        "https://[fd00::1]:6443/"
    );
    assert!(base_uri("a host", 6443).is_err());
}
