//! The storm: more clients than addresses, three servers, and everything that can go wrong with them.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddrV4};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use dhcproto::v4::{Message, MessageType};
use jiff::Timestamp;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use sabakan_dhcp::event_log::{LoggedEvent, What, uptime_ns};
use testkit::dhcp::{Client, Port, kind, lease_seconds, server_id};
use testkit::etcd::Etcd;
use testkit::proxy::Proxy;

use super::checker::{Verdict, check};

const LEASE: u32 = 4;
const GRACE: i64 = 3;
/// One round of misfortune; another follows, up to so many, where a busy machine has let too little happen.
const RUN: Duration = Duration::from_secs(28);
const ROUNDS: u64 = 6;
const RACKS: u8 = 2;
/// More than a rack's 31 addresses: what ends is wanted by somebody at once.
const CLIENTS: u8 = 38;

/// A server process, reached over a network that can be cut.
struct Process {
    child: Child,
    address: SocketAddrV4,
    proxy: Proxy,
    settings: String,
    clock: Option<&'static str>,
}

impl Process {
    async fn start(etcd: &Etcd, number: u8, folder: &Path, clock: Option<&'static str>) -> Process {
        let proxy = Proxy::start(etcd.members()[0].address()).await;
        let address = SocketAddrV4::new(Ipv4Addr::new(10, 69, number, 3), 10067);
        let settings = serde_json::json!({
            "bind": address, "name": format!("server-{number}"), "advertise_url": "http://10.69.0.3:10080",
            "etcd": {"endpoints": [format!("http://{}", proxy.address())], "prefix": "/sabakan/", "timeout": "1s"},
            "ipam": {"max-nodes-in-rack":28,"node-ipv4-pool":"10.69.0.0/20","node-ipv4-range-size":6,
                "node-ipv4-range-mask":26,"node-ip-per-node":3,"node-index-offset":3,"node-gateway-offset":1,
                "bmc-ipv4-pool":"10.72.16.0/20","bmc-ipv4-range-size":5,"bmc-ipv4-range-mask":20,
                "bmc-ipv4-gateway-offset":1},
            "dhcp": {"lease-minutes": 1}, "event_log": folder.join(format!("server-{number}.jsonl")),
            "lease_seconds": LEASE, "least_grace_seconds": GRACE,
        })
        .to_string();
        let child = spawn(&settings, clock);
        Process {
            child,
            address,
            proxy,
            settings,
            clock,
        }
    }

    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(i32::try_from(self.child.id()).unwrap()), signal).unwrap();
    }

    fn restart(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.child = spawn(&self.settings, self.clock);
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}

fn spawn(settings: &str, clock: Option<&str>) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dhcp-alone"));
    command.arg(settings).env("RUST_LOG", "off").stdout(Stdio::piped());
    if let Some(clock) = clock {
        let library = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";
        assert!(Path::new(library).exists(), "libfaketime is missing: install faketime");
        command
            .env("LD_PRELOAD", library)
            .env("FAKETIME", clock)
            .env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        command.env("DONT_FAKE_MONOTONIC", "1");
    }
    let mut child = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    assert!(line.starts_with("ready "), "the server did not start: {line}");
    child
}

/// What the clients wrote down: when they gave an address back.
type Releases = Arc<Mutex<Vec<LoggedEvent>>>;

/// A client's life: it gets a lease, keeps it or not, reboots, leaves; another machine comes in its place.
async fn live(port: Port, place: [u8; 2], servers: Vec<SocketAddrV4>, releases: Releases, over: Arc<AtomicBool>) {
    let seed = u64::from(place[0]) * 1000 + u64::from(place[1]);
    let mut mac = [2, 0, 0, 0, place[0], place[1]];
    let mut client = port.client(mac);
    let mut random = SmallRng::seed_from_u64(seed);
    let short = Duration::from_millis(120);
    let mut lease: Option<Message> = None;
    while !over.load(Ordering::Relaxed) {
        tokio::time::sleep(Duration::from_millis(random.random_range(20..400))).await;
        let any = servers[random.random_range(0..servers.len())];
        let answer = match (&lease, random.random_range(0..20)) {
            (Some(held), 0..=9) => client.ask_all(&client.renewing(held.yiaddr()), short).await.pop(),
            (Some(held), 10..=12) => client.ask_directly_soon(&client.renewing(held.yiaddr()), any).await,
            (Some(held), 13..=15) => client.ask_all(&client.init_reboot(held.yiaddr()), short).await.pop(),
            (Some(held), 16) => {
                note_release(&releases, mac, held.yiaddr());
                client.release(held.yiaddr(), server_id(held).unwrap()).await;
                lease = None;
                (mac, client) = successor(&port, mac);
                continue;
            }
            (Some(_), 17) => {
                // Gone without a word; its lease has to end before another gets the address.
                (mac, client) = successor(&port, mac);
                lease = None;
                continue;
            }
            _ => {
                let mut offers = client.ask_all(&client.message(MessageType::Discover), short).await;
                if offers.is_empty() {
                    continue;
                }
                let offer = offers.swap_remove(random.random_range(0..offers.len()));
                client.ask_all(&client.selecting(&offer), short).await.pop()
            }
        };
        match answer.as_ref().map(kind) {
            Some(Some(MessageType::Ack)) => lease = answer,
            Some(Some(MessageType::Nak)) => lease = None,
            _ => {}
        }
        assert!(
            lease
                .as_ref()
                .is_none_or(|ack| lease_seconds(ack).is_some_and(|seconds| seconds <= LEASE))
        );
    }
}

