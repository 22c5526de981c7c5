//! What the client sends and how it reads answers, against a server that keeps what it was sent.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{Response, StatusCode};
use futures::TryStreamExt;
use sabakan_client::{Client, Error, Options, graphql, upload};
use sabakan_model::{MachineSpec, MachineState};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A request as it arrived.
#[derive(Clone, Debug)]
struct Seen {
    line: String,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

/// A server that gives one answer to everything.
struct Server {
    url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

async fn serve(status: u16, answer: &'static str) -> Server {
    let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
    let log = seen.clone();
    let app = axum::Router::new().fallback(move |request: Request| keep(log.clone(), request, status, answer));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    Server { url, seen }
}

async fn keep(log: Arc<Mutex<Vec<Seen>>>, request: Request, status: u16, answer: &'static str) -> Response<Body> {
    let (head, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap().to_vec();
    let headers = head
        .headers
        .iter()
        .map(|(k, v)| (k.to_string(), v.to_str().unwrap().to_owned()))
        .collect();
    log.lock().unwrap().push(Seen {
        line: format!("{} {}", head.method, head.uri),
        headers,
        body,
    });
    let response = Response::builder()
        .status(StatusCode::from_u16(status).unwrap())
        .header("retry-after", "7")
        .header("x-sabakan-revision", "12");
    response.body(Body::from(answer)).unwrap()
}

impl Server {
    fn client(&self) -> Client {
        // The provider may have been installed by another test of this process.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        Client::new(&Options {
            user: Some("alice".into()),
            ..Options::new(&self.url)
        })
        .unwrap()
    }

