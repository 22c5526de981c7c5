//! What the tests ran on, as the cluster itself says it.

use anyhow::{Result, anyhow};
use neco_cke_suite::site::Site;
use serde_json::Value;

/// Asks the cluster.
///
/// # Errors
/// When it does not answer.
pub fn gather(site: &Site) -> Result<Vec<(String, String)>> {
    let ask = |arguments: &[&str]| -> Result<Value> {
        let text = site.kubectl(arguments).map_err(|said| anyhow!("kubectl: {said}"))?;
        Ok(serde_json::from_str(&text)?)
    };
    Ok(table(
        &ask(&["version", "-o", "json"])?,
        &ask(&["get", "nodes", "-o", "json"])?,
    ))
}

/// The rows, from the answers of `kubectl version` and `kubectl get nodes`.
fn table(version: &Value, nodes: &Value) -> Vec<(String, String)> {
    let nodes: Vec<&Value> = nodes["items"].as_array().into_iter().flatten().collect();
    let info = |key: &str| {
        let node = nodes.first().map(|node| &node["status"]["nodeInfo"][key]);
        node.and_then(Value::as_str).unwrap_or("?").to_owned()
    };
    let built = option_env!("CARGO_PKG_VERSION").unwrap_or("?");
    let rows = [
        ("API server", text(&version["serverVersion"]["gitVersion"])),
        ("kubelet", info("kubeletVersion")),
        ("tests", text(&version["clientVersion"]["gitVersion"])),
        ("cke", built.to_owned()),
        ("nodes", format!("{}, all of them schedulable", nodes.len())),
        ("runtime", info("containerRuntimeVersion")),
        ("kernel", info("kernelVersion")),
        ("system", info("osImage")),
    ];
    rows.map(|(name, value)| (name.to_owned(), value)).to_vec()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or("?").to_owned()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn versions_are_taken_from_the_answers() {
        let version = serde_json::json!({"serverVersion": {"gitVersion": "v1"}, "clientVersion": {"gitVersion": "v2"}});
        let node = serde_json::json!({"status": {"nodeInfo": {"kubeletVersion": "v3", "kernelVersion": "6"}}});
        let rows = table(&version, &serde_json::json!({"items": [node, node]}));
        let find = |name: &str| rows.iter().find(|row| row.0 == name).unwrap().1.clone();
        let found = ["API server", "tests", "kubelet", "kernel", "runtime", "nodes"].map(find);
        assert_eq!(found, ["v1", "v2", "v3", "6", "?", "2, all of them schedulable"]);
    }
}
