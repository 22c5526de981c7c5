//! A laboratory: one etcd, servers with addresses of their own, and callers from any address of 10.0.0.0/8.

use std::fs::File;
use std::net::IpAddr;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;
use testkit::etcd::Etcd;
use testkit::wait::{PATIENCE, wait_for};

/// The address formulas of the tests: rack 0 has 10.69.0.0/26, 10.69.0.64/26 and 10.69.0.128/26.
pub const IPAM: &str = r#"{"max-nodes-in-rack":28,"node-ipv4-pool":"10.69.0.0/16","node-ipv4-range-size":6,
"node-ipv4-range-mask":26,"node-ip-per-node":3,"node-index-offset":3,"node-gateway-offset":1,
"bmc-ipv4-pool":"10.72.16.0/20","bmc-ipv4-offset":"0.0.1.0","bmc-ipv4-range-size":5,"bmc-ipv4-range-mask":20,
"bmc-ipv4-gateway-offset":1}"#;

/// Addresses of two boot servers.
pub const FIRST: &str = "10.69.0.3";
pub const SECOND: &str = "10.69.0.195";

/// An operator's address, in no rack.
pub const OPERATOR: &str = "10.1.1.1";
/// A reader's address.
pub const READER: &str = "10.2.2.2";
/// Nobody's address.
pub const STRANGER: &str = "10.3.3.3";

pub struct Lab {
    pub etcd: Etcd,
    pub dir: TempDir,
}

/// Runs a test in a network of its own.
pub fn run(test: impl AsyncFnOnce(Lab) + Send) {
    testkit::netns::isolated(|| {
        testkit::netns::own_network("10.0.0.0/8");
        neco_daemon::install_crypto_provider();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let lab = Lab {
                etcd: Etcd::start().await,
                dir: TempDir::new().unwrap(),
            };
            lab.make_files();
            test(lab).await;
        });
    });
}

/// The same with one server that has its address formulas.
pub fn run_one(test: impl AsyncFnOnce(Lab, Server) + Send) {
    run(async |lab: Lab| {
        let server = lab.server(FIRST, &[]).await;
        server.put("/api/v1/config/ipam", IPAM).await.expect(200);
        test(lab, server).await;
    });
}

impl Lab {
    fn make_files(&self) {
        let names = vec![FIRST.to_owned(), SECOND.to_owned(), "localhost".to_owned()];
        let certified = rcgen::generate_simple_self_signed(names).unwrap();
        std::fs::write(self.file("server.crt"), certified.cert.pem()).unwrap();
        std::fs::write(self.file("server.key"), certified.signing_key.serialize_pem()).unwrap();
        std::fs::write(self.file("ipxe.efi"), b"MZ ipxe").unwrap();
        std::fs::write(self.file("sabakan-cryptsetup"), b"\x7fELF cryptsetup").unwrap();
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn path(&self, name: &str) -> String {
        self.file(name).to_str().unwrap().to_owned()
    }

    /// The command line of a server at this address.
    pub fn args(&self, ip: &str) -> Vec<String> {
        let own = |name: &str, value: String| [format!("-{name}"), value];
        [
            own("http", format!("{ip}:10080")),
            own("https", format!("{ip}:10443")),
            own("metrics", format!("{ip}:10081")),
            own("dhcp-bind", format!("{ip}:10067")),
            own("data-dir", self.path(&format!("data-{ip}"))),
            own("ipxe-efi-path", self.path("ipxe.efi")),
            own("advertise-url", format!("http://{ip}:10080")),
            own("advertise-url-https", format!("https://{ip}:10443")),
            own("server-cert", self.path("server.crt")),
            own("server-key", self.path("server.key")),
            own("allow-ips", format!("127.0.0.1,{OPERATOR}")),
            own("read-ips", READER.to_owned()),
            own("etcd-endpoints", self.etcd.endpoints().join(",")),
        ]
        .concat()
    }

    /// Starts a server and waits until it answers.
    pub async fn server(&self, ip: &str, more: &[&str]) -> Server {
        let mut args = self.args(ip);
        args.extend(more.iter().map(|arg| (*arg).to_owned()));
        self.start(ip, &args).await
    }

    /// Starts a server with exactly these arguments.
    pub async fn start(&self, ip: &str, args: &[String]) -> Server {
        self.start_by(&[], ip, args).await
    }

    /// The same by another program that runs it, such as `setpriv`.
    pub async fn start_by(&self, by: &[&str], ip: &str, args: &[String]) -> Server {
        std::fs::create_dir_all(self.file(&format!("data-{ip}"))).unwrap();
        let log = self.file(&format!("log-{ip}"));
        let out = File::options().create(true).append(true).open(&log).unwrap();
        let words = [by, &[env!("CARGO_BIN_EXE_sabakan")]].concat();
        let mut command = Command::new(words[0]);
        command.args(&words[1..]);
        command.args(args).env("CANCELLATION_DELAY_SECONDS", "0");
        command.env("SABAKAN_CRYPTSETUP", self.file("sabakan-cryptsetup"));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(out);
        command.process_group(0);
        let mut server = Server {
            ip: ip.to_owned(),
            process: command.spawn().unwrap(),
            log,
        };
        server.wait_until_it_answers().await;
        server
    }
}

pub struct Server {
    pub ip: String,
    pub process: Child,
    log: PathBuf,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ended_before = self.process.kill();
        let _ended_before = self.process.wait();
        if std::thread::panicking() {
            eprintln!("--- log of {}:\n{}", self.ip, self.log());
        }
    }
}

