//! A data center: boot servers in racks 0, 1, ... with etcd and sabakan each, racks of nodes with relays, and a spine between them.
//!
//! The spine is the test's own network namespace: the test itself calls from there, as an operator.

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;
use testkit::etcd::Etcd;
use testkit::netns::{Namespace, ip};

use crate::furnish;
use crate::http::OPERATOR;
use crate::programs::{program, succeed};
use crate::rack::{Rack, address, forward};
use crate::server::{Host, Server, configuration};

/// The first rack of nodes: the ones before it have boot servers.
const FIRST_RACK: u8 = 3;

/// The whole. Fields are dropped in their order: programs before the network that they use.
#[derive(Debug)]
pub struct DataCenter {
    /// The boot servers' sabakans; number N stands in rack N.
    pub servers: Vec<Server>,
    /// One member on each boot server.
    pub etcd: Etcd,
    /// Racks 3, 4, ... of nodes.
    pub racks: Vec<Rack>,
    /// Configurations, data, logs, certificates.
    pub dir: TempDir,
    _hosts: Vec<Namespace>,
}

impl DataCenter {
    /// A path in its folder.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Runs sabactl against a server, which must end well.
    ///
    /// # Panics
    /// When it does not.
    pub fn sabactl(&self, server: usize, arguments: &[&str]) -> String {
        // The test calls from its own address on the link; sabactl runs on the boot server, as operators do.
        let host = &self._hosts[server];
        let mut command = testkit::netns::command_in(Some(host.name()), &program("sabactl"));
        let ip = self.servers[server].ip();
        command
            .env("SABAKAN_CA", self.file("ca.crt"))
            .args([
                "--server",
                &format!("http://{ip}:10080"),
                "--tls-server",
                &format!("https://{ip}:10443"),
            ])
            .args(arguments);
        succeed(&mut command)
    }
}

/// Runs a test in a data center of `servers` boot servers and `racks` racks, whose address formulas and boot servers are registered.
///
/// # Panics
/// With the test's own panic.
pub fn run(servers: u8, racks: u8, test: impl AsyncFnOnce(DataCenter) + Send) {
    testkit::netns::isolated(|| {
        ip(&["address", "add", &format!("{OPERATOR}/32"), "dev", "lo"]);
        forward();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(async {
            let center = lay_out(servers, racks).await;
            furnish::addresses(&center.servers[0]).await;
            let names: Vec<String> = (0..servers).map(|number| format!("boot-{number}")).collect();
            let specs: Vec<furnish::Spec<'_>> = names
                .iter()
                .zip(0..)
                .map(|(name, rack)| (name.as_str(), rack, "boot"))
                .collect();
            furnish::machines(&center.servers[0], &specs).await;
            test(center).await;
        });
    });
}

async fn lay_out(servers: u8, racks: u8) -> DataCenter {
    let dir = TempDir::new().expect("a folder");
    let hosts: Vec<Namespace> = (0..servers).map(boot_server).collect();
    let ips: Vec<String> = (0..servers).map(|number| address(number, 3).to_string()).collect();
    let texts: Vec<&str> = ips.iter().map(String::as_str).collect();
    crate::certificate::write(dir.path(), &texts);
    strip_cryptsetup(&dir);
    let racks = (0..racks)
        .map(|number| Rack::new(FIRST_RACK + number, &ips, dir.path()))
        .collect();
    let places: Vec<(Ipv4Addr, String)> = (0..servers)
        .zip(&hosts)
        .map(|(number, host)| (address(number, 3), host.name().to_owned()))
        .collect();
    let etcd = Etcd::builder().on_hosts(&places).start().await;
    let mut running = Vec::new();
    for (ip, host) in ips.iter().zip(&hosts) {
        let mut values = configuration(ip, dir.path(), &etcd.endpoints());
        values["dhcp-bind"] = "0.0.0.0:67".into();
        // sabactl on the boot server itself calls from its address.
        values["allow-ips"]
            .as_array_mut()
            .expect("a list")
            .push(ip.as_str().into());
        let host = Host {
            ip: ip.clone(),
            netns: Some(host.name().to_owned()),
        };
        running.push(Server::start(host, dir.path(), &values).await);
    }
    DataCenter {
        servers: running,
        etcd,
        racks,
        dir,
        _hosts: hosts,
    }
}

/// A boot server's namespace: its address, and a link to the spine.
fn boot_server(number: u8) -> Namespace {
    let host = Namespace::new("dc-boot");
    let interface = format!("boot{number}");
    let own = format!("{}/32", address(number, 3));
    let (spine, link) = (format!("10.0.{number}.1"), format!("10.0.{number}.2"));
    ip(&[
        "link",
        "add",
        &interface,
        "type",
        "veth",
        "peer",
        "name",
        "eth0",
        "netns",
        host.name(),
    ]);
    ip(&["address", "add", &format!("{spine}/30"), "dev", &interface]);
    ip(&["link", "set", &interface, "up"]);
    // Its own address comes first: the one by which DHCP names this server.
    host.ip(&["address", "add", &own, "dev", "eth0"]);
    host.ip(&["address", "add", &format!("{link}/30"), "dev", "eth0"]);
    host.ip(&["link", "set", "eth0", "up"]);
    host.ip(&[
        "route",
        "add",
        "default",
        "via",
        &spine,
        "src",
        &address(number, 3).to_string(),
    ]);
    ip(&["route", "add", &own, "via", &link]);
    host
}

/// A debug build is mostly debug information, and machines have little memory.
fn strip_cryptsetup(dir: &TempDir) {
    let target = dir.path().join("sabakan-cryptsetup");
    succeed(
        Command::new("strip")
            .arg("-o")
            .arg(target)
            .arg(program("sabakan-cryptsetup")),
    );
}
