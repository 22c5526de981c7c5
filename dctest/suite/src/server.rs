//! One boot server's sabakan: a real process, to be asked, killed and started again.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use serde_json::{Value, json};
use testkit::wait::{PATIENCE, wait_for};

use crate::http::{Answer, OPERATOR, client, try_send};
use crate::programs::{program, server_command};

/// A server's place: its address and the network namespace that has it; none: the test's own.
#[derive(Debug, Clone)]
pub struct Host {
    /// The address.
    pub ip: String,
    /// The namespace.
    pub netns: Option<String>,
}

/// The configuration of a server at `ip` with its files in `dir`; the certificates lie there already.
#[must_use]
pub fn configuration(ip: &str, dir: &Path, etcd: &[String]) -> Value {
    let file = |name: &str| dir.join(name).display().to_string();
    json!({
        "http": format!("{ip}:10080"),
        "https": format!("{ip}:10443"),
        "metrics": format!("{ip}:10081"),
        "dhcp-bind": format!("{ip}:67"),
        "data-dir": file(&format!("data-{ip}")),
        "advertise-url": format!("http://{ip}:10080"),
        "advertise-url-https": format!("https://{ip}:10443"),
        "server-cert": file("server.crt"),
        "server-key": file("server.key"),
        "allow-ips": ["127.0.0.1", OPERATOR],
        "etcd": { "endpoints": etcd },
    })
}

/// A sabakan.
#[derive(Debug)]
pub struct Server {
    host: Host,
    dir: PathBuf,
    arguments: Vec<String>,
    process: Option<Child>,
}

impl Server {
    /// Starts it and waits until it answers.
    ///
    /// # Panics
    /// When it ends or does not answer in time.
    pub async fn start(host: Host, dir: &Path, configuration: &Value) -> Server {
        let file = dir.join(format!("sabakan-{}.yml", host.ip));
        // JSON is YAML, too.
        std::fs::write(file, configuration.to_string()).expect("write the configuration");
        std::fs::create_dir_all(dir.join(format!("data-{}", host.ip))).expect("make the data directory");
        let mut server = Server {
            host,
            dir: dir.to_owned(),
            arguments: Vec::new(),
            process: None,
        };
        server.start_again().await;
        server
    }

    /// Starts it once more on the data that it has.
    ///
    /// # Panics
    /// As [`Server::start`].
    pub async fn start_again(&mut self) {
        self.spawn();
        self.wait_until_it_answers().await;
    }

    /// Starts it again with more on its command line.
    ///
    /// # Panics
    /// As [`Server::start`].
    pub async fn start_with(&mut self, arguments: &[&str]) {
        self.kill();
        self.arguments = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        self.start_again().await;
    }

    /// Starts it again with a value of its configuration changed.
    ///
    /// # Panics
    /// As [`Server::start`].
    pub async fn start_changed(&mut self, key: &str, value: Value) {
        self.kill();
        let file = self.dir.join(format!("sabakan-{}.yml", self.host.ip));
        let text = std::fs::read_to_string(&file).expect("read the configuration");
        let mut configuration: Value = serde_json::from_str(&text).expect("it was written as JSON");
        configuration[key] = value;
        std::fs::write(&file, configuration.to_string()).expect("write the configuration");
        self.start_again().await;
    }

