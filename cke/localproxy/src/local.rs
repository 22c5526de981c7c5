//! Commands on this host.

use bytes::Bytes;
use neco_ssh::{Doing, Error, NodeAddress, Output, Runner};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use std::os::unix::process::ExitStatusExt as _;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::AsyncWriteExt as _;
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// Runs commands in a shell on this host, whatever node is asked for.
#[derive(Debug, Clone, Copy, Default)]
pub struct Local;

impl Runner for Local {
    async fn run(
        &self,
        node: &NodeAddress,
        command: &str,
        stdin: Option<Bytes>,
        deadline: Duration,
    ) -> Result<Output, Error> {
        let failed = |source| Error::Unreachable {
            node: node.address.clone(),
            source,
        };
        let child = spawn(command).map_err(failed)?;
        let group = child.id().and_then(|id| i32::try_from(id).ok()).map(Pid::from_raw);
        match timeout(deadline, finish(child, stdin)).await {
            Ok(ended) => output(node, ended.map_err(failed)?),
            Err(_) => {
                // The shell and what it started; they may have ended by now.
                let _ = group.map(|group| killpg(group, Signal::SIGKILL));
                Err(Error::TimedOut {
                    node: node.address.clone(),
                    doing: Doing::Command,
                    after: deadline,
                })
            }
        }
    }
}

fn spawn(command: &str) -> std::io::Result<Child> {
    Command::new("/bin/sh")
        .args(["-c", command])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
}

async fn finish(mut child: Child, stdin: Option<Bytes>) -> std::io::Result<std::process::Output> {
    let pipe = child.stdin.take();
    let feed = async move {
        if let (Some(mut pipe), Some(input)) = (pipe, stdin) {
            // A command that does not read its input to the end says so by its status.
            let _ = pipe.write_all(&input).await;
        }
    };
    let ((), output) = tokio::join!(feed, child.wait_with_output());
    output
}

fn output(node: &NodeAddress, ended: std::process::Output) -> Result<Output, Error> {
    let node = node.address.clone();
    match ended.status.code() {
        Some(code) => Ok(Output {
            stdout: ended.stdout,
            stderr: ended.stderr,
            status: u32::try_from(code).unwrap_or_default(),
        }),
        None => {
            let signal = ended.status.signal().unwrap_or_default().to_string();
            Err(Error::Killed {
                node,
                signal,
                words: String::from_utf8_lossy(&ended.stderr).into_owned(),
            })
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

    use super::*;

    async fn run(command: &str, stdin: Option<&'static [u8]>, millis: u64) -> Result<Output, Error> {
        let here = NodeAddress::new("localhost", "");
        Local
            .run(
                &here,
                command,
                stdin.map(Bytes::from_static),
                Duration::from_millis(millis),
            )
            .await
    }

    #[tokio::test]
    async fn output_input_and_status() {
        let output = run("cat; echo $((1 + 1)) >&2; exit 3", Some(b"in"), 20_000)
            .await
            .unwrap();
        assert_eq!(
            output,
            Output {
                stdout: b"in".to_vec(),
                stderr: b"2\n".to_vec(),
                status: 3
            }
        );
        assert_eq!(run("exec cat", None, 20_000).await.unwrap(), Output::default());
        let killed = run("kill -9 $$", None, 20_000).await.unwrap_err();
        assert!(matches!(killed, Error::Killed { .. }), "{killed}");
    }

    #[tokio::test]
    async fn what_takes_too_long_is_killed_with_all_that_it_started() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let command = format!("sleep 3600 & echo $! > {}; wait", file.path().display());
        let late = run(&command, None, 500).await.unwrap_err();
        assert!(matches!(late, Error::TimedOut { .. }), "{late}");
        let child: i32 = std::fs::read_to_string(file.path()).unwrap().trim().parse().unwrap();
        let ended = || async {
            let stat = std::fs::read_to_string(format!("/proc/{child}/stat")).unwrap_or_default();
            testkit::wait::holds(stat.is_empty() || stat.contains(") Z "), stat)
        };
        testkit::wait::wait_for("the child's end", testkit::wait::PATIENCE, ended).await;
    }
}
