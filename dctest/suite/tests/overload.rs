//! Ten times more than there is place for: what boots machines goes on, the rest is told when to come again, memory stays bounded.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use neco_dctest::alone::{self, Alone};
use neco_dctest::furnish;
use neco_dctest::http::{Answer, OPERATOR, client};
use serde_json::json;
use testkit::wait::{PATIENCE, holds, wait_for};
use tokio::task::JoinSet;

/// Places of each class; the defaults are for a larger machine than one that runs tests.
const BOOT: usize = 64;
const API: usize = 8;
const SEARCH: usize = 4;
/// So much more is asked for at a time.
const TENFOLD: usize = 10;
/// Requests of each client: a bound, should nothing else end the flood.
const REQUESTS: usize = 12;
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

#[test]
fn a_tenfold_flood_is_refused_while_machines_boot_and_leaves_nothing_behind() {
    alone::run_prepared(
        |_| (),
        limits,
        async |site: Alone| {
            inventory(&site).await;
            furnish::boot_files(&site.server, &[7; 200_000]).await;
            let tally = Tally::default();
            let mut clients = JoinSet::new();
            let query =
                json!({"query": "{ searchMachines { spec { serial rack role } status { state } } }"}).to_string();
            for number in 0..SEARCH * TENFOLD {
                let url = site.server.url(if number % 2 == 0 {
                    "/graphql"
                } else {
                    "/api/v1/machines"
                });
                let method = if number % 2 == 0 { "POST" } else { "GET" };
                clients.spawn(flood(tally.clone(), "search", method, url, query.clone()));
            }
            for number in 0..API * TENFOLD {
                let url = site.server.url(&format!("/api/v1/labels/m{number:04}/flood"));
                clients.spawn(flood(tally.clone(), "api", "PUT", url, "high".to_owned()));
            }
            for number in 0..16 {
                let path = [
                    "coreos/ipxe/m0001",
                    "coreos/kernel",
                    "ipxe.efi",
                    "ignitions/m0001/1.0.0",
                ][number % 4];
                let url = site.server.url(&format!("/api/v1/boot/{path}"));
                clients.spawn(flood(tally.clone(), "boot", "GET", url, String::new()));
            }
            while let Some(done) = clients.join_next().await {
                done.expect("a client of the flood");
            }
            let tally = tally.lock().unwrap().clone();
            let count = |class, status| tally.get(&(class, status)).copied().unwrap_or_default();
            assert_eq!(
                count("boot", 200),
                16 * REQUESTS,
                "every boot request is answered: {tally:?}"
            );
            assert!(count("search", 503) > 0 && count("search", 200) > 0, "{tally:?}");
            assert!(count("api", 503) > 0 && count("api", 200) > 0, "{tally:?}");
            let others = tally.keys().filter(|(_, status)| ![200, 503].contains(status)).count();
            assert_eq!(others, 0, "{tally:?}");
            let resident = site.server.resident_mib();
            assert!(resident < LIMIT_MIB, "{resident} MiB");

            // It is over: everybody is served again, and nobody has to do anything for it.
            site.server.get("/api/v1/machines").await.expect(200);
            site.server.put("/api/v1/labels/m0000/after", "calm").await.expect(200);
            let metrics = site.server.metrics().await;
            assert!(
                metrics.contains("sabakan_api_refused_count{class=\"search\"}"),
                "{metrics}"
            );
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
            wait_for("a boot to be served", Duration::from_secs(10), async || {
                let script = site.server.ask("GET", "/api/v1/boot/coreos/ipxe/m0001", "").await?;
                holds(script.status == 200, script.status)
            })
            .await;
        },
    );
}
