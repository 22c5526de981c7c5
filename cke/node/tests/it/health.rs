//! Probes against real servers.

use cke_node::{Credentials, Endpoint, HttpProbes, Probes as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use testkit::servers::ControlPlane;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use zeroize::Zeroizing;

/// Answers every request on the kubelet's port of that address with `status` and `body`, and counts connections.
async fn kubelet(address: &str, answer: &'static str) -> Arc<AtomicUsize> {
    let listener = TcpListener::bind((address, 10248)).await.unwrap();
    let connections = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&connections);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::Relaxed);
            tokio::spawn(async move {
                let mut request = [0; 4096];
                while stream.read(&mut request).await.is_ok_and(|read| read > 0) {
                    stream.write_all(answer.as_bytes()).await.unwrap();
                }
            });
        }
    });
    connections
}

fn own() -> String {
    testkit::own_loopback().to_string()
}

#[tokio::test]
async fn healthy_component_is_asked_over_one_connection() {
    let address = own();
    let connections = kubelet(&address, "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nok\n").await;
    let probes = HttpProbes::new().unwrap();
    for _ in 0..10 {
        probes.probe(&address, Endpoint::Kubelet).await.unwrap();
    }
    assert_eq!(connections.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn sick_silent_and_missing_components_are_told_apart() {
    let (sick, nobody) = (own(), own());
    kubelet(&sick, "HTTP/1.1 500 Oops\r\ncontent-length: 8\r\n\r\nPLEG old").await;
    let probes = HttpProbes::new().unwrap();
    let sick = probes.probe(&sick, Endpoint::Kubelet).await.unwrap_err();
    assert_eq!(sick, "it answers 500 Internal Server Error: PLEG old");
    let missing = probes.probe(&nobody, Endpoint::Kubelet).await.unwrap_err();
    assert!(
        missing.starts_with("cannot be asked: ") && missing.contains("refused"),
        "{missing}"
    );
    let secure = probes.probe(&nobody, Endpoint::Scheduler).await.unwrap_err();
    assert_eq!(secure, "no credentials yet");
}

#[tokio::test(flavor = "multi_thread")]
async fn api_server_is_healthy_while_it_serves() {
    let plane = ControlPlane::start().await;
    let probes = HttpProbes::new().unwrap();
    let credentials = Credentials {
        ca: plane.ca().to_owned(),
        certificate: plane.admin().certificate.clone(),
        key: Zeroizing::new(plane.admin().key.clone()),
    };
    probes.set_credentials(&credentials).unwrap();
    let address = plane.addresses().remove(0);
    probes.probe(&address, Endpoint::ApiServer).await.unwrap();
    let stranger = plane.user("stranger", None);
    let unknown = Credentials {
        certificate: stranger.certificate.clone(),
        key: Zeroizing::new(stranger.key.clone()),
        ..credentials.clone()
    };
    probes.set_credentials(&unknown).unwrap();
    let denied = probes.probe(&address, Endpoint::ApiServer).await.unwrap_err();
    assert!(denied.starts_with("it answers 403"), "{denied}");
    probes.set_credentials(&credentials).unwrap();
    plane.kill(0);
    let gone = probes.probe(&address, Endpoint::ApiServer).await.unwrap_err();
    assert!(gone.starts_with("cannot be asked: "), "{gone}");
}

#[test]
fn broken_credentials_are_refused_and_the_old_ones_stay() {
    let probes = HttpProbes::new().unwrap();
    let broken = Credentials {
        ca: "none".to_owned(),
        certificate: String::new(),
        key: Zeroizing::new("PLANTED".to_owned()),
    };
    let error = probes.set_credentials(&broken).unwrap_err();
    assert!(!format!("{error:?} {broken:?}").contains("PLANTED"));
}
