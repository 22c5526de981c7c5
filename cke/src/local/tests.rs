#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
use super::*;

fn command(script: &str, timeout_seconds: u64, retries: u64) -> CommandLine {
    CommandLine {
        args: ["sh", "-c", script].map(str::to_owned).to_vec(),
        timeout_seconds,
        retries,
        interval_seconds: 0,
    }
}

#[tokio::test]
async fn what_it_says_is_given() {
    assert_eq!(
        once(&command("echo true; echo aside >&2", 0, 0)).await.unwrap(),
        "true\n"
    );
}

#[tokio::test]
async fn a_failure_says_what_the_command_said() {
    let error = once(&command("echo sorry >&2; exit 3", 5, 0)).await.unwrap_err();
    let text = error.to_string();
    assert!(text.contains("exit status: 3") && text.contains("sorry"), "{text}");
}

#[tokio::test]
async fn a_late_command_is_killed() {
    let started = Instant::now();
    let error = once(&command("sleep 60", 1, 0)).await.unwrap_err();
    assert!(matches!(error, LocalError::Late { seconds: 1, .. }), "{error}");
    assert!(started.elapsed() < Duration::from_secs(30));
}

#[tokio::test]
async fn retries_go_on_until_it_succeeds() {
    let dir = tempfile::tempdir().unwrap();
    let script = format!(
        "cd {} && echo x >> runs && [ $(wc -l < runs) -ge 3 ]",
        dir.path().display()
    );
    with_retries(&command(&script, 5, 2)).await.unwrap();
    let error = with_retries(&command("exit 1", 5, 1)).await.unwrap_err();
    assert!(matches!(error, LocalError::Failed { .. }));
}

#[tokio::test]
async fn a_missing_program_and_an_empty_command_are_errors() {
    let missing = CommandLine {
        args: vec!["/no/such/program".into()],
        timeout_seconds: 0,
        retries: 0,
        interval_seconds: 0,
    };
    assert!(matches!(once(&missing).await, Err(LocalError::Start { .. })));
    let empty = CommandLine {
        args: Vec::new(),
        ..missing
    };
    assert!(matches!(once(&empty).await, Err(LocalError::Empty)));
}
