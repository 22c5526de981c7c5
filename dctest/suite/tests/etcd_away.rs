//! etcd away, slow, compacted, gone back in time: what boots machines goes on, nothing is lost, and all heals.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Duration;

use neco_dctest::alone::{self, Alone, SERVER};
use neco_dctest::furnish;
use neco_dctest::http::{Answer, client, try_send};
use testkit::dhcp::{Client, Port};
use testkit::wait::{PATIENCE, holds, wait_for};

/// The machine `node-1` of rack 0.
const MACHINE: &str = "10.69.0.4";
const RELAY: Ipv4Addr = Ipv4Addr::new(10, 69, 0, 1);

async fn furnished(site: &Alone) {
    furnish::machines(&site.server, &[("node-1", 0, "worker"), ("node-2", 1, "worker")]).await;
    furnish::boot_files(&site.server, b"kernel").await;
}

fn relay() -> Port {
    Port::relay(RELAY, &[SocketAddrV4::new(SERVER.parse().unwrap(), 67)]).unwrap()
}

async fn by_machine(site: &Alone, method: &str, path: &str, body: &'static str) -> Answer {
    let method = method.parse().unwrap();
    try_send(client(MACHINE).request(method, site.server.url(path)).body(body))
        .await
        .unwrap()
}

async fn boots(site: &Alone) {
    for path in [
        "ipxe.efi",
        "coreos/ipxe",
        "coreos/ipxe/node-1",
        "coreos/kernel",
        "coreos/initrd.gz",
        "ignitions/node-1/1.0.0",
    ] {
        by_machine(site, "GET", &format!("/api/v1/boot/{path}"), "")
            .await
            .expect(200);
    }
}

/// REST and GraphQL find the same machine.
async fn searches(site: &Alone) {
    let found = site
        .server
        .get("/api/v1/machines?rack=0&role=worker")
        .await
        .expect(200)
        .json();
    assert_eq!(found[0]["spec"]["serial"], "node-1");
    let found = site
        .server
        .graphql("{ searchMachines(having: {racks: [0]}) { spec { serial } } }")
        .await
        .expect(200);
    assert_eq!(found.json()["data"]["searchMachines"][0]["spec"]["serial"], "node-1");
}

async fn until_a_write_works(site: &Alone) {
    wait_for("a write to work", PATIENCE, async || {
        let answer = site.server.ask("PUT", "/api/v1/labels/node-1/colour", "red").await?;
        holds(answer.status == 200, answer.text())
    })
    .await;
}

async fn keeps_its_address(client: &Client, address: Ipv4Addr) {
    let offer = client.discover().await.expect("no OFFER for a client that is known");
    assert_eq!(offer.yiaddr(), address);
    let answer = client.request(&offer).await.expect("no ACK for a client that is known");
    assert_eq!(answer.yiaddr(), address);
}

