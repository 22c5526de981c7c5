//! Upstreams that go, come back, refuse and hang: what a client notices of it.

use std::time::Instant;

use testkit::wait::PATIENCE;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::process::{LONG, Rivers, SOON, ask};
use crate::upstream::{Upstream, answer, choke, narrow};

/// How a client of TLS begins.
const TLS: &[u8] = &[22, 3, 1, 0, 1, 0];

#[tokio::test]
async fn a_client_that_comes_before_any_upstream_is_served_as_soon_as_there_is_one() {
    let mut upstream = Upstream::stopped("a").await;
    let rivers = Rivers::start(&[&upstream.address], &LONG).await;
    rivers.logged("an upstream becomes unhealthy").await;
    let mut client = rivers.connect().await;
    client.write_all(b"hello").await.unwrap();
    let started = Instant::now();
    upstream.restart().await;
    assert_eq!(ask(&mut client, b"!").await.unwrap(), "a");
    assert!(started.elapsed() < SOON, "{:?}", started.elapsed());
}

#[tokio::test]
async fn a_client_without_any_upstream_is_let_go_after_the_dial_timeout() {
    let upstreams = [Upstream::stopped("a").await, Upstream::stopped("b").await];
    let addresses: Vec<_> = upstreams.iter().map(|u| u.address.as_str()).collect();
    let rivers = Rivers::start(&addresses, &["--dial-timeout=300ms"]).await;
    let mut client = rivers.connect().await;
    assert_eq!(ask(&mut client, b"hello").await, None);
    let line = rivers.logged("failed to connect to upstream servers").await;
    for part in [
        "\"type\":\"access\"",
        "\"request_id\":",
        "\"client_addr\":\"127.0.0.1:",
        "no available upstreams servers",
    ] {
        assert!(line.contains(part), "{line}");
    }
}

#[tokio::test]
async fn a_connection_that_is_refused_goes_to_the_next_upstream() {
    let (mut gone, there) = (Upstream::start("gone").await, Upstream::start("there").await);
    let rivers = Rivers::start(&[&gone.address, &there.address], &[]).await;
    rivers.healthy(&gone.address).await;
    rivers.healthy(&there.address).await;
    gone.kill().await;
    for _ in 0..30 {
        assert_eq!(ask(&mut rivers.connect().await, b"hello").await.unwrap(), "there");
    }
    let line = rivers.logged("an upstream becomes unhealthy").await;
    assert!(line.contains(&gone.address), "{line}");
    gone.restart().await;
    // Long before the interval of 20 seconds.
    let back = async { while ask(&mut rivers.connect().await, b"hello").await.as_deref() != Some("gone") {} };
    timeout(PATIENCE, back).await.expect("the upstream is not used again");
}

#[tokio::test]
async fn an_upstream_that_hangs_costs_a_fraction_of_a_second() {
    let (hung, there) = (narrow(), Upstream::start("there").await);
    let address = hung.local_addr().unwrap().to_string();
    let rivers = Rivers::start(&[&address, &there.address], &LONG).await;
    rivers.healthy(&address).await;
    rivers.healthy(&there.address).await;
    let _queue = choke(&address).await;
    for _ in 0..8 {
        let started = Instant::now();
        assert_eq!(ask(&mut rivers.connect().await, b"hello").await.unwrap(), "there");
        assert!(started.elapsed() < SOON, "{:?}", started.elapsed());
    }
}

#[tokio::test]
async fn connections_to_a_host_that_is_gone_are_cut() {
    let listener = narrow();
    let address = listener.local_addr().unwrap().to_string();
    let rivers = Rivers::start(&[&address], &["--check-interval=200ms", "--dial-timeout=300ms"]).await;
    let mut client = rivers.connect().await;
    client.write_all(b"hello").await.unwrap();
    // The looks of rivers come here also; they send nothing.
    let mut server = loop {
        let (mut stream, _) = listener.accept().await.unwrap();
        if stream.read(&mut [0; 10]).await.unwrap_or(0) > 0 {
            break stream;
        }
    };
    server.write_all(b"answer").await.unwrap();
    assert_eq!(client.read(&mut [0; 10]).await.unwrap(), 6);
    let _queue = choke(&address).await;
    let end = timeout(PATIENCE, client.read(&mut [0; 10]))
        .await
        .expect("the connection hangs");
    assert!(matches!(end, Ok(0) | Err(_)), "{end:?}");
    rivers.logged("proxy ends with an error").await;
}

#[tokio::test]
async fn connections_to_an_upstream_that_only_stops_listening_go_on() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let server = tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let mut byte = [0];
            if stream.peek(&mut byte).await.unwrap_or(0) > 0 {
                drop(listener);
                return answer(stream, "a").await;
            }
        }
    });
    let rivers = Rivers::start(&[&address], &["--check-interval=100ms"]).await;
    let mut client = rivers.connect().await;
    assert_eq!(ask(&mut client, b"first").await.unwrap(), "a");
    rivers.logged("an upstream becomes unhealthy").await;
    assert_eq!(ask(&mut client, b"second").await.unwrap(), "a");
    drop(client);
    server.await.unwrap();
}

#[tokio::test]
async fn a_tls_client_whose_upstream_closes_before_a_word_gets_another() {
    let there = Upstream::start("there").await;
    let rude = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = rude.local_addr().unwrap().to_string();
    tokio::spawn(async move { while rude.accept().await.is_ok() {} });
    let rivers = Rivers::start(&[&address, &there.address], &[]).await;
    rivers.healthy(&address).await;
    rivers.healthy(&there.address).await;
    for _ in 0..20 {
        assert_eq!(ask(&mut rivers.connect().await, TLS).await.unwrap(), "there");
    }
}

#[tokio::test]
async fn no_request_fails_while_one_upstream_restarts() {
    let (mut restarted, there) = (Upstream::start("restarted").await, Upstream::start("there").await);
    let rivers = Rivers::start(&[&restarted.address, &there.address], &[]).await;
    rivers.healthy(&restarted.address).await;
    rivers.healthy(&there.address).await;
    for round in 0..10 {
        let mut clients = JoinSet::new();
        for _ in 0..20 {
            let mut stream = rivers.connect().await;
            clients.spawn(async move { ask(&mut stream, TLS).await });
        }
        restarted.kill().await;
        restarted.restart().await;
        while let Some(answer) = clients.join_next().await {
            assert!(answer.unwrap().is_some(), "a request failed in round {round}");
        }
    }
}
