//! A rack: a top-of-rack switch that relays DHCP to the boot servers, and a node's place on it.
//!
//! ```text
//! the test's own namespace        namespace of the switch                 namespace of a node
//!   the spine 10.0.N.1/30 ────────── uplink 10.0.N.2/30
//!                                    lan (bridge), the rack's gateway
//!                                      port0 ──────────────────────────── eth0
//! ```

use std::net::Ipv4Addr;
use std::path::Path;
use std::process::{Child, Stdio};

use testkit::dhcp::Port;
use testkit::netns::{Namespace, command_in, ip};

use crate::http::Answer;
use crate::programs::server_command;

/// A rack.
#[derive(Debug)]
pub struct Rack {
    number: u8,
    relay: Child,
    node: Namespace,
    switch: Namespace,
}

impl Rack {
    /// Builds rack `number` with a relay to the servers.
    ///
    /// # Panics
    /// When the network cannot be made.
    #[must_use]
    pub fn new(number: u8, servers: &[String], dir: &Path) -> Rack {
        let switch = Namespace::new("dc-rack");
        let node = Namespace::new("dc-node");
        let gateway = address(number, 1);
        uplink(number, &switch);
        switch.ip(&["link", "add", "lan", "type", "bridge"]);
        switch.ip(&["address", "add", &format!("{gateway}/26"), "dev", "lan"]);
        switch.ip(&["link", "set", "lan", "up"]);
        switch.ip(&[
            "link",
            "add",
            "port0",
            "type",
            "veth",
            "peer",
            "name",
            "eth0",
            "netns",
            node.name(),
        ]);
        switch.ip(&["link", "set", "port0", "master", "lan", "up"]);
        node.ip(&["link", "set", "eth0", "up"]);
        // Until it has an address it sends from none.
        node.ip(&["route", "add", "default", "dev", "eth0"]);
        Rack {
            number,
            relay: relay(&switch, gateway, servers, dir),
            node,
            switch,
        }
    }

    /// The router's address.
    #[must_use]
    pub fn gateway(&self) -> Ipv4Addr {
        address(self.number, 1)
    }

    /// The switch's namespace.
    #[must_use]
    pub fn switch(&self) -> &Namespace {
        &self.switch
    }

    /// Adds a tap interface for a machine to the switch.
    ///
    /// # Panics
    /// When `ip` refuses.
    pub fn tap(&self, name: &str) {
        self.switch.ip(&["tuntap", "add", name, "mode", "tap"]);
        self.switch.ip(&["link", "set", name, "master", "lan", "up"]);
    }

    /// The node's DHCP port: it broadcasts, and the relay does the rest. Needs a tokio runtime.
    ///
    /// # Panics
    /// When it cannot be bound.
    #[must_use]
    pub fn port(&self) -> Port {
        let runtime = tokio::runtime::Handle::current();
        self.node.run(|| {
            let _inside = runtime.enter();
            Port::link("eth0", 67).expect("the node's port")
        })
    }

    /// Gives the node an address, as a lease does.
    ///
    /// # Panics
    /// When `ip` refuses.
    pub fn configure_node(&self, address: Ipv4Addr) {
        self.node.ip(&["address", "flush", "dev", "eth0"]);
        self.node
            .ip(&["address", "add", &format!("{address}/26"), "dev", "eth0"]);
        let gateway = self.gateway().to_string();
        self.node
            .ip(&["route", "replace", "default", "via", &gateway, "dev", "eth0"]);
    }

    /// What the node gets from a URL; status 0 when nobody answers.
    ///
    /// # Panics
    /// When curl is missing.
    pub async fn fetch(&self, url: &str) -> Answer {
        let mut command = tokio::process::Command::from(command_in(Some(self.node.name()), Path::new("curl")));
        let output = command
            .args(["-sk", "--max-time", "60", "-w", "\n%{http_code}", url])
            .output()
            .await
            .expect("curl is missing: install curl");
        let end = output.stdout.iter().rposition(|byte| *byte == b'\n').expect("a status");
        let (bytes, status) = output.stdout.split_at(end);
        Answer {
            status: String::from_utf8_lossy(&status[1..]).parse().expect("a status"),
            headers: reqwest::header::HeaderMap::new(),
            bytes: bytes.to_vec(),
        }
    }
}

impl Drop for Rack {
    fn drop(&mut self) {
        self.relay.kill().ok();
        self.relay.wait().ok();
    }
}

/// Address `offset` of a rack's range.
#[must_use]
pub fn address(rack: u8, offset: u8) -> Ipv4Addr {
    let [high, low] = (u16::from(rack) * 64 + u16::from(offset)).to_be_bytes();
    Ipv4Addr::new(10, 69, high, low)
}

fn uplink(number: u8, switch: &Namespace) {
    let (spine, up) = (format!("10.0.{number}.1/30"), format!("10.0.{number}.2/30"));
    let interface = format!("rack{number}");
    ip(&[
        "link",
        "add",
        &interface,
        "type",
        "veth",
        "peer",
        "name",
        "uplink",
        "netns",
        switch.name(),
    ]);
    ip(&["address", "add", &spine, "dev", &interface]);
    ip(&["link", "set", &interface, "up"]);
    switch.ip(&["address", "add", &up, "dev", "uplink"]);
    switch.ip(&["link", "set", "uplink", "up"]);
    switch.ip(&["route", "add", "default", "via", &format!("10.0.{number}.1")]);
    let range = format!("{}/26", address(number, 0));
    ip(&["route", "add", &range, "via", &format!("10.0.{number}.2")]);
    switch.run(forward);
}

/// Lets the present namespace pass packets on.
///
/// # Panics
/// When the system refuses.
pub fn forward() {
    std::fs::write("/proc/sys/net/ipv4/ip_forward", "1").expect("let packets be forwarded");
}

fn relay(switch: &Namespace, gateway: Ipv4Addr, servers: &[String], dir: &Path) -> Child {
    let log = dir.join(format!("relay-{gateway}.log"));
    let mut command = server_command(Some(switch.name()), Path::new("dnsmasq"));
    // Port 0: no name service. All of its usual files are none of a test's business.
    command.args([
        "--keep-in-foreground",
        "--port=0",
        "--conf-file=/dev/null",
        "--user=root",
        "--pid-file=",
        "--log-dhcp",
    ]);
    command.arg(format!("--log-facility={}", log.display()));
    command.args(servers.iter().map(|server| format!("--dhcp-relay={gateway},{server}")));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().expect("setpriv is missing: install util-linux")
}
