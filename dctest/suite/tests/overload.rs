//! Ten times more than there is place for: what boots machines goes on, the rest is told when to come again, memory stays bounded.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use neco_dctest::alone::{self, Alone};
use neco_dctest::furnish;
use neco_dctest::http::{Answer, OPERATOR, client};
use serde_json::json;
use testkit::wait::{PATIENCE, holds, wait_for};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpSocket;
use tokio::sync::Notify;
use tokio::task::JoinSet;

/// Places of each class; the defaults are for a larger machine than one that runs tests.
const BOOT: usize = 64;
const API: usize = 8;
const SEARCH: usize = 4;
/// So much more is asked for at a time.
const TENFOLD: usize = 10;
/// Requests of each client: a bound, should nothing else end the flood.
const REQUESTS: usize = 12;
/// Machines that boot meanwhile.
const BOOTING: usize = 16;
const MACHINES: usize = 400;
const LIMIT_MIB: u64 = 300;

/// What the clients of a flood were answered: how many of each status, by class.
type Tally = Arc<Mutex<BTreeMap<(&'static str, u16), usize>>>;

fn limits(values: &mut serde_json::Value) {
    values["limits"] = json!({"boot": BOOT, "api": API, "search": SEARCH});
}

async fn inventory(site: &Alone) {
    let racks = 28;
    let specs: Vec<_> = (0..MACHINES)
        .map(|n| json!({"serial": format!("m{n:04}"), "rack": n % racks, "role": "worker", "bmc": {"type": "none"}}))
        .collect();
    site.server
        .post("/api/v1/machines", json!(specs).to_string())
        .await
        .expect(201);
}

/// One client of the flood: a request after the other, each on a connection of the client's own.
async fn flood(tally: Tally, class: &'static str, method: &'static str, url: String, body: String) {
    let client = client(OPERATOR);
    for _ in 0..REQUESTS {
        let request = client.request(method.parse().unwrap(), &url).body(body.clone());
        let request = request.header("content-type", "application/json");
        let Answer { status, headers, .. } = neco_dctest::http::try_send(request)
            .await
            .unwrap_or_else(|error| panic!("{url}: {error:?}"));
        if status == 503 {
            let seconds: u32 = headers["retry-after"].to_str().unwrap().parse().unwrap();
            assert!(seconds > 0, "a refusal says when to come again");
        }
        *tally.lock().unwrap().entry((class, status)).or_default() += 1;
    }
}

/// A search that takes a place and sends its query slowly: half now, half when the flood is over. Its status.
async fn slow_search(ip: String, query: String, over: Arc<Notify>) -> u16 {
    let ended = over.notified();
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(format!("{OPERATOR}:0").parse().unwrap()).unwrap();
    let mut stream = socket.connect(format!("{ip}:10080").parse().unwrap()).await.unwrap();
    let length = query.len();
    let head = format!(
        "POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    );
    let (first, rest) = query.split_at(length / 2);
    stream.write_all(format!("{head}{first}").as_bytes()).await.unwrap();
    let mut status = [0; 12];
    let refused = tokio::select! {
        () = ended => false,
        read = stream.read_exact(&mut status) => read.is_ok(),
    };
    if !refused {
        stream.write_all(rest.as_bytes()).await.unwrap();
        stream.read_exact(&mut status).await.unwrap();
    }
    String::from_utf8_lossy(&status[9..]).parse().unwrap()
}

/// Everybody at once.
fn start_flood(site: &Alone, query: &str, tally: &Tally) -> JoinSet<()> {
    let mut clients = JoinSet::new();
    for number in 0..SEARCH * TENFOLD {
        let (method, path) = [("POST", "/graphql"), ("GET", "/api/v1/machines")][number % 2];
        let url = site.server.url(path);
        clients.spawn(flood(tally.clone(), "search", method, url, query.to_owned()));
    }
    for number in 0..API * TENFOLD {
        let url = site.server.url(&format!("/api/v1/labels/m{number:04}/flood"));
        clients.spawn(flood(tally.clone(), "api", "PUT", url, "high".to_owned()));
    }
    let boot = [
        "coreos/ipxe/m0001",
        "coreos/kernel",
        "ipxe.efi",
        "ignitions/m0001/1.0.0",
    ];
    for number in 0..BOOTING {
        let url = site.server.url(&format!("/api/v1/boot/{}", boot[number % boot.len()]));
        clients.spawn(flood(tally.clone(), "boot", "GET", url, String::new()));
    }
    clients
}

/// It is over: everybody is served again, and nobody has to do anything for it.
async fn serves_everybody(site: &Alone) {
    wait_for("no place to be held", PATIENCE, async || {
        let metrics = site.server.metrics().await;
        let held: Vec<&str> = metrics
            .lines()
            .filter(|line| line.starts_with("sabakan_api_running"))
            .collect();
        let none = held.iter().all(|line| line.ends_with(" 0") || line.contains("boot"));
        holds(none, format!("{held:?}"))
    })
    .await;
    site.server.get("/api/v1/machines").await.expect(200);
    site.server.put("/api/v1/labels/m0000/after", "calm").await.expect(200);
    let metrics = site.server.metrics().await;
    assert!(
        metrics.contains("sabakan_api_refused_count{class=\"search\"}"),
        "{metrics}"
    );
}

#[test]
fn a_tenfold_flood_is_refused_while_machines_boot_and_leaves_nothing_behind() {
    alone::run_prepared(
        |_| (),
        limits,
        async |site: Alone| {
            inventory(&site).await;
            furnish::boot_files(&site.server, &[7; 200_000]).await;
            let (tally, over) = (Tally::default(), Arc::new(Notify::new()));
            let query = json!({"query": "{ searchMachines { spec { serial rack } status { state } } }"}).to_string();
            let slow: Vec<_> = (0..SEARCH * TENFOLD)
                .map(|_| slow_search(site.server.ip().to_owned(), query.clone(), Arc::clone(&over)))
                .map(tokio::spawn)
                .collect();
            let mut clients = start_flood(&site, &query, &tally);
            while let Some(done) = clients.join_next().await {
                done.expect("a client of the flood");
            }
            over.notify_waiters();
            for search in slow {
                let status = search.await.expect("a slow search");
                *tally.lock().unwrap().entry(("slow search", status)).or_default() += 1;
            }
            let tally = tally.lock().unwrap().clone();
            let count = |class, status| tally.get(&(class, status)).copied().unwrap_or_default();
            assert_eq!(
                count("boot", 200),
                BOOTING * REQUESTS,
                "every boot is answered: {tally:?}"
            );
            assert!(count("search", 503) > 0 && count("slow search", 503) > 0, "{tally:?}");
            assert!(count("api", 503) > 0 && count("api", 200) > 0, "{tally:?}");
            let strange = tally.keys().find(|(_, status)| ![200, 408, 503].contains(status));
            assert_eq!(strange, None, "{tally:?}");
            let resident = site.server.resident_mib();
            assert!(resident < LIMIT_MIB, "{resident} MiB");
            serves_everybody(&site).await;
        },
    );
}

#[test]
fn even_too_many_boots_are_refused_with_a_time_to_come_again() {
    alone::run_prepared(
        |_| (),
        |values| values["limits"] = json!({"boot": 4, "api": API, "search": SEARCH}),
        async |site: Alone| {
            inventory(&site).await;
            furnish::boot_files(&site.server, b"kernel").await;
            let tally = Tally::default();
            let mut clients = JoinSet::new();
            for _ in 0..4 * TENFOLD {
                let url = site.server.url("/api/v1/boot/ignitions/m0001/1.0.0");
                clients.spawn(flood(tally.clone(), "boot", "GET", url, String::new()));
            }
            while let Some(done) = clients.join_next().await {
                done.expect("a client of the flood");
            }
            let tally = tally.lock().unwrap().clone();
            assert!(tally.keys().all(|(_, status)| [200, 503].contains(status)), "{tally:?}");
            assert!(tally.contains_key(&("boot", 200)), "{tally:?}");
            wait_for("a boot to be served", PATIENCE, async || {
                let script = site.server.ask("GET", "/api/v1/boot/coreos/ipxe/m0001", "").await?;
                holds(script.status == 200, script.status)
            })
            .await;
        },
    );
}
