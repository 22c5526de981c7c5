//! The container image (row S50), run as the boot servers' unit runs it: entry point with its flags and `--config-file` besides, a
//! read-only root, volumes, one capability.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use neco_dctest::furnish;
use neco_dctest::http::{OPERATOR, client, try_send};
use neco_dctest::programs::{folder, succeed};
use neco_dctest::{certificate, server};
use serde_json::{Value, json};
use testkit::dhcp::Port;
use testkit::etcd::Etcd;
use testkit::wait::{PATIENCE, holds, wait_for};

const SERVER: &str = "10.69.0.3";
const CAPABILITY: &str = "CAP_NET_BIND_SERVICE";

/// A bundle of runc's: the image's root and what the unit mounts there.
struct Bundle {
    dir: tempfile::TempDir,
}

impl Bundle {
    fn new(etcd: &Etcd) -> Bundle {
        let dir = tempfile::tempdir().unwrap();
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        succeed(
            Command::new(root.join("sabakan/container/stage.sh"))
                .arg(folder())
                .arg(dir.path()),
        );
        let bundle = Bundle { dir };
        for name in ["etc-neco", "etc-sabakan", "data", "host/usr/local/bin"] {
            std::fs::create_dir_all(bundle.path(name)).unwrap();
        }
        certificate::write(&bundle.path("etc-sabakan"), &[SERVER]);
        // What neco writes for a boot server: the rest has its defaults.
        let mut values = server::configuration(SERVER, Path::new("/"), &etcd.endpoints());
        for key in ["http", "https", "metrics", "data-dir", "server-cert", "server-key"] {
            values.as_object_mut().unwrap().remove(key);
        }
        values["dhcp-bind"] = "0.0.0.0:67".into();
        std::fs::write(bundle.path("etc-neco/sabakan.yml"), values.to_string()).unwrap();
        bundle
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Runs a command in the image, with these volumes: where from, where to, `ro` or `rw`.
    fn run(&self, name: &str, command: &[&str], volumes: &[(&str, &str, &str)]) -> Command {
        let bundle = self.path(name);
        std::fs::create_dir_all(&bundle).unwrap();
        std::fs::write(
            bundle.join("config.json"),
            self.specification(command, volumes).to_string(),
        )
        .unwrap();
        let mut runc = Command::new("runc");
        // Its state lies with the bundle, so that nothing of it is left on the host.
        runc.arg("--root")
            .arg(self.path("state"))
            .arg("run")
            .arg("--bundle")
            .arg(bundle);
        runc.arg(format!("{name}-{}", std::process::id()));
        runc
    }

    fn specification(&self, command: &[&str], volumes: &[(&str, &str, &str)]) -> Value {
        let mut mounts = vec![
            json!({"destination": "/proc", "type": "proc", "source": "proc"}),
            json!({"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "mode=755"]}),
        ];
        mounts.extend(volumes.iter().map(|(from, to, mode)| {
            json!({"destination": to, "type": "bind", "source": self.path(from), "options": ["bind", mode]})
        }));
        let capabilities = json!([CAPABILITY]);
        json!({
            "ociVersion": "1.0.2",
            "process": {
                "user": {"uid": 0, "gid": 0},
                "args": command,
                "env": ["PATH=/usr/local/sabakan/bin:/bin"],
                "cwd": "/",
                "capabilities": {"bounding": capabilities, "effective": capabilities, "permitted": capabilities},
                "noNewPrivileges": true,
            },
            "root": {"path": self.path("rootfs"), "readonly": true},
            "mounts": mounts,
            // No network namespace: it is the host's, which here is the test's own.
            "linux": {"namespaces": [{"type": "pid"}, {"type": "ipc"}, {"type": "mount"}]},
        })
    }

    /// The image's entry point, as its recipe says.
    fn entry_point(&self) -> Vec<String> {
        let recipe = std::fs::read_to_string(self.path("Containerfile")).unwrap();
        let line = recipe
            .lines()
            .find_map(|line| line.strip_prefix("ENTRYPOINT "))
            .expect("an entry point");
        serde_json::from_str(line).unwrap()
    }
}

/// The container's process; it ends with the test.
struct Container {
    runc: Child,
    log: PathBuf,
}

impl Container {
    fn start(bundle: &Bundle) -> Container {
        let entry = bundle.entry_point();
        let mut command: Vec<&str> = entry.iter().map(String::as_str).collect();
        command.push("--config-file=/etc/neco/sabakan.yml");
        let volumes = [
            ("etc-neco", "/etc/neco", "ro"),
            ("etc-sabakan", "/etc/sabakan", "ro"),
            ("data", "/var/lib/sabakan", "rw"),
        ];
        let log = bundle.path("log");
        let out = File::create(&log).unwrap();
        let mut runc = bundle.run("sabakan", &command, &volumes);
        runc.stdin(Stdio::null()).stdout(out.try_clone().unwrap()).stderr(out);
        Container {
            runc: runc.spawn().expect("runc is missing: install runc"),
            log,
        }
    }

    fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// The process of sabakan: runc waits for it as its parent.
    fn pid(&self) -> String {
        let runc = self.runc.id();
        let children = std::fs::read_to_string(format!("/proc/{runc}/task/{runc}/children")).unwrap_or_default();
        let every = std::fs::read_dir(format!("/proc/{runc}/task")).unwrap();
        let mut of_threads =
            every.filter_map(|task| std::fs::read_to_string(task.unwrap().path().join("children")).ok());
        let all = children + &of_threads.by_ref().collect::<String>();
        all.split_whitespace().next().expect("runc has a child").to_owned()
    }
}

impl Drop for Container {
    #[allow(clippy::print_stderr, reason = "a failed test shows the log")]
    fn drop(&mut self) {
        // runc passes the signal on, and the container's first process ends with all others.
        let pid = self.runc.id().to_string();
        Command::new("kill").args(["-TERM", &pid]).status().ok();
        self.runc.wait().ok();
        if std::thread::panicking() {
            eprintln!("--- log:\n{}", self.log());
        }
    }
}

async fn ask(method: &str, path: &str, body: impl Into<reqwest::Body>) -> Result<neco_dctest::http::Answer, String> {
    let request = client(OPERATOR).request(method.parse().unwrap(), format!("http://{SERVER}:10080{path}"));
    try_send(request.body(body)).await.map_err(|error| error.to_string())
}

fn in_lab(test: impl AsyncFnOnce(Bundle) + Send) {
    testkit::netns::isolated(|| {
        testkit::netns::own_network("10.0.0.0/8");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.unwrap().block_on(async {
            let etcd = Etcd::start().await;
            test(Bundle::new(&etcd)).await;
        });
    });
}

#[test]
fn the_image_runs_read_only_with_one_capability() {
    in_lab(async |bundle: Bundle| {
        let container = Container::start(&bundle);
        wait_for("sabakan to be healthy", PATIENCE, async || {
            let health = ask("GET", "/health", "")
                .await
                .map_err(|error| format!("{error}\n{}", container.log()))?;
            holds(health.status == 200, health.text())
        })
        .await;
        let status = std::fs::read_to_string(format!("/proc/{}/status", container.pid())).unwrap();
        // Bit 10 of linux/capability.h.
        for kind in ["CapEff", "CapPrm", "CapBnd"] {
            assert!(status.contains(&format!("{kind}:\t0000000000000400")), "{status}");
        }
        ask("PUT", "/api/v1/config/ipam", furnish::IPAM)
            .await
            .unwrap()
            .expect(200);
        ask("PUT", "/api/v1/config/dhcp", "{}").await.unwrap().expect(200);
        let relay = Port::relay("10.69.0.1".parse().unwrap(), &["10.69.0.3:67".parse().unwrap()]).unwrap();
        let lease = relay.client([2, 0, 0, 0, 0, 1]).uefi_http().lease().await;
        assert_eq!(&lease.yiaddr().octets()[..3], [10, 69, 0]);
        ask("GET", "/api/v1/boot/ipxe.efi", "").await.unwrap().expect(200);
        let program = ask("GET", "/api/v1/cryptsetup", "").await.unwrap().expect(200);
        assert_eq!(&program.bytes[..4], b"\x7fELF");

        let image = furnish::image(b"kernel", b"initrd");
        ask("PUT", "/api/v1/images/coreos/1.0.0", image)
            .await
            .unwrap()
            .expect(201);
        assert_eq!(
            ask("GET", "/api/v1/boot/coreos/kernel", "")
                .await
                .unwrap()
                .expect(200)
                .text(),
            "kernel"
        );
        assert!(
            bundle.path("data/images/coreos/1.0.0/kernel").exists(),
            "data lies in the volume alone"
        );
        // The entry point asks for JSON; the configuration file takes the place of its other flags.
        let log = container.log();
        let line: Value = serde_json::from_str(log.lines().next().unwrap()).unwrap();
        assert_eq!(line["topic"], "sabakan");
        assert!(!log.contains("\"severity\":\"error\""), "{log}");
        assert!(
            log.contains("no right to send ICMP"),
            "what it goes without is said: {log}"
        );
    });
}

#[test]
fn the_image_gives_the_host_its_tools() {
    in_lab(async |bundle: Bundle| {
        let volumes = [("host", "/host", "rw")];
        for _again in 0..2 {
            succeed(&mut bundle.run("install", &["/usr/local/sabakan/install-tools"], &volumes));
        }
        for tool in ["sabactl", "sabakan-cryptsetup"] {
            let installed = bundle.path(&format!("host/usr/local/bin/{tool}"));
            let said = succeed(Command::new(&installed).arg("--version"));
            assert!(said.contains(tool), "{said}");
        }
        let left = std::fs::read_dir(bundle.path("host/usr/local/bin")).unwrap().count();
        assert_eq!(left, 2, "nothing but the tools is left behind");
    });
}