/// The machine that comes in another's place.
fn successor(port: &Port, mut mac: [u8; 6]) -> ([u8; 6], Client) {
    mac[3] = mac[3].wrapping_add(1);
    (mac, port.client(mac))
}

fn note_release(releases: &Releases, mac: [u8; 6], address: Ipv4Addr) {
    let now = uptime_ns();
    let mac = mac.map(|octet| format!("{octet:02x}")).join(":");
    releases.lock().unwrap().push(LoggedEvent {
        at: Timestamp::now(),
        uptime_ns: now,
        asked_ns: now,
        server: "client".to_owned(),
        what: What::Release,
        mac,
        address: Some(address),
        seconds: None,
        xid: 0,
        from_memory: false,
    });
}

/// Cuts, freezes and kills one server after another.
async fn misfortune(processes: &mut [Process], until: Instant, seed: u64) {
    let mut random = SmallRng::seed_from_u64(seed);
    while Instant::now() + Duration::from_secs(3) < until {
        tokio::time::sleep(Duration::from_millis(random.random_range(200..900))).await;
        let which = random.random_range(0..processes.len());
        let process = &mut processes[which];
        let pause = Duration::from_millis(random.random_range(500..4500));
        match random.random_range(0..4) {
            0 => {
                process.proxy.cut();
                tokio::time::sleep(pause).await;
                process.proxy.heal();
            }
            1 => {
                process.proxy.freeze();
                tokio::time::sleep(pause).await;
                process.proxy.heal();
            }
            2 => {
                process.signal(Signal::SIGSTOP);
                tokio::time::sleep(pause).await;
                process.signal(Signal::SIGCONT);
            }
            _ => process.restart(),
        }
    }
}

fn read_history(folder: &Path) -> Vec<LoggedEvent> {
    let mut events = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        // A killed process may leave half a line: then its packet was not sent either.
        events.extend(
            text.lines()
                .filter_map(|line| serde_json::from_str::<LoggedEvent>(line).ok()),
        );
    }
    events
}

/// Keeps the history where a failure leaves it.
fn keep(folder: &Path, releases: &[LoggedEvent]) -> PathBuf {
    let path = folder.join("clients.jsonl");
    let mut file = std::fs::File::create(&path).unwrap();
    for event in releases {
        writeln!(file, "{}", serde_json::to_string(event).unwrap()).unwrap();
    }
    path
}

#[test]
fn no_address_is_acknowledged_to_two_clients() {
    testkit::netns::isolated(|| {
        testkit::netns::own_network("10.69.0.0/16");
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(storm());
    });
}

async fn storm() {
    let folder = tempfile::Builder::new().prefix("dhcp-history-").tempdir().unwrap();
    let etcd = Etcd::start().await;
    let mut processes = Vec::new();
    for (number, clock) in [(8, None), (9, Some("+1.2s")), (10, Some("-1.2s"))] {
        processes.push(Process::start(&etcd, number, folder.path(), clock).await);
    }
    let servers: Vec<SocketAddrV4> = processes.iter().map(|process| process.address).collect();
    let (releases, over) = (Releases::default(), Arc::new(AtomicBool::new(false)));
    let mut clients = Vec::new();
    for rack in 0..RACKS {
        let port = Port::relay(Ipv4Addr::new(10, 69, 0, rack * 64 + 1), &servers).unwrap();
        for number in 0..CLIENTS {
            let life = live(
                port.clone(),
                [rack, number],
                servers.clone(),
                Arc::clone(&releases),
                Arc::clone(&over),
            );
            clients.push(tokio::spawn(life));
        }
    }
    for round in 0..ROUNDS {
        misfortune(&mut processes, Instant::now() + RUN, 7 + round).await;
        if proves_something(&check(read_history(folder.path()))) {
            break;
        }
    }
    over.store(true, Ordering::Relaxed);
    for client in clients {
        client.await.unwrap();
    }
    drop(processes);
    let releases = releases.lock().unwrap().clone();
    keep(folder.path(), &releases);
    let verdict = check(read_history(folder.path()));
    if !verdict.violations.is_empty() {
        let kept = folder.keep();
        panic!(
            "{} violations, the first: {:#?}\nhistory: {}",
            verdict.violations.len(),
            verdict.violations[0],
            kept.display()
        );
    }
    assert!(proves_something(&verdict), "{verdict:?}");
}

/// A storm in which nothing happened proves nothing.
fn proves_something(verdict: &Verdict) -> bool {
    verdict.acks > 300 && verdict.passed_on > 15 && verdict.from_memory > 0
}
