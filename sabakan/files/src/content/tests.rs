#![allow(clippy::unwrap_used, reason = "tests")]

use std::{fs, io::Write};

use http::{HeaderMap, Method, StatusCode};
use http_body_util::BodyExt;

use super::*;

fn content(dir: &Path) -> Content {
    let path = dir.join("file");
    let mut file = fs::File::create(&path).unwrap();
    file.write_all(b"0123456789").unwrap();
    let mut content = Content::open(&path).unwrap();
    content.segments.insert(0, Segment::Bytes(Bytes::from_static(b"head:")));
    content.segments.push(Segment::Bytes(Bytes::from_static(b":tail")));
    content
}

async fn body(reply: Reply) -> Bytes {
    reply.into_response().into_body().collect().await.unwrap().to_bytes()
}

#[tokio::test]
async fn a_range_cuts_through_memory_and_files() {
    let dir = tempfile::tempdir().unwrap();
    let content = content(dir.path());
    let whole = b"head:0123456789:tail";
    assert_eq!(content.len(), 20);
    for start in 0..20_u64 {
        for end in start + 1..=20 {
            let mut headers = HeaderMap::new();
            headers.insert("range", format!("bytes={start}-{}", end - 1).parse().unwrap());
            let reply = Reply::decide(&Method::GET, &headers, &content);
            assert_eq!(reply.status, StatusCode::PARTIAL_CONTENT);
            assert_eq!(reply.headers["content-length"], (end - start).to_string());
            let range = usize::try_from(start).unwrap()..usize::try_from(end).unwrap();
            assert_eq!(body(reply).await, whole[range]);
        }
    }
    let reply = Reply::decide(&Method::GET, &HeaderMap::new(), &content);
    assert_eq!(body(reply).await, whole[..]);
}

#[tokio::test]
async fn head_has_the_length_and_no_body() {
    let dir = tempfile::tempdir().unwrap();
    let content = content(dir.path());
    let reply = Reply::decide(&Method::HEAD, &HeaderMap::new(), &content);
    assert_eq!(
        (reply.status, reply.headers["content-length"].as_bytes()),
        (StatusCode::OK, b"20".as_slice())
    );
    assert!(body(reply).await.is_empty());
}

#[tokio::test]
async fn who_asked_is_told_how_it_ended() {
    let dir = tempfile::tempdir().unwrap();
    let content = content(dir.path());
    let (tx, rx) = std::sync::mpsc::channel();
    for consume in [true, false] {
        let tx = tx.clone();
        let reply = Reply::decide(&Method::GET, &HeaderMap::new(), &content)
            .on_sent(move |sent| tx.send((sent.bytes, sent.complete)).unwrap());
        if consume {
            body(reply).await;
        } else {
            drop(reply.into_response());
        }
    }
    assert_eq!(rx.try_iter().collect::<Vec<_>>(), [(20, true), (0, false)]);
}