#[test]
fn machines_boot_and_writes_say_what_to_do_while_etcd_is_away() {
    alone::run(async |site: Alone| {
        furnished(&site).await;
        by_machine(&site, "PUT", "/api/v1/crypts/node-1/disk", "the key")
            .await
            .expect(201);
        let relay = relay();
        let known = relay.client([2, 0, 0, 0, 0, 1]);
        let address = known.lease().await.yiaddr();

        site.etcd.kill_all();
        boots(&site).await;
        searches(&site).await;
        let writes: [(&str, &str, &str); 5] = [
            ("PUT", "/api/v1/state/node-1", "healthy"),
            ("PUT", "/api/v1/labels/node-1/colour", "blue"),
            ("PUT", "/api/v1/kernel_params/coreos", "quiet"),
            (
                "POST",
                "/api/v1/machines",
                r#"[{"serial":"new","rack":0,"role":"worker","bmc":{"type":"none"}}]"#,
            ),
            ("DELETE", "/api/v1/images/coreos/1.0.0", ""),
        ];
        for (method, path, body) in writes {
            let refused = site.server.call(method, path, body).await.expect(503);
            assert!(!refused.header("retry-after").is_empty(), "{path}");
            assert!(
                refused.json()["error"].as_str().unwrap().contains("etcd"),
                "{path}: {}",
                refused.text()
            );
        }
        let state = site
            .server
            .graphql(r#"mutation { setMachineState(serial: "node-1", state: HEALTHY) { state } }"#)
            .await;
        assert!(state.text().contains("etcd"), "{}", state.text());
        // A client formats a disk when it is told 404: nobody is told so without etcd's word.
        for disk in ["disk", "another-disk"] {
            let key = by_machine(&site, "GET", &format!("/api/v1/crypts/node-1/{disk}"), "").await;
            assert!(key.status >= 500, "{disk}: {} {}", key.status, key.text());
            assert_eq!(key.header("x-sabakan-key-state"), "");
        }
        keeps_its_address(&known, address).await;
        let stranger = relay.client([2, 0, 0, 0, 0, 9]);
        assert!(
            stranger.discover_in_vain().await,
            "an address was promised that cannot be stored"
        );
        wait_for("health to tell", PATIENCE, async || {
            let health = site.server.ask("GET", "/health", "").await?;
            holds(health.status >= 500, health.status)
        })
        .await;

        site.etcd.restart_all().await;
        until_a_write_works(&site).await;
        let key = by_machine(&site, "GET", "/api/v1/crypts/node-1/disk", "")
            .await
            .expect(200);
        assert_eq!(key.text(), "the key");
        by_machine(&site, "GET", "/api/v1/crypts/node-1/another-disk", "")
            .await
            .expect(404);
        wait_for("the new client's offer", PATIENCE, async || {
            stranger.discover_soon().await.map(drop).ok_or("no OFFER")
        })
        .await;
        assert_ne!(stranger.lease().await.yiaddr(), address);
        keeps_its_address(&known, address).await;
        site.server.get("/health").await.expect(200);
    });
}

#[test]
fn a_slow_etcd_slows_writes_and_nothing_else() {
    alone::run(async |site: Alone| {
        furnished(&site).await;
        site.proxy.delay(Duration::from_millis(150));
        until_a_write_works(&site).await;
        boots(&site).await;
        searches(&site).await;
        let found = site
            .server
            .get("/api/v1/machines?labels=colour=red")
            .await
            .expect(200)
            .json();
        assert_eq!(found[0]["spec"]["serial"], "node-1", "who wrote sees its own write");
        // Later than any write is given up: an answer that says so, in time, and no harm after it.
        site.proxy.delay(Duration::from_secs(4));
        boots(&site).await;
        searches(&site).await;
        let late = site.server.put("/api/v1/state/node-1", "healthy").await;
        assert!(
            [200, 503, 504].contains(&late.status),
            "{} {}",
            late.status,
            late.text()
        );
        site.proxy.heal();
        until_a_write_works(&site).await;
    });
}

#[test]
fn a_compaction_while_the_way_to_etcd_is_cut_costs_no_change() {
    alone::run(async |site: Alone| {
        furnished(&site).await;
        site.proxy.cut();
        // Another server's changes, and then their history is gone.
        let stored = site
            .etcd
            .ctl(&["get", "--print-value-only", "/sabakan/machines/node-1"]);
        let changed = stored.trim().replace("\"uninitialized\"", "\"healthy\"");
        assert_ne!(changed, stored.trim());
        site.etcd.ctl(&["put", "/sabakan/machines/node-1", &changed]);
        site.etcd.ctl(&["put", "/sabakan/kernel-params/coreos", "quiet"]);
        let revision = site.etcd.ctl(&["put", "elsewhere", "x", "--write-out=json"]);
        let revision: serde_json::Value = serde_json::from_str(&revision).unwrap();
        site.etcd.ctl(&["compact", &revision["header"]["revision"].to_string()]);
        site.proxy.heal();
        wait_for("the changes to be seen", PATIENCE, async || {
            let found = site.server.ask("GET", "/api/v1/machines?state=healthy", "").await?;
            holds(found.status == 200, found.text())
        })
        .await;
        until_a_write_works(&site).await;
        boots(&site).await;
    });
}

#[test]
fn an_etcd_restored_to_an_older_revision_is_believed() {
    alone::run(async |site: Alone| {
        furnished(&site).await;
        let old = site.etcd.backup().await;
        until_a_write_works(&site).await;
        furnish::machines(&site.server, &[("other-1", 0, "worker"), ("other-2", 1, "worker")]).await;
        site.server.put("/api/v1/state/node-1", "healthy").await.expect(200);
        by_machine(&site, "PUT", "/api/v1/crypts/node-1/disk", "the key")
            .await
            .expect(201);

        site.etcd.restore(&old).await;
        wait_for("the later machines to be forgotten", PATIENCE, async || {
            let found = site.server.ask("GET", "/api/v1/machines?serial=other-1", "").await?;
            holds(found.status == 404, found.text())
        })
        .await;
        wait_for("the state to be the old one", PATIENCE, async || {
            let state = site.server.ask("GET", "/api/v1/state/node-1", "").await?;
            holds(state.text() == "uninitialized", state.text())
        })
        .await;
        until_a_write_works(&site).await;
        furnish::machines(&site.server, &[("other-1", 0, "worker")]).await;
        searches(&site).await;
        boots(&site).await;
        // Without a marker of a deletion: the client then keeps its header and formats nothing.
        let key = by_machine(&site, "GET", "/api/v1/crypts/node-1/disk", "")
            .await
            .expect(404);
        assert_ne!(key.header("x-sabakan-key-state"), "deleted");
    });
}
