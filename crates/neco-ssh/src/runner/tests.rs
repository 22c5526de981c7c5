#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use super::*;

fn node() -> NodeAddress {
    NodeAddress::new("10.0.0.1", "cybozu")
}

#[test]
fn failed_command_is_told_with_its_last_words() {
    let output = Output {
        stderr: b"\nDocker is away.\n  Try again.\n".to_vec(),
        status: 1,
        ..Output::default()
    };
    let error = output.successful(&node()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "10.0.0.1: the command ended with status 1: Docker is away. | Try again."
    );
}

#[test]
fn silent_failure_is_told_as_such() {
    let output = Output {
        status: 127,
        ..Output::default()
    };
    let error = output.successful(&node()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "10.0.0.1: the command ended with status 127: it said nothing"
    );
}

#[test]
fn words_of_an_error_are_bounded_and_need_not_be_text() {
    let long = [0xffu8; 5000];
    assert!(tail(&long).chars().count() <= TAIL);
}

#[test]
fn successful_command_passes() {
    assert_eq!(Output::of("x").successful(&node()).unwrap().stdout, b"x");
}
