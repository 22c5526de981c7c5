//! A boot from its first packet on, through the program: DHCP, firmware, iPXE, kernel, Ignition, as one time-line.

use crate::lab::{self, Server, send};
use std::net::Ipv4Addr;
use testkit::dhcp::{Port, boot_file};
use testkit::wait::{PATIENCE, wait_for};

const MAC: [u8; 6] = [0x52, 0x54, 0, 0, 0, 1];

/// Fetches a URL from the address that a lease gave.
async fn fetch(from: Ipv4Addr, url: &str) -> String {
    let client = lab::client(&from.to_string());
    send(client.get(url)).await.expect(200).text().to_owned()
}

async fn furnish(server: &Server) {
    server.register(&[("c1", 0, "cs")]).await;
    server
        .put("/api/v1/config/dhcp", r#"{"lease-minutes":60}"#)
        .await
        .expect(200);
    let template = r#"{"version":"2.3","template":{"ignition":{"version":"2.3.0"}},"meta":{}}"#;
    server.put("/api/v1/ignitions/cs/1.0.0", template).await.expect(201);
    server
        .put("/api/v1/images/coreos/1.0.0", crate::boot::image(b"kernel", b"initrd"))
        .await
        .expect(201);
}

#[test]
fn dhcp_leads_firmware_to_ipxe_and_ipxe_to_kernel_and_ignition() {
    lab::run_one(async |_lab, server| {
        furnish(&server).await;
        let relay = Port::relay(
            Ipv4Addr::new(10, 69, 0, 1),
            &[format!("{}:10067", server.ip).parse().unwrap()],
        )
        .unwrap();
        let firmware = relay.client(MAC).uefi_http().lease().await;
        assert_eq!(
            fetch(firmware.yiaddr(), &boot_file(&firmware).unwrap()).await,
            "MZ ipxe"
        );
        let ipxe = relay.client(MAC).ipxe().lease().await;
        assert_eq!(
            ipxe.yiaddr(),
            firmware.yiaddr(),
            "the lease's key is the hardware address"
        );
        let chain = fetch(ipxe.yiaddr(), &boot_file(&ipxe).unwrap()).await;
        let next = chain
            .lines()
            .nth(1)
            .unwrap()
            .strip_prefix("chain ")
            .unwrap()
            .replace("${serial}", "c1");
        let script = fetch(ipxe.yiaddr(), &next).await;
        let base = script
            .lines()
            .find_map(|line| line.strip_prefix("set base-url "))
            .unwrap()
            .to_owned();
        let kernel = script.lines().find(|line| line.starts_with("kernel ")).unwrap();
        assert_eq!(fetch(ipxe.yiaddr(), &format!("{base}/coreos/kernel")).await, "kernel");
        assert_eq!(
            fetch(ipxe.yiaddr(), &format!("{base}/coreos/initrd.gz")).await,
            "initrd"
        );
        let ignition = kernel
            .split(' ')
            .find_map(|word| word.strip_prefix("coreos.config.url="))
            .unwrap();
        let ignition = ignition
            .replace("${base-url}", &base)
            .replace("${serial}", "c1")
            .replace("${ignition-id}", "1.0.0");
        assert!(fetch(ipxe.yiaddr(), &ignition).await.contains("2.3.0"));
        let line = wait_for("the Ignition to be in the time-line", PATIENCE, async || {
            let line = server.get("/api/v1/boot-log/c1").await.expect(200).json();
            if line["stage"] == "ignition" {
                Ok(line)
            } else {
                Err(line.to_string())
            }
        })
        .await;
        let stages: Vec<&str> = line["stages"]
            .as_array()
            .unwrap()
            .iter()
            .map(|s| s["stage"].as_str().unwrap())
            .collect();
        for stage in ["dhcp", "firmware", "ipxe", "kernel", "initrd", "ignition"] {
            assert!(stages.contains(&stage), "{stage} is not in {stages:?}");
        }
        assert_eq!(line["events"][0]["mac"], "52:54:00:00:00:01");
    });
}
