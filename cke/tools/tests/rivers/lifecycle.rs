//! Start and end of the program.

use std::process::Command;

use testkit::wait::{PATIENCE, holds, wait_for};

use crate::process::{Rivers, ask};
use crate::upstream::Upstream;

#[tokio::test]
async fn without_clients_it_ends_at_once() {
    let upstream = Upstream::start("a").await;
    let mut rivers = Rivers::start_with(&[&upstream.address], &[], "3600").await;
    rivers.signal();
    assert_eq!(rivers.ended().await, Some(0));
    rivers.logged("well: got signal").await;
}

#[tokio::test]
async fn clients_finish_and_new_ones_are_taken_for_a_while() {
    let upstream = Upstream::start("a").await;
    let mut rivers = Rivers::start_with(&[&upstream.address], &[], "3600").await;
    let mut old = rivers.connect().await;
    assert_eq!(ask(&mut old, b"hello").await.unwrap(), "a");
    rivers.signal();
    rivers.logged("well: got signal").await;
    let mut new = rivers.connect().await;
    assert_eq!(ask(&mut new, b"hello").await.unwrap(), "a");
    assert_eq!(ask(&mut old, b"hello").await.unwrap(), "a");
    drop((old, new));
    assert_eq!(rivers.ended().await, Some(0));
}

#[tokio::test]
async fn after_the_delay_no_client_is_taken_and_those_there_have_their_time() {
    let upstream = Upstream::start("a").await;
    let mut rivers = Rivers::start_with(&[&upstream.address], &["--shutdown-timeout=0"], "0").await;
    let mut old = rivers.connect().await;
    assert_eq!(ask(&mut old, b"hello").await.unwrap(), "a");
    rivers.signal();
    wait_for("the listener's end", PATIENCE, || async {
        holds(rivers.refuses().await, "a client is taken")
    })
    .await;
    assert_eq!(ask(&mut old, b"hello").await.unwrap(), "a");
    drop(old);
    assert_eq!(rivers.ended().await, Some(0));
}

#[tokio::test]
async fn who_takes_too_long_is_cut_off() {
    let upstream = Upstream::start("a").await;
    let mut rivers = Rivers::start_with(&[&upstream.address], &["--shutdown-timeout=100ms"], "0").await;
    let mut client = rivers.connect().await;
    assert_eq!(ask(&mut client, b"hello").await.unwrap(), "a");
    rivers.signal();
    assert_eq!(rivers.ended().await, Some(0));
    rivers.logged("well: timeout waiting for shutdown").await;
    assert_eq!(ask(&mut client, b"hello").await, None);
}

fn run(args: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_rivers")).args(args).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn what_cannot_work_ends_with_a_reason() {
    let (code, _, stderr) = run(&["--listen=127.0.0.1:0"]);
    assert_eq!(code, Some(1));
    assert!(stderr.contains(" rivers error: \"--upstreams is blank\""), "{stderr}");

    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let (code, _, stderr) = run(&["--listen", &address, "--upstreams=127.0.0.1:1"]);
    assert_eq!(code, Some(1));
    assert!(
        stderr.contains(&format!("failed to listen at {address}: Address already in use")),
        "{stderr}"
    );

    let (code, _, stderr) = run(&["--upstream=a:1"]);
    assert_eq!(code, Some(2));
    assert!(
        stderr.starts_with("flag provided but not defined: -upstream\n"),
        "{stderr}"
    );
}

#[test]
fn help_and_version() {
    let (code, stdout, _) = run(&["-h"]);
    assert_eq!(code, Some(0));
    for flag in [
        "check-interval",
        "dial-keep-alive",
        "dial-timeout",
        "listen",
        "logfile",
        "logformat",
        "loglevel",
    ] {
        assert!(stdout.contains(&format!("  -{flag} string\n")), "{stdout}");
    }
    let (code, stdout, _) = run(&["--version"]);
    assert_eq!(
        (code, stdout),
        (Some(0), format!("rivers {}\n", env!("CARGO_PKG_VERSION")))
    );
}
