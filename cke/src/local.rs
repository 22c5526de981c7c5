//! Commands on the boot server itself: reboot, boot check, repair, health check.
//!
//! They are the operators' own programs. Each line of output and the time go to the log, as in the original.

use cke_model::operation::CommandLine;
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::process::Command;

/// Why a command did not succeed. What it said is in the log.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LocalError {
    #[error("the command is empty")]
    Empty,
    #[error("{program} cannot be started")]
    Start {
        program: String,
        #[source]
        source: std::io::Error,
    },
    #[error("{program} did not end within {seconds} s")]
    Late { program: String, seconds: u64 },
    #[error("{program} failed with {status}: {said}")]
    Failed {
        program: String,
        status: std::process::ExitStatus,
        said: String,
    },
}

/// Runs it once and gives what it wrote to its standard output.
pub(crate) async fn once(command: &CommandLine) -> Result<String, LocalError> {
    let started = Instant::now();
    let result = spawn(command).await;
    let took = started.elapsed().as_secs_f64();
    match &result {
        Ok(said) => tracing::info!(command = command.args.join(" "), took, stdout = said, "ran a command"),
        Err(error) => tracing::warn!(
            command = command.args.join(" "),
            took,
            error = error as &dyn std::error::Error,
            "a command failed"
        ),
    }
    result
}

/// Runs it until it succeeds, as often as it says.
pub(crate) async fn with_retries(command: &CommandLine) -> Result<String, LocalError> {
    let mut left = command.retries;
    loop {
        match once(command).await {
            Err(_) if left > 0 => left -= 1,
            result => return result,
        }
        tokio::time::sleep(Duration::from_secs(command.interval_seconds)).await;
    }
}

async fn spawn(command: &CommandLine) -> Result<String, LocalError> {
    let (program, arguments) = command.args.split_first().ok_or(LocalError::Empty)?;
    let program = || program.clone();
    let child = Command::new(program())
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // A late command is killed, as the original does.
        .kill_on_drop(true)
        .spawn()
        .map_err(|source| LocalError::Start {
            program: program(),
            source,
        })?;
    let ended = async {
        let output = child.wait_with_output().await;
        output.map_err(|source| LocalError::Start {
            program: program(),
            source,
        })
    };
    let output = match command.timeout_seconds {
        0 => ended.await?,
        seconds => tokio::time::timeout(Duration::from_secs(seconds), ended)
            .await
            .map_err(|_| LocalError::Late {
                program: program(),
                seconds,
            })??,
    };
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(LocalError::Failed {
        program: program(),
        status: output.status,
        said: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
    })
}

#[cfg(test)]
mod tests;
