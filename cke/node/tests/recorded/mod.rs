//! A cluster that the original built, as its nodes answer our script.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::panic,
    reason = "each user takes a part; tests"
)]

use serde_json::Value;
use std::fmt::Write as _;
use std::path::Path;

/// The recording.
pub struct Recorded(Value);

impl Recorded {
    /// Reads it.
    pub fn load() -> Recorded {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors/cke-cluster.json");
        let text = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Recorded(serde_json::from_slice(&text).unwrap())
    }

    /// Containers of a node, as docker describes them.
    pub fn containers(&self, node: &str) -> &[Value] {
        self.0["nodes"][node]["containers"].as_array().unwrap()
    }

    /// The text of a file on a node.
    pub fn file(&self, node: &str, path: &str) -> Option<&str> {
        let files = self.0["nodes"][node]["files"].as_array().unwrap();
        files.iter().find(|file| file["path"] == path)?["text"].as_str()
    }

    /// The lines that docker writes for a container with the script's format.
    pub fn inspected(container: &Value) -> String {
        let label = container["Labels"].get("com.cybozu.cke").cloned().unwrap_or_default();
        let inspected = serde_json::json!({
            "name": container["Name"], "image": container["Image"], "running": container["State"]["Running"],
            "label": label.as_str().unwrap_or_default(),
        });
        inspected.to_string()
    }

    /// What the script writes on a node.
    pub fn script_output(&self, node: &str) -> String {
        let containers = self.containers(node);
        let mut output = String::new();
        for container in containers {
            let _ = writeln!(output, "container:{}", Self::inspected(container));
        }
        let all = cke_model::names::container::ALL;
        for name in all
            .iter()
            .filter(|name| containers.iter().all(|c| c["Name"] != format!("/{name}")))
        {
            let _ = writeln!(output, "container:Error: No such container: {name}");
        }
        let _ = writeln!(output, "container:exit {}\n", u8::from(containers.len() < all.len()));
        let volumes = self.0["nodes"][node]["docker"].as_array().unwrap();
        for volume in volumes
            .iter()
            .filter_map(Value::as_str)
            .filter(|name| name.starts_with("etcd-"))
        {
            let _ = writeln!(output, "volume:{volume}");
        }
        output.push_str("volume:exit 0\n\n");
        for component in ["scheduler", "proxy", "kubelet"] {
            let text = self
                .file(node, &format!("/etc/kubernetes/{component}/config.yml"))
                .unwrap_or_default();
            for line in text.lines() {
                let _ = writeln!(output, "{component}:{line}");
            }
            output.push('\n');
        }
        output.push_str("end:\n");
        output
    }
}
