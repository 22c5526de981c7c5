//! Many clients and many bytes.

use std::collections::BTreeMap;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::process::{Rivers, ask};
use crate::upstream::Upstream;

const CLIENTS: usize = 300;

#[tokio::test]
async fn clients_are_spread_over_the_upstreams() {
    let upstreams = [
        Upstream::start("a").await,
        Upstream::start("b").await,
        Upstream::start("c").await,
    ];
    let addresses: Vec<_> = upstreams.iter().map(|u| u.address.as_str()).collect();
    let rivers = Rivers::start(&addresses, &[]).await;
    for address in &addresses {
        rivers.healthy(address).await;
    }
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        let mut stream = rivers.connect().await;
        clients.spawn(async move { ask(&mut stream, b"hello").await.unwrap() });
    }
    let mut served = BTreeMap::new();
    while let Some(name) = clients.join_next().await {
        *served.entry(name.unwrap()).or_insert(0) += 1;
    }
    assert_eq!(served.len(), 3);
    assert!(served.values().all(|count| *count > CLIENTS / 6), "{served:?}");
    let line = rivers.logged("proxy ends").await;
    assert!(
        line.contains("\"elapsed\":") && line.contains("\"request_id\":"),
        "{line}"
    );
}

/// Echoes everything until the client ends its side, then ends its own.
async fn echo(listener: TcpListener) {
    while let Ok((mut stream, _)) = listener.accept().await {
        tokio::spawn(async move {
            let (mut read, mut write) = stream.split();
            tokio::io::copy(&mut read, &mut write).await.unwrap();
            write.shutdown().await.unwrap();
        });
    }
}

#[tokio::test]
async fn bytes_arrive_whole_both_ways_and_each_side_ends_for_itself() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let rivers = Rivers::start(&[&listener.local_addr().unwrap().to_string()], &[]).await;
    tokio::spawn(echo(listener));
    let mut clients = JoinSet::new();
    for seed in 0..20_usize {
        let stream = rivers.connect().await;
        // Some begin as TLS does, and are longer than what is remembered.
        let mut sent: Vec<u8> = (0..500_000)
            .map(|i| u8::try_from((i * (seed + 7)) % 251).unwrap())
            .collect();
        if seed % 2 == 0 {
            sent.splice(0..2, [22, 3]);
        }
        clients.spawn(async move {
            let (mut read, mut write) = stream.into_split();
            let expected = sent.clone();
            let sending = tokio::spawn(async move {
                write.write_all(&sent).await.unwrap();
                write.shutdown().await.unwrap();
                write
            });
            let mut received = Vec::new();
            read.read_to_end(&mut received).await.unwrap();
            sending.await.unwrap();
            assert!(received == expected, "client {seed} got {} bytes", received.len());
        });
    }
    while let Some(client) = clients.join_next().await {
        client.unwrap();
    }
}

#[tokio::test]
async fn a_client_that_says_nothing_hears_an_upstream_that_speaks_first() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let rivers = Rivers::start(&[&listener.local_addr().unwrap().to_string()], &[]).await;
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.write_all(b"welcome").await;
        }
    });
    let mut heard = String::new();
    rivers.connect().await.read_to_string(&mut heard).await.unwrap();
    assert_eq!(heard, "welcome");
}