    fn spawn(&mut self) {
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.log_file())
            .expect("open the log");
        let mut command = server_command(self.host.netns.as_deref(), &program("sabakan"));
        command
            .arg("--config-file")
            .arg(self.dir.join(format!("sabakan-{}.yml", self.host.ip)))
            .args(&self.arguments)
            .env("CANCELLATION_DELAY_SECONDS", "0")
            .env("SABAKAN_CRYPTSETUP", self.cryptsetup())
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("the log"))
            .stderr(log);
        self.process = Some(command.spawn().expect("start sabakan"));
    }

    /// The site's own copy without debug information, where it made one.
    fn cryptsetup(&self) -> PathBuf {
        let own = self.dir.join("sabakan-cryptsetup");
        if own.exists() {
            own
        } else {
            program("sabakan-cryptsetup")
        }
    }

    async fn wait_until_it_answers(&mut self) {
        let request = client(OPERATOR).get(self.url("/version"));
        let process = self.process.as_mut().expect("it was started");
        wait_for("sabakan to answer", PATIENCE, || {
            let ended = process.try_wait().expect("ask for the process");
            let request = request.try_clone().expect("a request without a body");
            async move {
                assert!(ended.is_none(), "sabakan ended: {ended:?}");
                try_send(request).await.map(drop).map_err(|error| error.to_string())
            }
        })
        .await;
    }

    /// Kills it (SIGKILL), as a crash does.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().ok();
            process.wait().ok();
        }
    }

    /// Its address.
    #[must_use]
    pub fn ip(&self) -> &str {
        &self.host.ip
    }

    /// Its process, while it runs.
    ///
    /// # Panics
    /// When it was killed.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.process.as_ref().expect("the server runs").id()
    }

    /// All that it logged.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    fn log_file(&self) -> PathBuf {
        self.dir.join(format!("sabakan-{}.log", self.host.ip))
    }

    /// The memory that it holds, in MiB.
    ///
    /// # Panics
    /// When it does not run.
    #[must_use]
    pub fn resident_mib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).expect("the server runs");
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .expect("VmRSS");
        let kib: u64 = line.trim().trim_end_matches(" kB").parse().expect("a number");
        kib / 1024
    }

    /// The URL of a path: disk keys are on the TLS port.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        let ip = &self.host.ip;
        if path.starts_with("/api/v1/crypts") {
            return format!("https://{ip}:10443{path}");
        }
        format!("http://{ip}:10080{path}")
    }

    /// An operator's request; the error says why there is no answer.
    ///
    /// # Errors
    /// When no answer came.
    pub async fn ask(&self, method: &str, path: &str, body: impl Into<reqwest::Body>) -> Result<Answer, String> {
        let method = method.parse().expect("a method");
        let request = client(OPERATOR).request(method, self.url(path)).body(body);
        try_send(request).await.map_err(|error| format!("{path}: {error:?}"))
    }

    /// An operator's request, which must be answered.
    ///
    /// # Panics
    /// When it is not.
    pub async fn call(&self, method: &str, path: &str, body: impl Into<reqwest::Body>) -> Answer {
        self.ask(method, path, body)
            .await
            .unwrap_or_else(|error| panic!("{error}"))
    }

    /// GET by an operator.
    pub async fn get(&self, path: &str) -> Answer {
        self.call("GET", path, "").await
    }

    /// PUT by an operator.
    pub async fn put(&self, path: &str, body: impl Into<reqwest::Body>) -> Answer {
        self.call("PUT", path, body).await
    }

    /// POST by an operator.
    pub async fn post(&self, path: &str, body: impl Into<reqwest::Body>) -> Answer {
        self.call("POST", path, body).await
    }

    /// A GraphQL query by an operator.
    ///
    /// # Panics
    /// When no answer comes.
    pub async fn graphql(&self, query: &str) -> Answer {
        let request = client(OPERATOR)
            .post(self.url("/graphql"))
            .header("content-type", "application/json")
            .body(json!({ "query": query }).to_string());
        try_send(request).await.expect("an answer to a query")
    }

    /// The text of its metrics.
    ///
    /// # Panics
    /// When no answer comes.
    pub async fn metrics(&self) -> String {
        let url = format!("http://{}:10081/metrics", self.host.ip);
        let answer = try_send(client(OPERATOR).get(url)).await.expect("the metrics");
        answer.expect(200).text()
    }
}

impl Drop for Server {
    #[allow(clippy::print_stderr, reason = "a failed test shows the log")]
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            let log = self.log();
            let lines: Vec<&str> = log.lines().collect();
            let tail = lines[lines.len().saturating_sub(40)..].join("\n");
            eprintln!("--- log of {}:\n{tail}", self.host.ip);
        }
    }
}
