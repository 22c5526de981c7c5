//! The front over real sockets: what it serves itself, what it hands over, what it refuses.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod common;

use std::time::Duration;

use common::{pattern, start, talk, until, write};
use sabakan_files::front::Options;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

fn text(answer: &[u8]) -> String {
    String::from_utf8_lossy(answer).into_owned()
}

fn split(answer: &[u8]) -> (String, &[u8]) {
    let at = answer.windows(4).position(|four| four == b"\r\n\r\n").expect("a head") + 4;
    (text(&answer[..at]), &answer[at..])
}

#[tokio::test]
async fn a_file_is_served_whole_in_part_and_as_head() {
    let front = start(Options::default());
    let bytes = pattern(9_000_001);
    write(front.dir.path(), "kernel", &bytes);
    let ask = |method: &str, more: &str| {
        format!("{method} /files/kernel HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{more}\r\n")
    };

    let answer = talk(front.addr, ask("GET", "").as_bytes()).await;
    let (head, body) = split(&answer);
    assert!(
        head.starts_with("HTTP/1.1 200 OK\r\n") && head.contains("content-length: 9000001\r\n"),
        "{head}"
    );
    assert!(
        head.contains("accept-ranges: bytes") && head.contains("last-modified: "),
        "{head}"
    );
    assert!(body == bytes, "the body differs");

    let answer = talk(front.addr, ask("GET", "Range: bytes=1000-4999999\r\n").as_bytes()).await;
    let (head, body) = split(&answer);
    assert!(head.starts_with("HTTP/1.1 206 "), "{head}");
    assert!(head.contains("content-range: bytes 1000-4999999/9000001\r\n"), "{head}");
    assert!(body == &bytes[1000..5_000_000], "the part differs");

    let answer = talk(front.addr, ask("HEAD", "").as_bytes()).await;
    let (head, body) = split(&answer);
    assert!(
        head.contains("content-length: 9000001\r\n") && body.is_empty(),
        "{head}"
    );
    let etag = head
        .lines()
        .find_map(|line| line.strip_prefix("etag: "))
        .expect("an etag");

    let answer = talk(front.addr, ask("GET", &format!("If-None-Match: {etag}\r\n")).as_bytes()).await;
    assert!(text(&answer).starts_with("HTTP/1.1 304 "), "{}", text(&answer));
    let answer = talk(front.addr, ask("GET", "Range: bytes=9000001-\r\n").as_bytes()).await;
    assert!(text(&answer).contains("416") && text(&answer).contains("content-range: bytes */9000001"));
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order_and_the_rest_is_handed_over() {
    let front = start(Options::default());
    write(front.dir.path(), "a", b"first");
    write(front.dir.path(), "b", b"second");
    let answer = talk(
        front.addr,
        b"GET /files/a HTTP/1.1\r\nHost: x\r\n\r\n\
          GET /files/b HTTP/1.1\r\nHost: x\r\n\r\n\
          POST /api/echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nthird\
          GET /api/peer HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    )
    .await;
    let answer = text(&answer);
    let places: Vec<usize> = ["first", "second", "third", "127.0.0.1:"]
        .iter()
        .map(|word| answer.find(word).unwrap_or_else(|| panic!("no {word} in {answer}")))
        .collect();
    assert!(places.is_sorted(), "{answer}");
    assert_eq!((front.metrics.served.get(), front.metrics.handed_over.get()), (2, 1));
    until("the connection is no more counted", || front.metrics.open.get() == 0).await;
}

#[tokio::test]
async fn http_2_is_handed_over() {
    rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
    let front = start(Options::default());
    let client = reqwest::Client::builder().http2_prior_knowledge().build().unwrap();
    let response = client
        .post(format!("http://{}/api/echo", front.addr))
        .body("hello")
        .send()
        .await
        .unwrap();
    assert_eq!(response.version(), http::Version::HTTP_2);
    assert_eq!(response.text().await.unwrap(), "hello");
}

#[tokio::test]
async fn half_a_preface_of_http_2_holds_no_place() {
    let front = start(Options {
        head_timeout: Duration::from_millis(200),
        ..Options::default()
    });
    talk(front.addr, b"PRI * HTTP/2.0\r\n\r\n").await;
    until("the connection is no more counted", || front.metrics.open.get() == 0).await;
}

#[tokio::test]
async fn slow_and_large_heads_are_cut() {
    let front = start(Options {
        head_timeout: Duration::from_millis(200),
        ..Options::default()
    });
    assert!(
        talk(front.addr, b"GET /files/a HT").await.is_empty(),
        "a slow head gets no answer"
    );
    assert_eq!(front.metrics.bad_heads.get(), 1);
    let front = start(Options::default());
    let mut large = b"GET /files/a HTTP/1.1\r\nX: ".to_vec();
    large.resize(20_000, b'x');
    let answer = text(&talk(front.addr, &large).await);
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    assert_eq!(front.metrics.bad_heads.get(), 1);
}

#[tokio::test]
async fn garbage_is_answered_400_by_hyper() {
    let front = start(Options::default());
    let answer = text(&talk(front.addr, b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n").await);
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
}

#[tokio::test]
async fn more_connections_than_allowed_get_503() {
    let front = start(Options {
        max_connections: 1,
        ..Options::default()
    });
    let first = TcpStream::connect(front.addr).await.unwrap();
    until("the first connection is open", || front.metrics.open.get() == 1).await;
    let answer = text(&talk(front.addr, b"").await);
    assert!(
        answer.starts_with("HTTP/1.1 503 ") && answer.contains("Retry-After: 5"),
        "{answer}"
    );
    drop(first);
    until("its place is free again", || front.metrics.open.get() == 0).await;
}

#[tokio::test]
async fn a_peer_that_takes_nothing_is_cut() {
    let front = start(Options {
        stall_timeout: Duration::from_millis(200),
        ..Options::default()
    });
    write(front.dir.path(), "big", &pattern(64 << 20));
    let mut stream = TcpStream::connect(front.addr).await.unwrap();
    stream
        .write_all(b"GET /files/big HTTP/1.1\r\nHost: x\r\n\r\n")
        .await
        .unwrap();
    until("the answer is cut", || front.metrics.aborted.get() == 1).await;
    until("its place is free", || front.metrics.open.get() == 0).await;
    assert!(front.metrics.bytes.get() < 64 << 20);
}

#[tokio::test]
async fn a_peer_that_takes_nothing_of_hypers_answer_is_cut() {
    let front = start(Options {
        stall_timeout: Duration::from_millis(200),
        ..Options::default()
    });
    let mut stalled = TcpStream::connect(front.addr).await.unwrap();
    stalled
        .write_all(b"GET /api/large HTTP/1.1\r\nHost: x\r\n\r\n")
        .await
        .unwrap();
    until("it is hyper's", || front.metrics.handed_over.get() == 1).await;
    until("its place is free", || front.metrics.open.get() == 0).await;
    let mut answer = Vec::new();
    // What the sockets hold is all that comes.
    let _reset = stalled.read_to_end(&mut answer).await;
    assert!(answer.len() < 64 << 20, "{}", answer.len());
}

#[tokio::test]
async fn a_file_replaced_or_removed_meanwhile_is_sent_to_its_end() {
    let front = start(Options::default());
    let bytes = pattern(32 << 20);
    write(front.dir.path(), "big", &bytes);
    let mut stream = TcpStream::connect(front.addr).await.unwrap();
    stream
        .write_all(b"GET /files/big HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        .await
        .unwrap();
    let mut answer = vec![0; 100_000];
    stream.read_exact(&mut answer).await.unwrap();
    std::fs::remove_file(front.dir.path().join("big")).unwrap();
    stream.read_to_end(&mut answer).await.unwrap();
    assert!(split(&answer).1 == bytes);
}

#[tokio::test]
async fn a_drain_ends_idle_connections_and_lets_transfers_finish() {
    let front = start(Options {
        drain: Duration::from_secs(60),
        ..Options::default()
    });
    let bytes = pattern(32 << 20);
    write(front.dir.path(), "big", &bytes);
    let mut idle = TcpStream::connect(front.addr).await.unwrap();
    let mut busy = TcpStream::connect(front.addr).await.unwrap();
    busy.write_all(b"GET /files/big HTTP/1.1\r\nHost: x\r\n\r\n")
        .await
        .unwrap();
    let mut answer = vec![0; 1000];
    busy.read_exact(&mut answer).await.unwrap();
    front.stop.cancel();
    assert_eq!(idle.read(&mut [0; 1]).await.unwrap(), 0, "an idle connection is closed");
    assert!(!front.running.is_finished(), "a transfer is under way");
    busy.read_to_end(&mut answer).await.unwrap();
    assert!(split(&answer).1 == bytes);
    front.running.await.unwrap().unwrap();
    assert!(TcpStream::connect(front.addr).await.is_err(), "nobody listens any more");
}