    fn last(&self) -> Seen {
        self.seen.lock().unwrap().last().cloned().expect("a request")
    }
}

#[tokio::test]
async fn requests_have_the_paths_and_bodies_of_the_api() {
    let server = serve(200, "null").await;
    let client = server.client();
    client.set_state("R0 N1", "healthy").await.unwrap();
    assert_eq!(
        (server.last().line.as_str(), server.last().body.as_slice()),
        ("PUT /api/v1/state/R0%20N1", &b"healthy"[..])
    );
    assert_eq!(server.last().headers["x-sabakan-user"], "alice");
    client.put_label("a", "b", "c").await.unwrap();
    assert_eq!(server.last().line, "PUT /api/v1/labels/a/b");
    client
        .put_crypt("a", "pci-0000:00:17.0-ata-1", vec![1, 2])
        .await
        .unwrap();
    assert_eq!(server.last().line, "PUT /api/v1/crypts/a/pci-0000:00:17.0-ata-1");
    client.delete_crypts("a").await.unwrap();
    assert_eq!(server.last().line, "DELETE /api/v1/crypts/a");
    client
        .set_retire_date("a", "2023-11-21T00:00:00Z".parse().unwrap())
        .await
        .unwrap();
    assert_eq!(server.last().body, b"2023-11-21T00:00:00Z");
    client.set_kernel_params("coreos", "console=ttyS0").await.unwrap();
    assert_eq!(server.last().line, "PUT /api/v1/kernel_params/coreos");
    client
        .register(&[MachineSpec {
            serial: "a&b".into(),
            ..Default::default()
        }])
        .await
        .unwrap();
    assert!(
        server
            .last()
            .body
            .starts_with(br#"[{"serial":"a\u0026b","labels":null,"rack":0"#)
    );
}

#[tokio::test]
async fn paths_cannot_leave_their_resource() {
    let server = serve(200, "null").await;
    for bad in ["", ".", ".."] {
        assert!(
            matches!(server.client().remove_machine(bad).await, Err(Error::Segment(_))),
            "{bad}"
        );
    }
    server.client().remove_machine("a/../b").await.unwrap();
    assert_eq!(server.last().line, "DELETE /api/v1/machines/a%2F..%2Fb");
}

#[tokio::test]
async fn searches_are_encoded() {
    let server = serve(200, "[]").await;
    assert!(
        server
            .client()
            .machines(&[("labels", "a=b,c=d"), ("state", "healthy")])
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(
        server.last().line,
        "GET /api/v1/machines?labels=a%3Db%2Cc%3Dd&state=healthy"
    );
    server.client().machines(&[]).await.unwrap();
    assert_eq!(server.last().line, "GET /api/v1/machines");
    server.client().boot_logs(true).await.unwrap();
    assert_eq!(server.last().line, "GET /api/v1/boot-log?stuck");
}

#[tokio::test]
async fn revisions_are_remembered_and_asked_for() {
    let server = serve(200, "null").await;
    let client = server.client();
    assert_eq!(client.revision(), 0);
    client.clone().set_state("a", "healthy").await.unwrap();
    assert!(!server.last().headers.contains_key("x-sabakan-min-revision"));
    assert_eq!(client.revision(), 12);
    client.at_least(client.revision()).state("a").await.unwrap();
    assert_eq!(server.last().headers["x-sabakan-min-revision"], "12");
}

#[tokio::test]
async fn errors_carry_the_servers_words_and_the_request_id() {
    let server = serve(409, r#"{"error":"conflicted","request_id":"abc","status":409}"#).await;
    let error = server.client().ipam().await.unwrap_err();
    assert_eq!(
        (error.to_string().as_str(), error.request_id()),
        ("Conflict: conflicted", Some("abc"))
    );
    assert!(error.is_conflict() && error.is_4xx() && !error.is_5xx() && !error.is_not_found());
    let Error::Status(status) = error else {
        panic!("{error}")
    };
    assert_eq!(status.retry_after, Some(7));
}

#[tokio::test]
async fn errors_in_plain_text_are_shown_as_they_are() {
    let server = serve(502, "<html>Bad Gateway</html>\n").await;
    let error = server.client().ipam().await.unwrap_err();
    assert_eq!(error.to_string(), "Bad Gateway: <html>Bad Gateway</html>");
    assert!(error.is_5xx());
}

#[tokio::test]
async fn an_answer_that_is_no_json_names_its_url() {
    let server = serve(200, "hello").await;
    let error = server.client().ipam().await.unwrap_err();
    assert!(
        error.to_string().contains("/api/v1/config/ipam cannot be read"),
        "{error}"
    );
}

#[tokio::test]
async fn nobody_listens_and_nobody_answers() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let options = Options {
        read_timeout: Duration::from_millis(100),
        ..Options::new(url.clone())
    };
    let error = Client::new(&options).unwrap().ipam().await.unwrap_err();
    assert!(
        error.is_unreachable() && error.to_string().ends_with("no answer in time"),
        "{error}"
    );
    drop(listener);
    let error = Client::new(&Options::new(url)).unwrap().ipam().await.unwrap_err();
    assert!(
        error.is_unreachable() && !error.to_string().contains("in time"),
        "{error}"
    );
}

#[tokio::test]
async fn bad_urls_are_refused_at_once() {
    for bad in ["localhost:10080", "ftp://x/", "http://", "x"] {
        assert!(
            matches!(Client::new(&Options::new(bad)), Err(Error::Url { .. })),
            "{bad}"
        );
    }
}

#[tokio::test]
async fn assets_are_streamed_with_their_size_type_and_notes() {
    let server = serve(201, r#"{"status":201,"id":"12"}"#).await;
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("data.json");
    std::fs::write(&file, vec![b'x'; 700_000]).unwrap();
    let sent = Arc::new(Mutex::new((0, 0)));
    let count = sent.clone();
    let progress: upload::Progress = Arc::new(move |piece, size| {
        let mut sent = count.lock().unwrap();
        *sent = (sent.0 + piece, size);
    });
    let notes = BTreeMap::from([("version".to_owned(), "1.0.0".to_owned())]);
    let status = server
        .client()
        .upload_asset("data", &file, &notes, progress)
        .await
        .unwrap();
    assert_eq!((status.status, status.id.0), (201, 12));
    let seen = server.last();
    assert_eq!(
        (seen.line.as_str(), seen.body.len()),
        ("PUT /api/v1/assets/data", 700_000)
    );
    assert_eq!(seen.headers["content-length"], "700000");
    assert_eq!(seen.headers["content-type"], "application/json");
    assert_eq!(seen.headers["x-sabakan-asset-options-version"], "1.0.0");
    assert_eq!(*sent.lock().unwrap(), (700_000, 700_000));
}

#[tokio::test]
async fn images_are_archives_that_tar_reads() {
    let server = serve(201, "").await;
    let dir = tempfile::tempdir().unwrap();
    let (kernel, initrd) = (dir.path().join("vmlinuz"), dir.path().join("cpio.gz"));
    std::fs::write(&kernel, vec![1; 512]).unwrap();
    std::fs::write(&initrd, vec![2; 777]).unwrap();
    server
        .client()
        .upload_image("coreos", "1.0", &kernel, &initrd, upload::unwatched())
        .await
        .unwrap();
    let seen = server.last();
    assert_eq!(seen.line, "PUT /api/v1/images/coreos/1.0");
    assert_eq!(seen.headers["content-length"], seen.body.len().to_string());
    let mut archive = tar::Archive::new(seen.body.as_slice());
    let members: Vec<_> = archive
        .entries()
        .unwrap()
        .map(|entry| {
            let mut entry = entry.unwrap();
            let mut content = Vec::new();
            std::io::Read::read_to_end(&mut entry, &mut content).unwrap();
            (
                entry.path().unwrap().display().to_string(),
                entry.header().mode().unwrap(),
                content,
            )
        })
        .collect();
    assert_eq!(
        members,
        [
            ("kernel".into(), 0o644, vec![1; 512]),
            ("initrd.gz".into(), 0o644, vec![2; 777])
        ]
    );
}

#[tokio::test]
async fn files_that_cannot_be_read_are_named() {
    let server = serve(201, "").await;
    let missing = std::path::Path::new("/nowhere/kernel");
    let error = server
        .client()
        .upload_image("coreos", "1", missing, missing, upload::unwatched())
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), "cannot read /nowhere/kernel");
    assert!(server.seen.lock().unwrap().is_empty());
}

#[tokio::test]
async fn logs_are_passed_on_line_by_line() {
    let server = serve(200, "{\"a\":1}\n{\"a\":2}\n").await;
    let day = |d| Some(jiff::civil::date(2026, 1, d));
    let stream = server.client().logs(day(2), day(13)).await.unwrap();
    let bytes: Vec<_> = stream.try_collect().await.unwrap();
    assert_eq!(bytes.concat(), b"{\"a\":1}\n{\"a\":2}\n");
    assert_eq!(server.last().line, "GET /api/v1/logs?since=20260102&until=20260113");
}

#[tokio::test]
async fn graphql_searches_and_sets_states() {
    let answer = r#"{"data":{"searchMachines":[{"spec":{"serial":"a","labels":[{"name":"x","value":"y"}],"rack":1,"indexInRack":3,"role":"cs","ipv4":["10.0.0.1"],"registerDate":"2026-01-01T00:00:00Z","retireDate":"2031-05-06T07:08:09+09:00"},"status":{"state":"HEALTHY","timestamp":"2026-01-01T00:00:00Z","duration":1.5}}]}}"#;
    let server = serve(200, answer).await;
    let having = graphql::MachineParams {
        roles: Some(vec!["cs".into()]),
        ..Default::default()
    };
    let found = server
        .client()
        .search(&having, &graphql::MachineParams::default())
        .await
        .unwrap();
    assert_eq!(
        (found[0].spec.serial.as_str(), found[0].status.state.0),
        ("a", MachineState::Healthy)
    );
    let sent: serde_json::Value = serde_json::from_slice(&server.last().body).unwrap();
    assert_eq!(
        (server.last().line.as_str(), &sent["variables"]["having"]),
        ("POST /graphql", &serde_json::json!({"roles": ["cs"]}))
    );
}

#[tokio::test]
async fn graphql_errors_have_their_kind() {
    let answer = r#"{"errors":[{"message":"not found","extensions":{"type":"MACHINE_NOT_FOUND"}}],"data":null}"#;
    let server = serve(200, answer).await;
    let error = server
        .client()
        .set_machine_state("a", MachineState::Retiring)
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), "GraphQL: not found");
    assert!(matches!(error, Error::Graphql { kind: Some(kind), .. } if kind == "MACHINE_NOT_FOUND"));
}
