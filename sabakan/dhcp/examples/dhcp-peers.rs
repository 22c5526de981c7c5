//! Our DHCP server and the original's on one etcd: no address becomes two clients', and each renews the other's leases.
//!
//! `NECO_ORIGINAL_SABAKAN=FOLDER dhcp-peers`, where the folder holds the original's `sabakan`. Build the package's
//! binaries first.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a checking tool"
)]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddrV4};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use dhcproto::v4::MessageType;
use testkit::dhcp::{Port, kind, server_id};
use testkit::etcd::Etcd;
use testkit::netns::{Namespace, ip, isolated, own_network};
use testkit::wait::{PATIENCE, wait_for};
use tokio::net::{TcpListener, TcpStream};

const IPAM: &str = r#"{"max-nodes-in-rack":28,"node-ipv4-pool":"10.69.0.0/20","node-ipv4-range-size":6,"node-ipv4-range-mask":26,"node-ip-per-node":3,"node-index-offset":3,"node-gateway-offset":1,"bmc-ipv4-pool":"10.72.16.0/20","bmc-ipv4-range-size":5,"bmc-ipv4-range-mask":20,"bmc-ipv4-gateway-offset":1}"#;
const DHCP: &str = r#"{"lease-minutes":60,"gateway-offset":0}"#;
const OURS: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(10, 200, 0, 1), 10067);
const ORIGINAL: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(10, 200, 0, 2), 10067);

/// A process that ends with its owner.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _gone = self.0.kill();
        let _gone = self.0.wait();
    }
}

fn main() {
    let folder = std::env::var_os("NECO_ORIGINAL_SABAKAN").expect("NECO_ORIGINAL_SABAKAN names no folder");
    let original = PathBuf::from(folder).join("sabakan");
    isolated(|| {
        own_network("10.69.0.0/16");
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(compare(&original));
    });
}

async fn compare(original: &std::path::Path) {
    let etcd = Etcd::start().await;
    etcd.ctl(&["put", "/sabakan/ipam", IPAM]);
    etcd.ctl(&["put", "/sabakan/dhcp", DHCP]);
    etcd.ctl(&["put", "/sabakan/version", "3"]);
    let beyond = Namespace::new("dhcp-peer");
    ip(&[
        "link",
        "add",
        "here",
        "type",
        "veth",
        "peer",
        "name",
        "there",
        "netns",
        beyond.name(),
    ]);
    ip(&["addr", "add", "10.200.0.1/24", "dev", "here"]);
    ip(&["link", "set", "here", "up"]);
    beyond.ip(&["addr", "add", "10.200.0.2/24", "dev", "there"]);
    beyond.ip(&["link", "set", "there", "up"]);
    beyond.ip(&["route", "add", "default", "via", "10.200.0.1"]);
    tokio::spawn(forward(etcd.members()[0].address()));
    let data = tempfile::tempdir().unwrap();
    let _theirs = start_original(&beyond, original, data.path());
    let _ours = start_ours(&etcd.endpoints()[0]);

    let both = Port::relay(Ipv4Addr::new(10, 69, 0, 1), &[OURS, ORIGINAL]).unwrap();
    let probe = both.client([2, 0, 0, 0, 9, 9]);
    wait_for("the original to answer", PATIENCE, || async {
        let answer = probe
            .ask_directly_soon(&probe.inform(Ipv4Addr::new(10, 69, 0, 4)), ORIGINAL)
            .await;
        answer.map(drop).ok_or("no answer to an INFORM")
    })
    .await;

    let mut holders: BTreeMap<Ipv4Addr, u8> = BTreeMap::new();
    let mut by_server: BTreeMap<Ipv4Addr, u32> = BTreeMap::new();
    let mut refused = 0;
    for number in 0..28_u8 {
        let client = both.client([2, 0, 0, 0, 0, number]);
        let mut offers = client
            .ask_all(&client.message(MessageType::Discover), Duration::from_millis(400))
            .await;
        offers.sort_by_key(server_id);
        assert!(!offers.is_empty(), "client {number} got no offer");
        let offer = &offers[usize::from(number) % offers.len()];
        let answer = client.request(offer).await.expect("no answer to a REQUEST");
        if kind(&answer) != Some(MessageType::Ack) {
            refused += 1;
            continue;
        }
        let before = holders.insert(answer.yiaddr(), number);
        assert!(
            before.is_none_or(|other| other == number),
            "{} is {before:?}'s and {number}'s",
            answer.yiaddr()
        );
        *by_server.entry(server_id(&answer).unwrap()).or_default() += 1;
    }
    for (address, number) in &holders {
        for server in [OURS, ORIGINAL] {
            let client = both.client([2, 0, 0, 0, 0, *number]);
            let renewed = client.ask_directly(&client.renewing(*address), server).await;
            assert_eq!(
                renewed.as_ref().and_then(kind),
                Some(MessageType::Ack),
                "{server} does not renew {address}"
            );
        }
    }
    assert_eq!(by_server.len(), 2, "one of them gave nothing: {by_server:?}");
    println!("leases by server {by_server:?}, refused {refused}, all renewed by both");
}

/// etcd listens on the loopback interface alone.
async fn forward(to: String) {
    let listener = TcpListener::bind((Ipv4Addr::new(10, 200, 0, 1), 12379)).await.unwrap();
    while let Ok((mut from, _)) = listener.accept().await {
        let to = to.clone();
        tokio::spawn(async move {
            if let Ok(mut target) = TcpStream::connect(to).await {
                let _done = tokio::io::copy_bidirectional(&mut from, &mut target).await;
            }
        });
    }
}

fn start_original(beyond: &Namespace, program: &std::path::Path, data: &std::path::Path) -> Ended {
    let (key, certificate) = (data.join("key.pem"), data.join("cert.pem"));
    let made = Command::new("openssl")
        .args([
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=peer", "-keyout",
        ])
        .arg(&key)
        .arg("-out")
        .arg(&certificate)
        .stderr(Stdio::null())
        .status();
    assert!(made.expect("openssl is missing").success());
    let child = Command::new("ip")
        .args(["netns", "exec", beyond.name()])
        .arg(program)
        .args([
            "-http",
            "10.200.0.2:10080",
            "-https",
            "10.200.0.2:10443",
            "-metrics",
            "10.200.0.2:10081",
        ])
        .args([
            "-dhcp-bind",
            "10.200.0.2:10067",
            "-advertise-url",
            "http://10.200.0.2:10080",
        ])
        .args([
            "-advertise-url-https",
            "https://10.200.0.2:10443",
            "-etcd-endpoints",
            "http://10.200.0.1:12379",
        ])
        .arg("-data-dir")
        .arg(data)
        .arg("-server-cert")
        .arg(&certificate)
        .arg("-server-key")
        .arg(&key)
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    Ended(child)
}

fn start_ours(endpoint: &str) -> Ended {
    let settings = serde_json::json!({
        "bind": OURS, "name": "ours", "advertise_url": "http://10.200.0.1:10080",
        "etcd": {"endpoints": [endpoint], "prefix": "/sabakan/", "timeout": "2s"},
        "ipam": serde_json::from_str::<serde_json::Value>(IPAM).unwrap(),
        "dhcp": serde_json::from_str::<serde_json::Value>(DHCP).unwrap(),
    });
    let example = std::env::current_exe().unwrap();
    let program = example.parent().unwrap().parent().unwrap().join("dhcp-alone");
    let mut child = Command::new(program)
        .arg(settings.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    assert!(line.starts_with("ready "), "our server did not start");
    Ended(child)
}
