//! What is measured: our server on an etcd, or Kea.

use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddrV4};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use testkit::etcd::Etcd;
use testkit::wait::wait_for;

const SERVER: Ipv4Addr = Ipv4Addr::new(10, 127, 255, 1);

/// `dhcp-alone`, which lies beside the folder of examples.
pub struct Ours {
    child: Child,
    pub address: SocketAddrV4,
}

impl Ours {
    pub async fn start(endpoint: &str) -> Ours {
        let settings = serde_json::json!({
            "bind": SocketAddrV4::new(SERVER, 10067), "name": "bench", "advertise_url": "http://10.64.0.3:10080",
            "etcd": {"endpoints": [endpoint], "prefix": "/sabakan/", "timeout": "5s"},
            "ipam": {"max-nodes-in-rack":28,"node-ipv4-pool":"10.64.0.0/10","node-ipv4-range-size":6,
                "node-ipv4-range-mask":26,"node-ip-per-node":1,"node-index-offset":3,"node-gateway-offset":1,
                "bmc-ipv4-pool":"10.128.0.0/20","bmc-ipv4-range-size":5,"bmc-ipv4-range-mask":20,
                "bmc-ipv4-gateway-offset":1},
            "dhcp": {"lease-minutes": 60},
        });
        let example = std::env::current_exe().unwrap();
        let program = example.parent().unwrap().parent().unwrap().join("dhcp-alone");
        assert!(
            program.exists(),
            "{} is missing: build the package's binaries first",
            program.display()
        );
        let mut child = Command::new(program)
            .arg(settings.to_string())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        assert!(line.starts_with("ready "), "the server did not start");
        Ours {
            child,
            address: SocketAddrV4::new(SERVER, 10067),
        }
    }
}

impl Drop for Ours {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}

/// Kea with its memfile, one subnet a rack with the same 31 addresses.
pub struct Kea {
    child: Child,
    pub address: SocketAddrV4,
    _folder: tempfile::TempDir,
}

impl Kea {
    pub async fn start(program: &str, racks: u32) -> Kea {
        let folder = tempfile::tempdir().unwrap();
        let base = u32::from(Ipv4Addr::new(10, 64, 0, 0));
        let subnets: Vec<serde_json::Value> = (0..racks)
            .map(|rack| {
                let block = base + rack * 64;
                let (first, last) = (Ipv4Addr::from(block + 32), Ipv4Addr::from(block + 62));
                serde_json::json!({"id": rack + 1, "subnet": format!("{}/26", Ipv4Addr::from(block)),
                    "pools": [{"pool": format!("{first} - {last}")}]})
            })
            .collect();
        // The address of the interface is given: Kea answers from it.
        testkit::netns::ip(&["addr", "add", &format!("{SERVER}/32"), "dev", "lo"]);
        let config = serde_json::json!({"Dhcp4": {
            "interfaces-config": {"interfaces": [format!("lo/{SERVER}")], "dhcp-socket-type": "udp"},
            "lease-database": {"type": "memfile", "persist": true, "name": folder.path().join("leases.csv")},
            "valid-lifetime": 3600, "subnet4": subnets,
            "multi-threading": {"enable-multi-threading": true, "thread-pool-size": 2, "packet-queue-size": 64},
            "loggers": [{"name": "kea-dhcp4", "severity": "ERROR",
                "output_options": [{"output": folder.path().join("kea.log")}]}],
        }});
        let path = folder.path().join("kea.json");
        std::fs::write(&path, config.to_string()).unwrap();
        let child = Command::new(program)
            .arg("-c")
            .arg(&path)
            .args(["-p", "10067"])
            .env("KEA_PIDFILE_DIR", folder.path())
            .env("KEA_LOCKFILE_DIR", folder.path())
            .env("KEA_LOGGER_DESTINATION", folder.path().join("kea.log"))
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        wait_for("Kea to listen", Duration::from_secs(20), || async {
            let sockets = std::fs::read_to_string("/proc/thread-self/net/udp").unwrap();
            // Port 10067 is 2753 in hexadecimal.
            if sockets.contains(":2753") {
                Ok(())
            } else {
                Err("port 10067 is not bound")
            }
        })
        .await;
        Kea {
            child,
            address: SocketAddrV4::new(SERVER, 10067),
            _folder: folder,
        }
    }
}

impl Drop for Kea {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}

/// etcd's own figures: bytes on disk, bytes in use, revision.
pub fn database(etcd: &Etcd) -> serde_json::Value {
    let text = etcd.ctl(&["endpoint", "status", "--write-out=json"]);
    let status: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    let status = &status[0]["Status"];
    serde_json::json!({"db_bytes": status["dbSize"], "in_use_bytes": status["dbSizeInUse"],
        "revision": status["header"]["revision"]})
}
