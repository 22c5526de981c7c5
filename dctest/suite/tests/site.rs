//! Three boot servers with an etcd member each, two racks behind relays (row S49): what one server knows all serve, and no one of them
//! is needed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::net::Ipv4Addr;
use std::time::Duration;

use neco_dctest::datacenter::{self, DataCenter};
use neco_dctest::furnish;
use neco_dctest::rack::Rack;
use neco_dctest::server::Server;
use testkit::dhcp::boot_file;
use testkit::wait::{PATIENCE, holds, wait_for};

/// Pulls from peers begin up to half a minute after the upload, so that not all come at once.
const SPREAD: Duration = Duration::from_secs(90);

const KERNEL: &[u8] = b"the kernel's bytes";

/// DHCP from DISCOVER to ACK through the relay: the address. Asked again like a client whose packet was lost.
async fn lease(rack: &Rack, port: &testkit::dhcp::Port, number: u8) -> Ipv4Addr {
    let client = port.client([0x52, 0x54, 0, 0, 0, number]).uefi_http().broadcasting();
    let answer = wait_for("a lease through the relay", PATIENCE, async || {
        let offer = client.discover_soon().await.ok_or("no OFFER")?;
        assert!(boot_file(&offer).unwrap().ends_with("/api/v1/boot/ipxe.efi"));
        client
            .request_soon(&offer)
            .await
            .filter(|answer| !answer.yiaddr().is_unspecified())
            .ok_or("no ACK")
    })
    .await;
    let [gateway, own] = [rack.gateway(), answer.yiaddr()].map(|ip| u32::from(ip) / 64);
    assert_eq!(
        gateway,
        own,
        "{} is not of the rack of {}",
        answer.yiaddr(),
        rack.gateway()
    );
    answer.yiaddr()
}

/// What firmware, iPXE and Ignition fetch, from a node's place.
async fn boot(rack: &Rack, server: &Server, serial: &str) {
    let get = async |path: &str| {
        rack.fetch(&server.url(&format!("/api/v1/boot/{path}")))
            .await
            .expect(200)
            .text()
    };
    get("ipxe.efi").await;
    let script = get(&format!("coreos/ipxe/{serial}")).await;
    assert!(script.contains("set ignition-id 1.0.0"), "{script}");
    assert!(script.contains(server.ip()), "each server leads to itself: {script}");
    assert_eq!(get("coreos/kernel").await.as_bytes(), KERNEL);
    assert_eq!(get("coreos/initrd.gz").await, "initrd");
    assert!(get(&format!("ignitions/{serial}/1.0.0")).await.contains("2.3.0"));
}

/// Waits until a server has image and asset.
async fn has_files(server: &Server, asset: &str) {
    wait_for(&format!("{} to have pulled", server.ip()), SPREAD, async || {
        let kernel = server.ask("GET", "/api/v1/boot/coreos/kernel", "").await?;
        holds(kernel.status == 200 && kernel.bytes == KERNEL, kernel.status)?;
        let tool = server.ask("GET", "/api/v1/assets/tool", "").await?;
        holds(tool.status == 200 && tool.text() == asset, tool.status)
    })
    .await;
}

fn upload(center: &DataCenter) {
    let file = |name: &str, content: &[u8]| {
        std::fs::write(center.file(name), content).unwrap();
        center.file(name).display().to_string()
    };
    let (kernel, initrd) = (file("kernel", KERNEL), file("initrd", b"initrd"));
    center.sabactl(0, &["images", "upload", "1.0.0", &kernel, &initrd]);
    center.sabactl(0, &["assets", "upload", "tool", &file("tool", b"first")]);
}

#[test]
fn nodes_boot_through_relays_from_any_of_three_servers() {
    datacenter::run(3, 2, async |mut center: DataCenter| {
        furnish::machines(&center.servers[1], &[("node-1", 3, "worker"), ("node-2", 4, "worker")]).await;
        center.servers[0]
            .put("/api/v1/ignitions/worker/1.0.0", furnish::TEMPLATE)
            .await
            .expect(201);
        upload(&center);
        let ports = [center.racks[0].port(), center.racks[1].port()];
        let first = lease(&center.racks[0], &ports[0], 1).await;
        let second = lease(&center.racks[1], &ports[1], 2).await;
        center.racks[0].configure_node(first);
        center.racks[1].configure_node(second);
        for server in &center.servers {
            has_files(server, "first").await;
            boot(&center.racks[0], server, "node-1").await;
            boot(&center.racks[1], server, "node-2").await;
        }

        // One server after the other is alone, and knows who has which address.
        for alone in 0..3_usize {
            for (number, server) in center.servers.iter_mut().enumerate() {
                if number != alone {
                    server.kill();
                }
            }
            assert_eq!(lease(&center.racks[0], &ports[0], 1).await, first, "server {alone}");
            let new = lease(&center.racks[1], &ports[1], 10 + u8::try_from(alone).unwrap()).await;
            assert_ne!(new, second);
            boot(&center.racks[0], &center.servers[alone], "node-1").await;
            for (number, server) in center.servers.iter_mut().enumerate() {
                if number != alone {
                    server.start_again().await;
                }
            }
        }
    });
}

#[test]
fn a_site_lives_without_a_server_and_a_member_and_they_catch_up() {
    datacenter::run(3, 0, async |mut center: DataCenter| {
        center.servers[2].kill();
        upload(&center);
        furnish::machines(&center.servers[1], &[("node-1", 3, "worker")]).await;
        has_files(&center.servers[1], "first").await;

        let leader = center.etcd.leader().await;
        center.etcd.members()[leader].kill();
        for server in &center.servers[..2] {
            wait_for("a write without the leader", PATIENCE, async || {
                let answer = server.ask("PUT", "/api/v1/state/node-1", "healthy").await?;
                holds(answer.status == 200, answer.text())
            })
            .await;
        }
        center.servers[0].kill();
        center.sabactl(1, &["kernel-params", "set", "console=ttyS0"]);
        let asset = center.file("tool");
        std::fs::write(&asset, "second").unwrap();
        center.sabactl(1, &["assets", "upload", "tool", asset.to_str().unwrap()]);

        center.servers[0].start_again().await;
        center.servers[2].start_again().await;
        for server in &center.servers {
            has_files(server, "second").await;
            let state = server.get("/api/v1/state/node-1").await.expect(200);
            assert_eq!(state.text(), "healthy");
            assert_eq!(
                server.get("/api/v1/kernel_params/coreos").await.expect(200).text(),
                "console=ttyS0"
            );
        }
        center.etcd.members()[leader].start_again();
        center.etcd.members()[leader].wait_until_healthy().await;
        center.servers[2]
            .put("/api/v1/state/node-1", "unhealthy")
            .await
            .expect(200);
        center.servers[1].get("/health").await.expect(200);
    });
}
