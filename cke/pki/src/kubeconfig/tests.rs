#![allow(clippy::unwrap_used, reason = "tests")]

use serde_json::Value;

use super::*;

fn recorded(node: &str, path: &str) -> String {
    let text = std::fs::read_to_string(crate_root("../shared/vectors/cke-cluster.json")).unwrap();
    let vectors: Value = serde_json::from_str(&text).unwrap();
    let files = vectors["nodes"][node]["files"].as_array().unwrap().clone();
    let file = files.iter().find(|f| f["path"] == path).unwrap();
    file["text"].as_str().unwrap().to_owned()
}

fn crate_root(path: &str) -> String {
    format!("{}/../../{path}", env!("CARGO_MANIFEST_DIR"))
}

fn decoded(yaml: &Value, pointer: &str) -> String {
    let text = yaml.pointer(pointer).unwrap().as_str().unwrap();
    String::from_utf8(STANDARD.decode(text).unwrap()).unwrap()
}

/// The text of a kubeconfig that the original wrote comes out of its own parts again, to the byte.
#[test]
fn recorded_kubeconfigs_come_out_the_same() {
    for component in ["controller-manager", "scheduler", "proxy"] {
        let text = recorded("n101", &format!("/etc/kubernetes/{component}/kubeconfig"));
        let mut lines: Vec<&str> = text.lines().collect();
        let key_line = lines.iter().position(|l| l.contains("client-key-data:")).unwrap();
        lines[key_line] = "    client-key-data: a2V5";
        let text = format!("{}\n", lines.join("\n").trim_end());
        let yaml: Value = serde_saphyr::from_str(&text).unwrap();
        let pair = KeyPair {
            certificate: decoded(&yaml, "/users/0/user/client-certificate-data"),
            key: "key".into(),
        };
        let kubeconfig = Kubeconfig {
            cluster: "lab",
            user: yaml["users"][0]["name"].as_str().unwrap(),
            server: "https://localhost:16443",
            ca: &decoded(&yaml, "/clusters/0/cluster/certificate-authority-data"),
            pair: &pair,
        };
        assert_eq!(kubeconfig.to_yaml().as_str(), text);
    }
}

#[test]
fn names_that_yaml_would_misread_are_quoted() {
    for plain in [
        "lab",
        "system:node:10.0.0.1",
        "https://10.0.0.1:6443",
        "cke:user:admin",
        "a-b_c.d",
    ] {
        assert_eq!(scalar(plain), plain);
    }
    for tricky in [
        "true",
        "No",
        "123",
        "1e3",
        "",
        "a: b",
        "a #b",
        "- a",
        "\"q\"",
        "2026-11-22T17:13:30Z",
        "ends:",
        "é",
    ] {
        let quoted = scalar(tricky);
        assert!(quoted.starts_with('"'), "{quoted}");
        let back: String = serde_saphyr::from_str(&quoted).unwrap();
        assert_eq!(back, tricky);
    }
}
