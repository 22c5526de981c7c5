//! A network with one etcd and some servers.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::sync::Arc;
use std::time::Duration;

use neco_etcd::{Config, Etcd};
use prometheus::Registry;
use sabakan_dhcp::limits::Limits;
use sabakan_dhcp::{Options, Server, Timing};
use sabakan_model::{BootEvent, DhcpConfig, IpamConfig, SiteConfig};
use testkit::dhcp::Port;
use testkit::wait::{PATIENCE, wait_for};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

pub const BEGIN: Ipv4Addr = Ipv4Addr::new(10, 69, 0, 32);

/// Runs a test in a network of its own, where all of 10.69.0.0/16 is local.
pub fn in_lab(test: impl AsyncFnOnce() + Send) {
    in_lab_with("10.69.0.0/16", test);
}

/// The same, with a smaller part of the pool.
pub fn in_lab_with(local: &str, test: impl AsyncFnOnce() + Send) {
    testkit::netns::isolated(|| {
        testkit::netns::own_network(local);
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
            .block_on(test());
    });
}

pub fn ipam() -> IpamConfig {
    serde_json::from_str(
        r#"{"max-nodes-in-rack":28,"node-ipv4-pool":"10.69.0.0/20","node-ipv4-range-size":6,"node-ipv4-range-mask":26,
            "node-ip-per-node":3,"node-index-offset":3,"node-gateway-offset":1,"bmc-ipv4-pool":"10.72.16.0/20",
            "bmc-ipv4-range-size":5,"bmc-ipv4-range-mask":20,"bmc-ipv4-gateway-offset":1}"#,
    )
    .unwrap()
}

pub fn dhcp() -> DhcpConfig {
    serde_json::from_str(r#"{"lease-minutes":30,"dns-servers":["10.0.0.1","10.0.0.2"]}"#).unwrap()
}

pub fn site() -> SiteConfig {
    SiteConfig {
        ipam: Some(Arc::new(ipam())),
        dhcp: Some(Arc::new(dhcp())),
    }
}

/// A running server.
pub struct Running {
    pub address: SocketAddrV4,
    pub etcd: Etcd,
    pub registry: Registry,
    pub events: mpsc::Receiver<BootEvent>,
    pub site: watch::Sender<SiteConfig>,
    stop: CancellationToken,
    task: tokio::task::JoinHandle<()>,
}

/// Client of an etcd at some endpoint.
pub async fn client(endpoint: &str) -> Etcd {
    let config: Config = serde_json::from_value(serde_json::json!({
        "endpoints": [endpoint], "prefix": "/sabakan/", "timeout": "1s",
    }))
    .unwrap();
    Etcd::lazy(&config).await.unwrap()
}

impl Running {
    /// Starts a server that listens on an address of the lab.
    pub async fn start(endpoint: &str, address: Ipv4Addr) -> Running {
        Running::start_with(endpoint, address, Timing::default()).await
    }

    pub async fn start_with(endpoint: &str, address: Ipv4Addr, timing: Timing) -> Running {
        let etcd = client(endpoint).await;
        let registry = Registry::new();
        let (events_sender, events) = mpsc::channel(1000);
        let (site, site_receiver) = watch::channel(site());
        let options = Options {
            bind: SocketAddrV4::new(address, 0),
            advertise_url: "http://10.69.0.3:10080".to_owned(),
            firmware_url: "http://10.69.0.3:10080".to_owned(),
            name: format!("server-{address}"),
            event_log: None,
            limits: Limits::default(),
            probes: false,
            timing,
        };
        let server = Server::bind(options, etcd.clone(), site_receiver, events_sender, &registry).unwrap();
        let address = server.local_addr().unwrap();
        let stop = CancellationToken::new();
        let task = tokio::spawn(server.run(stop.clone()));
        let running = Running {
            address,
            etcd,
            registry,
            events,
            site,
            stop,
            task,
        };
        let probe = Port::relay(Ipv4Addr::new(10, 69, 15, 254), &[address])
            .unwrap()
            .client([2, 0xff, 0, 0, 0, 1]);
        wait_for("the server to answer", PATIENCE, || async {
            let inform = probe.inform(Ipv4Addr::new(10, 69, 15, 254));
            let answer = probe.ask_within(&inform, Duration::from_millis(200)).await;
            answer.map(drop).ok_or("no answer to an INFORM")
        })
        .await;
        running
    }

    /// A relay of this server alone.
    pub fn relay(&self, giaddr: Ipv4Addr) -> Port {
        Port::relay(giaddr, &[self.address]).unwrap()
    }

    pub async fn stop(self) {
        self.stop.cancel();
        self.task.await.unwrap();
    }

    /// Stops it as a crash does.
    pub fn crash(self) {
        self.task.abort();
    }

    /// A counter's value.
    pub fn count(&self, name: &str, label: &str) -> f64 {
        let families = self.registry.gather();
        let family = families
            .iter()
            .find(|family| family.name() == name)
            .unwrap_or_else(|| panic!("no metric {name}"));
        let metric = family
            .get_metric()
            .iter()
            .find(|metric| label.is_empty() || metric.get_label().iter().any(|pair| pair.value() == label));
        let metric = metric.unwrap_or_else(|| panic!("no label {label} of {name}"));
        metric.get_counter().get_value() + metric.get_gauge().get_value()
    }

    /// Waits until a counter has at least this value.
    pub async fn wait_count(&self, name: &str, label: &str, at_least: f64) {
        wait_for(name, PATIENCE, || async {
            let now = self.count(name, label);
            if now >= at_least {
                Ok(())
            } else {
                Err(format!("{name} {label} is {now}"))
            }
        })
        .await;
    }

    /// The stored map of a range.
    pub async fn usage(&self, first: Ipv4Addr) -> serde_json::Value {
        let kv = self.etcd.get(&format!("lease-usages/{first}")).await.unwrap();
        kv.map_or(serde_json::Value::Null, |kv| serde_json::from_slice(&kv.value).unwrap())
    }

    /// Waits until a client stands in the map, or no longer does.
    pub async fn wait_entry(&self, first: Ipv4Addr, mac: &str, there: bool) -> serde_json::Value {
        wait_for("the range's map", PATIENCE, || async {
            let usage = self.usage(first).await;
            if usage.get(mac).is_some() == there {
                Ok(usage)
            } else {
                Err(format!("{mac} in {usage}"))
            }
        })
        .await
    }
}

/// A rack's relay address.
pub fn rack(number: u8) -> Ipv4Addr {
    let block = u16::from(number) * 64;
    let [high, low] = block.to_be_bytes();
    Ipv4Addr::new(10, 69, high, low + 1)
}
