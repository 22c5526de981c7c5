//! A real sabakan on the boot server. It lists the nodes of a fleet as machines in two racks, and CKE makes its cluster of them.

use std::process::Command;
use std::time::Duration;

use jiff::Timestamp;
use neco_dctest::certificate;
use neco_dctest::http::OPERATOR;
use neco_dctest::programs::succeed;
use neco_dctest::server::{Host, Server, configuration};
use serde_json::{Value, json};
use testkit::fleet::{Builder, Fleet};

use crate::site::Site;

/// The nodes' network; nodes have the addresses from 4 on, as [`IPAM`] gives them to machines.
const NETWORK: &str = "10.69.0";
const FIRST_NODE: u8 = 4;
/// Two addresses a rack, so that those of two racks follow each other as a fleet's do.
const IPAM: &str = r#"{"max-nodes-in-rack":2,"node-ipv4-pool":"10.69.0.0/20","node-ipv4-range-size":1,
"node-ipv4-range-mask":24,"node-ip-per-node":1,"node-index-offset":3,"node-gateway-offset":1,
"bmc-ipv4-pool":"10.72.16.0/20","bmc-ipv4-range-size":5,"bmc-ipv4-range-mask":20,"bmc-ipv4-gateway-offset":1}"#;

/// The machines: serial, rack, and the address that sabakan must give them.
pub const MACHINES: [(&str, u8, &str); 3] = [
    ("R0N1", 0, "10.69.0.4"),
    ("R0N2", 0, "10.69.0.5"),
    ("R1N1", 1, "10.69.0.6"),
];

/// The type of all machines' management, by which repairs are chosen.
pub const MACHINE_TYPE: &str = "none";

/// A fleet of [`MACHINES`], of which two are to be control planes.
#[must_use]
pub fn fleet() -> Builder {
    let builder = Fleet::builder().network(NETWORK).first_node(FIRST_NODE);
    builder.control_planes(2).workers(1)
}

/// sabakan, with all machines healthy.
#[derive(Debug)]
pub struct Inventory {
    server: Server,
}

impl Inventory {
    /// Starts it on the site's etcd and registers [`MACHINES`].
    ///
    /// # Panics
    /// When it does not start, refuses something, or gives a machine another address than its node has.
    pub async fn start(site: &Site) -> Inventory {
        let ip = site.fleet.boot().address();
        // Where its operator calls from.
        let address = format!("{OPERATOR}/32");
        succeed(Command::new("ip").args(["address", "add", &address, "dev", "lo"]));
        let dir = site.file("sabakan");
        std::fs::create_dir_all(&dir).expect("make sabakan's folder");
        certificate::write(&dir, &[&ip]);
        let mut values = configuration(&ip, &dir, &site.etcd.endpoints());
        values["allow-ips"] = json!([OPERATOR, ip]);
        let host = Host { ip, netns: None };
        let inventory = Inventory {
            server: Server::start(host, &dir, &values).await,
        };
        inventory.register().await;
        inventory
    }

    async fn register(&self) {
        let server = &self.server;
        server.put("/api/v1/config/ipam", IPAM).await.expect(200);
        let machines = MACHINES
            .map(|(serial, rack, _)| json!({"serial": serial, "rack": rack, "role": "worker", "bmc": {"type": MACHINE_TYPE}}));
        let machines = Value::from(machines.to_vec()).to_string();
        server.post("/api/v1/machines", machines).await.expect(201);
        for (serial, _, address) in MACHINES {
            let listed = server.get(&format!("/api/v1/machines?serial={serial}")).await;
            assert_eq!(listed.expect(200).json()[0]["spec"]["ipv4"][0], address);
            self.set_state(serial, "healthy").await;
        }
    }

    /// Where CKE asks.
    #[must_use]
    pub fn url(&self) -> String {
        self.server.url("")
    }

    /// Sets a machine's state, as an operator or a monitor does.
    ///
    /// # Panics
    /// When sabakan refuses.
    pub async fn set_state(&self, serial: &str, state: &str) {
        let path = format!("/api/v1/state/{serial}");
        self.server.put(&path, state.to_owned()).await.expect(200);
    }

    /// Lets a machine's state be as old as `age`: what is stored about it says so.
    ///
    /// # Panics
    /// When etcd does not have the machine.
    pub fn age_state(&self, site: &Site, serial: &str, age: Duration) {
        let key = format!("/sabakan/machines/{serial}");
        let stored = site.etcd.ctl(&["get", "--print-value-only", &key]);
        let mut machine: Value = serde_json::from_str(&stored).expect("a machine in etcd");
        machine["status"]["timestamp"] = (Timestamp::now() - age).to_string().into();
        site.etcd.ctl(&["put", &key, &machine.to_string()]);
    }
}

/// The address of a machine's node.
///
/// # Panics
/// When there is no such machine.
#[must_use]
pub fn address_of(serial: &str) -> &'static str {
    let mut all = MACHINES.iter();
    all.find(|machine| machine.0 == serial).expect("a machine").2
}
