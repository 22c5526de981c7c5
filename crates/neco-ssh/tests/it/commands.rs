//! What commands give and take.

use crate::support::{DEADLINE, One, patient};
use bytes::Bytes;
use neco_ssh::{Counts, Error, Options, Runner as _};
use std::sync::Arc;
use std::time::{Duration, Instant};
use testkit::netns::isolated_async;
use testkit::sshd::Sshd;
use testkit::wait::{PATIENCE, holds, wait_for};

#[test]
fn outputs_and_status_come_back() {
    isolated_async(async || {
        let one = One::start().await;
        let output = one.run("echo out; echo err >&2; exit 7").await.unwrap();
        assert_eq!(
            (output.stdout.as_slice(), output.stderr.as_slice()),
            (&b"out\n"[..], &b"err\n"[..])
        );
        assert_eq!(output.status, 7);
        let error = output.successful(&one.node).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("{}: the command ended with status 7: err", one.sshd.address())
        );
    });
}

#[test]
fn kept_connection_makes_no_new_handshake() {
    isolated_async(async || {
        let one = One::start().await;
        for round in 0..30 {
            let output = one.run(&format!("echo {round}")).await.unwrap();
            assert_eq!(output.stdout, format!("{round}\n").into_bytes());
        }
        let expected = Counts {
            connections: 1,
            handshakes: 1,
            commands: 30,
            ..Counts::default()
        };
        assert_eq!(one.fleet.counts(&one.sshd.address()), expected);
        assert_eq!(one.fleet.total(), expected);
    });
}

#[test]
fn more_commands_at_once_than_sessions_share_one_connection() {
    isolated_async(async || {
        let one = One::start().await;
        let commands = (0..40).map(|number| {
            let (fleet, node) = (Arc::clone(&one.fleet), one.node.clone());
            tokio::spawn(async move { fleet.run(&node, &format!("echo {number}"), None, DEADLINE).await })
        });
        for (number, command) in commands.collect::<Vec<_>>().into_iter().enumerate() {
            assert_eq!(
                command.await.unwrap().unwrap().stdout,
                format!("{number}\n").into_bytes()
            );
        }
        assert_eq!(one.handshakes(), 1);
    });
}

#[test]
fn fewer_sessions_than_thought_are_waited_for() {
    isolated_async(async || {
        let one = One::with(Sshd::with_config("MaxSessions 2").await, patient());
        let commands = (0..8).map(|_| {
            let (fleet, node) = (Arc::clone(&one.fleet), one.node.clone());
            tokio::spawn(async move { fleet.run(&node, "cat", Some(Bytes::from_static(b"x")), DEADLINE).await })
        });
        for command in commands.collect::<Vec<_>>() {
            assert_eq!(command.await.unwrap().unwrap().stdout, b"x");
        }
        // On a busy machine sshd may not have noticed that those before have ended, and another connection is made.
        assert!(one.handshakes() < 4, "{}", one.handshakes());
    });
}

#[test]
fn node_without_any_session_is_told() {
    isolated_async(async || {
        let one = One::with(Sshd::with_config("MaxSessions 0").await, patient());
        let error = one.run("true").await.unwrap_err();
        assert!(matches!(error, Error::SessionRefused { .. }), "{error:?}");
    });
}

#[test]
fn megabytes_go_in_and_come_out() {
    isolated_async(async || {
        let one = One::start().await;
        let bytes: Vec<u8> = (0..6_000_000u32)
            .map(|n| n.to_le_bytes()[0] ^ n.to_le_bytes()[1])
            .collect();
        let output = one.feed("cat", bytes.clone()).await.unwrap();
        assert!(output.stdout == bytes, "{} bytes came back", output.stdout.len());
    });
}

