//! The program as a process.

use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use testkit::wait::{PATIENCE, wait_for};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// A running rivers; it is killed when dropped.
pub(crate) struct Rivers {
    child: Child,
    address: String,
    log: Arc<Mutex<Vec<String>>>,
}

impl Rivers {
    /// Starts it in front of `upstreams` and waits until it listens.
    pub(crate) async fn start(upstreams: &[&str], flags: &[&str]) -> Rivers {
        Self::start_with(upstreams, flags, "5").await
    }

    pub(crate) async fn start_with(upstreams: &[&str], flags: &[&str], delay: &str) -> Rivers {
        let mut child = Command::new(env!("CARGO_BIN_EXE_rivers"))
            .args([
                "--listen=127.0.0.1:0",
                "--logformat=json",
                "--upstreams",
                &upstreams.join(","),
            ])
            .args(flags)
            .env("CANCELLATION_DELAY_SECONDS", delay)
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let log = Arc::new(Mutex::new(Vec::new()));
        let (lines, mut stderr) = (Arc::clone(&log), BufReader::new(child.stderr.take().unwrap()).lines());
        tokio::spawn(async move {
            while let Ok(Some(line)) = stderr.next_line().await {
                lines.lock().unwrap().push(line);
            }
        });
        let mut rivers = Rivers {
            child,
            address: String::new(),
            log,
        };
        let line: serde_json::Value = serde_json::from_str(&rivers.logged("\"listening\"").await).unwrap();
        rivers.address = line["address"].as_str().unwrap().to_owned();
        rivers
    }

    /// Waits for a line of the log that holds `text`.
    pub(crate) async fn logged(&self, text: &str) -> String {
        let found = || async {
            let lines = self.log.lock().unwrap();
            lines
                .iter()
                .find(|line| line.contains(text))
                .cloned()
                .ok_or_else(|| lines.join("\n"))
        };
        wait_for(&format!("a line with {text}"), PATIENCE, found).await
    }

    /// Waits until it knows that an upstream takes connections.
    pub(crate) async fn healthy(&self, upstream: &str) {
        self.logged(&format!("an upstream becomes healthy\",\"address\":\"{upstream}\""))
            .await;
    }

    /// A client's connection.
    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect(&self.address).await.unwrap()
    }

    pub(crate) async fn refuses(&self) -> bool {
        TcpStream::connect(&self.address).await.is_err()
    }

    pub(crate) fn signal(&self) {
        let id = i32::try_from(self.child.id().unwrap()).unwrap();
        kill(Pid::from_raw(id), Signal::SIGTERM).unwrap();
    }

    /// Waits for its end, and gives the exit code.
    pub(crate) async fn ended(&mut self) -> Option<i32> {
        let status = timeout(PATIENCE, self.child.wait())
            .await
            .expect("rivers does not end")
            .unwrap();
        status.code()
    }
}

/// Sends `request` and reads an answer; `None` when the connection ends without one.
pub(crate) async fn ask(stream: &mut TcpStream, request: &[u8]) -> Option<String> {
    stream.write_all(request).await.ok()?;
    let mut answer = [0; 100];
    let count = timeout(PATIENCE, stream.read(&mut answer))
        .await
        .expect("no answer")
        .ok()?;
    (count > 0).then(|| String::from_utf8_lossy(&answer[..count]).into_owned())
}

/// What a fault may cost a client at most on a busy machine: far less than [`LONG`].
pub(crate) const SOON: Duration = Duration::from_secs(30);
/// Intervals and time-outs that no client may have to wait for.
pub(crate) const LONG: [&str; 2] = ["--check-interval=300s", "--dial-timeout=300s"];
