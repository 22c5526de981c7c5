//! Host keys that stay, change, and are known beforehand.

use crate::support::{One, quick};
use jiff::{SignedDuration, Timestamp};
use neco_ssh::{Error, HostKeyStore as _, Options, Pinned, Policy};
use std::collections::HashSet;
use testkit::netns::isolated_async;
use testkit::sshd::Sshd;

impl One {
    async fn boot_with_another_key(&mut self) {
        self.sshd.kill();
        self.sshd.renew_host_key();
        self.sshd.start_again().await;
        // What this process keeps of the node goes with its connection, the pinned key does not.
        self.fleet.retain(&HashSet::new());
    }

    async fn pinned(&self) -> Option<Pinned> {
        self.store.pinned(&self.sshd.address()).await.unwrap()
    }
}

#[test]
fn first_key_is_pinned_and_a_changed_one_is_an_alert() {
    isolated_async(async || {
        let mut one = One::with(Sshd::start().await, quick());
        one.run("true").await.unwrap();
        let pinned = one.pinned().await.unwrap();
        let host_key = std::fs::read_to_string(one.sshd.folder().join("host.pub")).unwrap();
        assert!(host_key.starts_with(&pinned.key), "{host_key} {pinned:?}");
        one.boot_with_another_key().await;
        let error = one.run("true").await.unwrap_err();
        assert!(matches!(error, Error::HostKeyChanged { .. }), "{error:?}");
        assert!(
            error.to_string().contains("SSH HOST KEY CHANGED from SHA256:"),
            "{error}"
        );
        assert_eq!(one.pinned().await.unwrap(), pinned);
        assert_eq!(one.fleet.total().host_keys_refused, 1);
    });
}

#[test]
fn changed_key_is_taken_once_after_a_boot() {
    isolated_async(async || {
        let mut one = One::with(Sshd::start().await, quick());
        one.run("true").await.unwrap();
        one.store.saw_boot(&one.sshd.address(), Timestamp::now());
        one.boot_with_another_key().await;
        one.run("true").await.unwrap();
        assert_eq!(one.fleet.total().host_keys_accepted, 1);
        one.boot_with_another_key().await;
        let error = one.run("true").await.unwrap_err();
        assert!(matches!(error, Error::HostKeyChanged { .. }), "{error:?}");
        one.store.forget(&one.sshd.address());
        one.fleet.retain(&HashSet::new());
        one.run("true").await.unwrap();
    });
}

#[test]
fn key_that_cannot_let_us_in_is_not_pinned() {
    isolated_async(async || {
        let one = One::with(Sshd::start().await, quick());
        let strange = one.sshd.strange_private_key();
        one.fleet.set_keys(neco_ssh::Keys::parse([("", strange.as_str())]));
        one.run("true").await.unwrap_err();
        assert_eq!(one.pinned().await, None);
    });
}

#[test]
fn strict_policy_takes_pinned_keys_only() {
    isolated_async(async || {
        let strict = Options {
            policy: Policy::Strict,
            ..quick()
        };
        let one = One::with(Sshd::start().await, strict);
        let error = one.run("true").await.unwrap_err();
        assert!(matches!(error, Error::HostKeyUnknown { .. }), "{error:?}");
        let key = std::fs::read_to_string(one.sshd.folder().join("host.pub")).unwrap();
        let key = key.split(' ').take(2).collect::<Vec<_>>().join(" ");
        let at = Timestamp::now() - SignedDuration::from_hours(1);
        one.store.pin(&one.sshd.address(), Pinned { key, at }).await.unwrap();
        one.fleet.retain(&HashSet::new());
        one.run("true").await.unwrap();
    });
}

#[test]
fn server_with_several_keys_shows_the_pinned_one() {
    isolated_async(async || {
        let sshd = Sshd::start().await;
        let rsa = sshd.folder().join("host-rsa");
        let made = std::process::Command::new("ssh-keygen")
            .args(["-q", "-N", "", "-t", "rsa", "-f"])
            .arg(&rsa)
            .status();
        assert!(made.unwrap().success());
        let mut one = One::with(sshd, quick());
        let key = std::fs::read_to_string(rsa.with_extension("pub")).unwrap();
        let key = key.split(' ').take(2).collect::<Vec<_>>().join(" ");
        one.store
            .pin(
                &one.sshd.address(),
                Pinned {
                    key,
                    at: Timestamp::now(),
                },
            )
            .await
            .unwrap();
        one.run("true").await.unwrap_err();
        let config = one.sshd.folder().join("config");
        let more = format!(
            "{}\nHostKey {}\n",
            std::fs::read_to_string(&config).unwrap(),
            rsa.display()
        );
        std::fs::write(&config, more).unwrap();
        one.sshd.kill();
        one.sshd.start_again().await;
        one.fleet.retain(&HashSet::new());
        one.run("true").await.unwrap();
    });
}