#[test]
fn empty_input_ends_and_unread_input_does_not_hang() {
    isolated_async(async || {
        let one = One::start().await;
        assert_eq!(one.run("cat").await.unwrap().stdout, b"");
        let unread = one.feed("exit 3", vec![0; 8_000_000]).await.unwrap();
        assert_eq!(unread.status, 3);
        assert_eq!(one.run("echo on").await.unwrap().stdout, b"on\n");
    });
}

#[test]
fn huge_output_is_refused_and_the_connection_goes_on() {
    isolated_async(async || {
        let options = Options {
            max_output: 100_000,
            ..patient()
        };
        let one = One::with(Sshd::start().await, options);
        let error = one.run("yes").await.unwrap_err();
        assert!(
            matches!(error, Error::TooMuchOutput { limit: 100_000, .. }),
            "{error:?}"
        );
        assert_eq!(one.run("head -c 100000 /dev/zero").await.unwrap().stdout.len(), 100_000);
        assert_eq!(one.handshakes(), 1);
    });
}

#[test]
fn killed_command_is_told_with_its_signal() {
    isolated_async(async || {
        let one = One::start().await;
        let error = one.run("echo dying >&2; kill -9 $$").await.unwrap_err();
        let words = format!("{}: the command was killed by SIGKILL: dying", one.sshd.address());
        assert_eq!(error.to_string(), words);
    });
}

#[test]
fn late_command_costs_its_own_deadline_and_no_more() {
    isolated_async(async || {
        let one = One::start().await;
        one.run("true").await.unwrap();
        let started = Instant::now();
        let late = one.run_within("sleep 600", Duration::from_secs(3));
        let (late, other) = tokio::join!(late, one.run("echo other"));
        assert_eq!(other.unwrap().stdout, b"other\n");
        let error = late.unwrap_err();
        assert!(
            error
                .to_string()
                .ends_with("timed out after 3s while running the command"),
            "{error}"
        );
        assert!(error.is_of_command());
        assert!(started.elapsed() < DEADLINE);
        assert_eq!(one.handshakes(), 1);
    });
}

/// Runs more late commands than there are sessions, each followed by one that is not: by its answer sshd has heard of what became of the
/// one before. Gives the count of handshakes.
async fn late_ones_before_another(one: &One) -> u64 {
    for _ in 0..20 {
        let error = one
            .run_within("sleep 600", Duration::from_millis(50))
            .await
            .unwrap_err();
        assert!(matches!(error, Error::TimedOut { .. }), "{error:?}");
        assert_eq!(one.run("echo on").await.unwrap().stdout, b"on\n");
    }
    one.handshakes()
}

#[test]
fn places_of_late_commands_are_given_back() {
    isolated_async(async || {
        let mut one = One::start().await;
        one.node.user = testkit::sshd::USER.to_owned();
        one.run("true").await.unwrap();
        assert_eq!(late_ones_before_another(&one).await, 1);
    });
}

#[test]
fn late_commands_that_do_not_end_cost_another_connection_at_most() {
    isolated_async(async || {
        // sshd passes no signals on to what root started.
        let one = One::start().await;
        one.run("true").await.unwrap();
        assert!(late_ones_before_another(&one).await <= 4);
    });
}

#[test]
fn late_command_of_a_user_is_told_to_end() {
    isolated_async(async || {
        let mut one = One::start().await;
        one.node.user = testkit::sshd::USER.to_owned();
        // The shell says that it was told. Its standard error is gone by then, and what it says of `sleep` must not kill it.
        let mark = tempfile::Builder::new().prefix("ended-").tempdir().unwrap();
        std::fs::set_permissions(mark.path(), std::os::unix::fs::PermissionsExt::from_mode(0o777)).unwrap();
        let file = mark.path().join("told");
        let command = format!(
            "exec 2>/dev/null; trap 'echo told > {}; exit' TERM; while :; do sleep 0.05; done",
            file.display()
        );
        one.run_within(&command, Duration::from_secs(5)).await.unwrap_err();
        wait_for("the command's last word", PATIENCE, || async {
            holds(file.exists(), "not told yet")
        })
        .await;
    });
}
