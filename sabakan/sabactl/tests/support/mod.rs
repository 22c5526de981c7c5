//! A server that answers from a list, and the program under test.
#![allow(
    dead_code,
    clippy::print_stdout,
    reason = "each test file uses its part, and a failed test shows a log"
)]

pub(crate) mod site;

use assert_cmd::Command;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::Response;
use std::sync::{Arc, Mutex};

/// Answers by method and path with query: `("GET /version", 200, "{}")`.
pub(crate) type Answers = Vec<(&'static str, u16, String)>;

/// A request that arrived: its line, its user, its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) line: String,
    pub(crate) user: String,
    pub(crate) body: Vec<u8>,
}

/// A server that answers from a list and keeps what it was sent.
pub(crate) struct Server {
    pub(crate) url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
    _runtime: tokio::runtime::Runtime,
}

pub(crate) fn serve(answers: Answers) -> Server {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
    let (log, answers) = (seen.clone(), Arc::new(answers));
    let app = axum::Router::new().fallback(move |request: Request| answer(log.clone(), answers.clone(), request));
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    runtime.spawn(async move { axum::serve(listener, app).await });
    Server {
        url,
        seen,
        _runtime: runtime,
    }
}

async fn answer(log: Arc<Mutex<Vec<Seen>>>, answers: Arc<Answers>, request: Request) -> Response<Body> {
    let (head, body) = request.into_parts();
    let line = format!("{} {}", head.method, head.uri);
    let user = head
        .headers
        .get("x-sabakan-user")
        .map(|v| v.to_str().unwrap().to_owned())
        .unwrap_or_default();
    let body = to_bytes(body, usize::MAX).await.unwrap().to_vec();
    let known = answers.iter().find(|(known, ..)| *known == line);
    let (status, text) = known.map_or((404, error(404, "requested resource is not found")), |(_, s, t)| {
        (*s, t.clone())
    });
    log.lock().unwrap().push(Seen { line, user, body });
    Response::builder().status(status).body(Body::from(text)).unwrap()
}

/// An error in the API's form.
pub(crate) fn error(status: u16, text: &str) -> String {
    format!(r#"{{"error":"{text}","request_id":"id-1","status":{status}}}"#)
}

impl Server {
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// The program, pointed at this server.
    pub(crate) fn sabactl(&self, arguments: &[&str]) -> Command {
        let mut command = sabactl(&["--server", &self.url, "--tls-server", &self.url, "--user", "alice"]);
        command.args(arguments);
        command
    }
}

/// The program without the settings of whoever runs the tests.
pub(crate) fn sabactl(arguments: &[&str]) -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("sabactl"));
    for name in ["SERVER", "TLS_SERVER", "CA", "CERT", "KEY", "USER"] {
        command.env_remove(format!("SABAKAN_{name}"));
    }
    command.args(arguments);
    command
}

/// Exit code, standard output and standard error.
pub(crate) fn run(command: &mut Command) -> (i32, String, String) {
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}
