//! Kea with its memfile, as the peer of our DHCP server: one subnet a rack, with the same 31 addresses.

use std::fs;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::network::{BLOCK, SERVER, relay};
use crate::site::Owned;

const PORT: u16 = 10067;

/// A running Kea.
#[derive(Debug)]
pub(super) struct Kea {
    _process: Owned,
    _folder: TempDir,
    /// Where it listens.
    pub(super) address: SocketAddrV4,
}

impl Kea {
    /// Starts it, and waits until it listens.
    ///
    /// # Errors
    /// When `kea-dhcp4` is missing or does not listen in 20 s.
    pub(super) async fn start(racks: u32) -> anyhow::Result<Self> {
        let folder = TempDir::with_prefix("neco-bench-kea-")?;
        let file = folder.path().join("kea.json");
        fs::write(&file, configuration(folder.path(), racks).to_string())?;
        let mut command = Command::new("kea-dhcp4");
        command.arg("-c").arg(&file).args(["-p", &PORT.to_string()]);
        for variable in ["KEA_PIDFILE_DIR", "KEA_LOCKFILE_DIR"] {
            command.env(variable, folder.path());
        }
        let process = Owned::spawn(command, &folder.path().join("out.log"))
            .context("install the packages that `make bench` names")?;
        listening(PORT).await?;
        Ok(Self {
            _process: process,
            _folder: folder,
            address: SocketAddrV4::new(SERVER, PORT),
        })
    }
}

fn configuration(folder: &Path, racks: u32) -> Value {
    let subnets: Vec<_> = (0..racks).map(subnet).collect();
    json!({"Dhcp4": {
        "interfaces-config": {"interfaces": [format!("lo/{SERVER}")], "dhcp-socket-type": "udp"},
        "lease-database": {"type": "memfile", "persist": true, "name": folder.join("leases.csv")},
        "valid-lifetime": 3600, "subnet4": subnets,
        // A thread for each core, and the queue that Kea's guide suggests for the memfile.
        "multi-threading": {"enable-multi-threading": true, "thread-pool-size": 2, "packet-queue-size": 64},
        "loggers": [{"name": "kea-dhcp4", "severity": "ERROR",
            "output_options": [{"output": folder.join("kea.log")}]}],
    }})
}

fn subnet(rack: u32) -> Value {
    let block = u32::from(relay(rack)) - 1;
    let (first, last) = (Ipv4Addr::from(block + 32), Ipv4Addr::from(block + BLOCK - 2));
    json!({"id": rack + 1, "subnet": format!("{}/26", Ipv4Addr::from(block)), "pools": [{"pool": format!("{first} - {last}")}]})
}

/// Waits until some process of this network listens on a UDP port.
async fn listening(port: u16) -> anyhow::Result<()> {
    let end = Instant::now() + Duration::from_secs(20);
    let wanted = format!(":{port:04X} ");
    loop {
        if fs::read_to_string("/proc/thread-self/net/udp")?.contains(&wanted) {
            return Ok(());
        }
        ensure!(Instant::now() < end, "Kea did not listen in 20 s");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
