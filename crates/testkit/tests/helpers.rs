//! The proxy, waiting and golden files do what tests rely on.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::time::{Duration, Instant};

use testkit::proxy::Proxy;
use testkit::wait::wait_for;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// An echo server; gives its address.
async fn echo() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut read, mut write) = stream.split();
                tokio::io::copy(&mut read, &mut write).await.ok();
            });
        }
    });
    address
}

async fn ask(stream: &mut TcpStream) -> std::io::Result<u8> {
    stream.write_u8(7).await?;
    stream.read_u8().await
}

#[tokio::test]
async fn the_proxy_passes_freezes_delays_and_cuts() {
    let proxy = Proxy::start(echo().await).await;
    let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
    assert_eq!(ask(&mut stream).await.unwrap(), 7);

    for hold in [Proxy::freeze as fn(&Proxy), Proxy::mute] {
        hold(&proxy);
        let held = tokio::time::timeout(Duration::from_millis(100), ask(&mut stream)).await;
        assert!(held.is_err(), "{held:?}");
        proxy.heal();
        assert_eq!(stream.read_u8().await.unwrap(), 7);
    }

    proxy.delay(Duration::from_millis(50));
    let asked = Instant::now();
    ask(&mut stream).await.unwrap();
    assert!(asked.elapsed() >= Duration::from_millis(100), "{:?}", asked.elapsed());

    proxy.cut();
    ask(&mut stream).await.unwrap_err();
    let mut refused = TcpStream::connect(proxy.address()).await.unwrap();
    ask(&mut refused).await.unwrap_err();
    proxy.heal();
    let mut again = TcpStream::connect(proxy.address()).await.unwrap();
    assert_eq!(ask(&mut again).await.unwrap(), 7);
}

#[tokio::test]
#[should_panic(expected = "the moon: it is cheese")]
async fn waiting_ends_with_the_reason() {
    wait_for("the moon", Duration::from_millis(30), || async {
        Err::<(), _>("it is cheese")
    })
    .await;
}

#[test]
fn a_golden_file_is_compared() {
    testkit::golden!("tests/golden/greeting.txt", "Good morning\nNeco\n");
}

#[test]
fn a_difference_says_where() {
    let difference = testkit::golden::difference("Good morning\nNeco\n", "Good morning\nDog\n").unwrap();
    assert_eq!(difference, "from line 2:\n- \"Neco\"\n+ \"Dog\"\n");
    assert_eq!(testkit::golden::difference("same", "same"), None);
}
