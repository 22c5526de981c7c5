//! A real process of the smallest daemon: logs, ids, signals, draining, systemd.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::net::UnixDatagram;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use serde_json::Value;
use testkit::wait::{PATIENCE, holds, wait_for_blocking};

struct Daemon {
    child: Child,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Daemon {
    fn start(arguments: &[&str], environment: &[(&str, &str)]) -> Daemon {
        let mut command = Command::new(env!("CARGO_BIN_EXE_skeleton"));
        command
            .args(["-http", "127.0.0.1:0"])
            .args(arguments)
            .envs(environment.iter().copied());
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let lines = Arc::new(Mutex::new(Vec::new()));
        let (reader, kept) = (BufReader::new(child.stderr.take().unwrap()), Arc::clone(&lines));
        std::thread::spawn(move || {
            for line in reader.lines() {
                kept.lock().unwrap().push(line.unwrap());
            }
        });
        Daemon { child, lines }
    }

    fn json(environment: &[(&str, &str)]) -> Daemon {
        Daemon::start(&["-logformat=json"], environment)
    }

    /// The first line that says so.
    fn line(&self, message: &str) -> Value {
        wait_for_blocking(&format!("a line with {message:?}"), PATIENCE, || {
            let lines = self.lines.lock().unwrap();
            let parsed = lines.iter().filter_map(|line| serde_json::from_str::<Value>(line).ok());
            parsed
                .into_iter()
                .find(|line| line["message"] == message)
                .ok_or_else(|| format!("{lines:?}"))
        })
    }

    fn address(&self) -> String {
        self.line("listening")["address"].as_str().unwrap().to_owned()
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill")
            .args([&format!("-{name}"), &self.child.id().to_string()])
            .status();
        assert!(sent.unwrap().success());
    }

    fn exit_code(&mut self) -> i32 {
        wait_for_blocking("the daemon to end", PATIENCE, || {
            let ended = self.child.try_wait().unwrap();
            ended.and_then(|status| status.code()).ok_or("it runs")
        })
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn get(address: &str, path: &str, headers: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n{headers}\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn a_request_brings_its_id_into_every_line_and_back() {
    let daemon = Daemon::json(&[]);
    let address = daemon.address();
    let answer = get(&address, "/slow?1", "X-Cybozu-Request-ID: order-66\r\n");
    assert!(answer.contains("x-cybozu-request-id: order-66\r\n"), "{answer}");
    assert_eq!(daemon.line("slow work begins")["request_id"], "order-66");
    let access = daemon.line("access");
    assert_eq!(access["request_id"], "order-66");
    assert_eq!(access["type"], "access");
    assert_eq!(access["http_status_code"], 200);
    assert_eq!(access["url"], "/slow?1");
    assert_eq!(access["remote_ipaddr"], "127.0.0.1");
    assert_eq!(access["response_size"], 4);
    assert_eq!(access["severity"], "info");

    let made = get(&address, "/version", "");
    let id = made
        .lines()
        .find_map(|line| line.strip_prefix("x-cybozu-request-id: "))
        .unwrap();
    assert_eq!(id.len(), 36, "{made}");
    assert!(made.ends_with(r#"{"version":"0.0.0"}"#), "{made}");
    assert!(get(&address, "/health", "").ends_with(r#"{"health":"healthy"}"#));
    assert!(get(&address, "/metrics", "").contains("process_open_fds "));
}

#[test]
fn a_request_under_way_is_finished_before_the_end() {
    let mut daemon = Daemon::json(&[("CANCELLATION_DELAY_SECONDS", "0")]);
    let address = daemon.address();
    let request = {
        let address = address.clone();
        std::thread::spawn(move || get(&address, "/slow?1500", ""))
    };
    daemon.line("slow work begins");
    daemon.signal("TERM");
    daemon.line("got signal");
    wait_for_blocking("new connections to be refused", PATIENCE, || {
        holds(TcpStream::connect(&address).is_err(), "it still accepts")
    });
    assert!(request.join().unwrap().ends_with("done"));
    assert_eq!(daemon.exit_code(), 0);
    daemon.line("drained");
}

#[test]
fn it_serves_during_the_delay_and_a_second_signal_ends_it() {
    let mut daemon = Daemon::json(&[("CANCELLATION_DELAY_SECONDS", "600")]);
    let address = daemon.address();
    daemon.signal("TERM");
    assert_eq!(daemon.line("got signal")["delay"], 600);
    assert!(get(&address, "/health", "").contains("healthy"));
    daemon.signal("INT");
    assert_eq!(daemon.exit_code(), 0);
}

#[test]
fn systemd_hears_of_readiness_life_and_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let next = || {
        let mut buffer = [0; 256];
        let length = socket.recv(&mut buffer).unwrap();
        String::from_utf8_lossy(&buffer[..length]).trim().to_owned()
    };
    let environment = [
        ("NOTIFY_SOCKET", path.to_str().unwrap()),
        ("WATCHDOG_USEC", "200000"),
        ("CANCELLATION_DELAY_SECONDS", "0"),
    ];
    let mut daemon = Daemon::json(&environment);
    assert_eq!(next(), "READY=1");
    assert_eq!(
        (next(), next(), next()),
        ("WATCHDOG=1".into(), "WATCHDOG=1".into(), "WATCHDOG=1".into())
    );
    daemon.signal("TERM");
    while next() != "STOPPING=1" {}
    assert_eq!(daemon.exit_code(), 0);
}

#[test]
fn too_many_are_refused_with_the_time_to_come_back() {
    let daemon = Daemon::json(&[]);
    let address = daemon.address();
    // As many as there are places for.
    let held = [0, 1].map(|_| {
        let address = address.clone();
        std::thread::spawn(move || get(&address, "/slow", ""))
    });
    wait_for_blocking("both to be under way", PATIENCE, || {
        let lines = daemon.lines.lock().unwrap();
        let begun = lines.iter().filter(|line| line.contains("slow work begins")).count();
        holds(begun == held.len(), format!("{lines:?}"))
    });
    for _ in 0..5 {
        let refused = get(&address, "/slow?0", "");
        assert!(refused.starts_with("HTTP/1.1 503"), "{refused}");
        assert!(refused.contains("retry-after: 1\r\n"), "{refused}");
    }
    assert!(get(&address, "/metrics", "").contains("skeleton_api_refused_count{class=\"search\"} 5"));
    get(&address, "/finish", "");
    for one in held {
        assert!(one.join().unwrap().ends_with("done"));
    }
    assert!(get(&address, "/slow?0", "").ends_with("done"));
}

#[test]
fn the_log_goes_to_a_file_that_is_opened_anew() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("daemon.log");
    let daemon = Daemon::start(
        &[
            "-logfile",
            file.to_str().unwrap(),
            "-logformat",
            "logfmt",
            "-loglevel=debug",
        ],
        &[],
    );
    let has_line = |what: &str| {
        wait_for_blocking(what, PATIENCE, || {
            let text = std::fs::read_to_string(&file).unwrap_or_default();
            holds(text.contains(what), text)
        });
    };
    has_line("message=\"listening\"");
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.starts_with("topic=skeleton logged_at="), "{text}");
    let address = text
        .split("address=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap()
        .to_owned();
    std::fs::rename(&file, folder.path().join("daemon.log.1")).unwrap();
    daemon.signal("USR1");
    wait_for_blocking("a new log file", PATIENCE, || {
        get(&address, "/version", "");
        holds(file.exists(), "not yet")
    });
    get(&address, "/version", "");
    has_line("message=\"access\"");
}

#[test]
fn a_defect_is_a_line_and_the_next_request_is_served() {
    let daemon = Daemon::json(&[]);
    let address = daemon.address();
    get(&address, "/panic", "X-Cybozu-Request-ID: unlucky\r\n");
    let line = daemon.line("panic: a defect");
    assert_eq!(
        (line["payload"].as_str(), line["request_id"].as_str()),
        (Some("as asked"), Some("unlucky"))
    );
    assert!(get(&address, "/health", "").contains("healthy"));
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", daemon.child.id())).unwrap();
    let core = limits
        .lines()
        .find(|line| line.starts_with("Max core file size"))
        .unwrap();
    assert_eq!(core.split_whitespace().nth(4), Some("0"), "{core}");
}

#[test]
fn wrong_flags_end_it_with_a_word() {
    let output = Command::new(env!("CARGO_BIN_EXE_skeleton"))
        .args(["-logformat", "xml"])
        .output()
        .unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("xml"));
}
