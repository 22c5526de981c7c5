//! Users and keys.

use crate::support::{DEADLINE, One, quick};
use neco_ssh::{Error, Keys, Runner as _};
use std::collections::HashSet;
use testkit::netns::isolated_async;
use testkit::sshd::{KEY_KINDS, Sshd, USER};

#[test]
fn user_who_is_not_root_logs_in() {
    isolated_async(async || {
        let mut one = One::start().await;
        one.node.user = USER.to_owned();
        assert_eq!(
            one.run("id -un").await.unwrap().stdout,
            format!("{USER}\n").into_bytes()
        );
    });
}

#[test]
fn keys_of_every_kind_let_in() {
    isolated_async(async || {
        let one = One::start().await;
        for (kind, format) in KEY_KINDS {
            let key = one.sshd.another_private_key(kind, format);
            one.fleet.set_keys(Keys::parse([("", key.as_str())]));
            one.fleet.retain(&HashSet::new());
            let output = one
                .run("echo in")
                .await
                .unwrap_or_else(|e| panic!("{kind} {format}: {}", e.in_words()));
            assert_eq!(output.stdout, b"in\n");
        }
    });
}

#[test]
fn wrong_key_and_wrong_user_are_told_as_such() {
    isolated_async(async || {
        let mut one = One::with(Sshd::start().await, quick());
        let strange = one.sshd.strange_private_key();
        let right = one.sshd.private_key();
        one.node.user = "nobody-there".to_owned();
        let error = one.run("true").await.unwrap_err();
        assert!(matches!(error, Error::Auth { .. }), "{error:?}");
        one.node.user = "root".to_owned();
        one.fleet.set_keys(Keys::parse([("", strange.as_str())]));
        let error = one.run("true").await.unwrap_err();
        let words = format!(
            "{}: does not let user \"root\" in with the stored SSH key",
            one.sshd.address()
        );
        assert_eq!(error.to_string(), words);
        // The key of the address goes before the one for all.
        let address = one.sshd.address();
        one.fleet.set_keys(Keys::parse([
            ("", strange.as_str()),
            (address.as_str(), right.as_str()),
        ]));
        one.fleet.retain(&HashSet::new());
        one.fleet.run(&one.node, "true", None, DEADLINE).await.unwrap();
    });
}

#[test]
fn missing_and_broken_keys_harm_their_nodes_only() {
    isolated_async(async || {
        let one = One::with(Sshd::start().await, quick());
        one.fleet.set_keys(Keys::default());
        let error = one.run("true").await.unwrap_err();
        assert!(matches!(error, Error::NoKey { .. }), "{error:?}");
        let right = one.sshd.private_key();
        one.fleet
            .set_keys(Keys::parse([("", right.as_str()), ("10.0.0.9", "no key")]));
        one.fleet.retain(&HashSet::new());
        one.run("true").await.unwrap();
        let other = neco_ssh::NodeAddress::new("10.0.0.9", "root");
        let error = one.fleet.run(&other, "true", None, DEADLINE).await.unwrap_err();
        assert!(
            error
                .in_words()
                .starts_with("10.0.0.9: its SSH key is not usable: not a private key"),
            "{error}"
        );
    });
}