/// A status with headers and body.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub bytes: Vec<u8>,
}

impl Answer {
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.bytes).unwrap()
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|e| panic!("{e}: {}", self.text()))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", String::from_utf8_lossy(&self.bytes));
        self
    }
}

/// A client that calls from an address.
pub fn client(from: &str) -> reqwest::Client {
    let from: IpAddr = from.parse().unwrap();
    reqwest::Client::builder()
        .no_proxy()
        .local_address(from)
        .danger_accept_invalid_certs(true)
        .redirect(reqwest::redirect::Policy::none())
        .timeout(Duration::from_secs(60))
        .build()
        .unwrap()
}

/// A bare connection from an address.
pub async fn connect(from: &str, server: &Server) -> tokio::net::TcpStream {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket
        .bind(std::net::SocketAddr::new(from.parse().unwrap(), 0))
        .unwrap();
    socket
        .connect(format!("{}:10080", server.ip).parse().unwrap())
        .await
        .unwrap()
}

pub async fn send(request: reqwest::RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Answer {
        status,
        headers,
        bytes: response.bytes().await.unwrap().to_vec(),
    }
}

impl Server {
    async fn wait_until_it_answers(&mut self) {
        let url = self.url("/version");
        let client = client(OPERATOR);
        let log = self.log.clone();
        wait_for("sabakan to answer", PATIENCE, || {
            let ended = self.process.try_wait().unwrap();
            let (request, log) = (client.get(&url), log.clone());
            async move {
                if let Some(status) = ended {
                    panic!(
                        "sabakan ended with {status}:\n{}",
                        std::fs::read_to_string(log).unwrap_or_default()
                    );
                }
                request.send().await.map(drop).map_err(|error| error.to_string())
            }
        })
        .await;
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    pub fn url(&self, path: &str) -> String {
        let port = if path.starts_with("/api/v1/crypts") {
            10443
        } else {
            10080
        };
        let scheme = if port == 10443 { "https" } else { "http" };
        format!("{scheme}://{}:{port}{path}", self.ip)
    }

    /// A request from an address, ready to be changed.
    pub fn request(&self, from: &str, method: &str, path: &str) -> reqwest::RequestBuilder {
        client(from).request(method.parse().unwrap(), self.url(path))
    }

    /// A request from an address.
    pub async fn call(&self, from: &str, method: &str, path: &str, body: impl Into<reqwest::Body>) -> Answer {
        send(self.request(from, method, path).body(body)).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.call(OPERATOR, "GET", path, "").await
    }

    pub async fn put(&self, path: &str, body: impl Into<reqwest::Body>) -> Answer {
        self.call(OPERATOR, "PUT", path, body).await
    }

    pub async fn post(&self, path: &str, body: impl Into<reqwest::Body>) -> Answer {
        self.call(OPERATOR, "POST", path, body).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.call(OPERATOR, "DELETE", path, "").await
    }

    pub async fn metrics(&self) -> String {
        let url = format!("http://{}:10081/metrics", self.ip);
        send(client(STRANGER).get(url)).await.expect(200).text().to_owned()
    }

    /// Registers machines: serial, rack, role.
    pub async fn register(&self, machines: &[(&str, u64, &str)]) {
        let spec = |(serial, rack, role): &(&str, u64, &str)| {
            serde_json::json!({"serial": serial, "rack": rack, "role": role, "bmc": {"type": "iDRAC-9"},
                "labels": {"machine-type": "m1", "product": "R630"}})
        };
        let specs: Vec<_> = machines.iter().map(spec).collect();
        self.post("/api/v1/machines", serde_json::to_string(&specs).unwrap())
            .await
            .expect(201);
    }

    pub async fn set_states(&self, serial: &str, states: &[&str]) {
        for state in states {
            self.put(&format!("/api/v1/state/{serial}"), (*state).to_owned())
                .await
                .expect(200);
        }
    }

    pub async fn graphql(&self, from: &str, query: &str) -> Answer {
        let body = serde_json::json!({ "query": query }).to_string();
        send(
            self.request(from, "POST", "/graphql")
                .header("content-type", "application/json")
                .body(body),
        )
        .await
    }

    /// Stops the server as systemd does, and gives its exit code and log.
    pub fn terminate(mut self) -> (i32, String) {
        let pid = i32::try_from(self.process.id()).unwrap();
        Command::new("kill").arg("-TERM").arg(pid.to_string()).status().unwrap();
        let code = self.process.wait().unwrap().code().unwrap_or(-1);
        (code, self.log())
    }
}
