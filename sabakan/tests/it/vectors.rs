//! What the original stored in etcd, ours reads and answers alike.

use crate::lab::{self, Lab, STRANGER, Server};
use neco_etcd::{Config, Etcd};
use serde_json::Value;
use std::path::PathBuf;

/// The address of the server that wrote the recorded data.
const RECORDED: &str = "10.69.0.3";

fn recorded() -> Value {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/vectors/sabakan-etcd.json");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap()
}

async fn load(lab: &Lab, vectors: &Value) {
    let config = Config {
        endpoints: lab.etcd.endpoints(),
        ..Config::new("")
    };
    let etcd = Etcd::connect(&config).await.unwrap();
    for entry in vectors["etcd"].as_array().unwrap() {
        let value = match entry["text"].as_str() {
            Some(text) => text.as_bytes().to_vec(),
            None => decode_base64(entry["base64"].as_str().unwrap()),
        };
        etcd.put(entry["key"].as_str().unwrap(), value).await.unwrap();
    }
}

fn decode_base64(text: &str) -> Vec<u8> {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.decode(text).unwrap()
}

/// What cannot be equal: the time in a state, and whether this server has the files.
fn comparable(path: &str, body: &str) -> String {
    let Ok(mut value) = serde_json::from_str::<Value>(body) else {
        return body.to_owned();
    };
    match path {
        "/api/v1/machines" => {
            let machines = value.as_array_mut().unwrap();
            for machine in machines.iter_mut() {
                machine["status"]["duration"] = 0.into();
            }
            machines.sort_by_key(|machine| machine["spec"]["serial"].as_str().unwrap().to_owned());
        }
        "/api/v1/images/coreos" => value[0]["exists"] = false.into(),
        _ if path.ends_with("/meta") => value["exists"] = false.into(),
        _ => return body.to_owned(),
    }
    value.to_string()
}

/// An audit entry shows the revision of its own key; loaded anew, the keys have other revisions.
fn without_revisions(log: &str) -> String {
    let line = |line: &str| {
        let mut entry: Value = serde_json::from_str(line).unwrap();
        entry["rev"] = "".into();
        entry.to_string()
    };
    log.lines().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn what_the_original_stored_is_answered_alike() {
    lab::run(async |lab: Lab| {
        let vectors = recorded();
        load(&lab, &vectors).await;
        let server = lab.server(RECORDED, &[]).await;
        for (path, wanted) in vectors["get"].as_object().unwrap() {
            let answer = server.get(path).await;
            let wanted_body = wanted["body"].as_str().unwrap();
            assert_eq!(
                u64::from(answer.status),
                wanted["status"].as_u64().unwrap(),
                "{path}: {}",
                answer.text()
            );
            if path == "/api/v1/logs" {
                assert_eq!(without_revisions(answer.text()), without_revisions(wanted_body));
            } else {
                assert_eq!(comparable(path, answer.text()), comparable(path, wanted_body), "{path}");
            }
        }
        keys_and_changes(&server).await;
    });
}

async fn keys_and_changes(server: &Server) {
    server.get("/api/v1/crypts/R0N1/sda").await.expect(200);
    server.put("/api/v1/crypts/R0N1/sda", "other").await.expect(409);
    server
        .put("/api/v1/images/coreos/1000.0.0", crate::boot::image(b"k", b"i"))
        .await
        .expect(409);
    server.put("/api/v1/labels/R0N1/x", "y").await.expect(200);
    // Rack 1 has lost index 5: it is the next to be given.
    server.register(&[("new", 1, "cs")]).await;
    let machine = server.get("/api/v1/machines?serial=new").await.expect(200).json();
    assert_eq!(machine[0]["spec"]["index-in-rack"], 5);
}

/// What the original let any host do, as method, path, body, and the route and reason under which it is counted; and how the
/// original answered.
const OPEN: [(&str, &str, &str, &str, &str, u16); 6] = [
    ("GET", "/api/v1/machines", "", "/api/v1/machines", "needs-reader", 200),
    ("GET", "/api/v1/logs", "", "/api/v1/logs", "needs-operator", 200),
    (
        "GET",
        "/api/v1/config/ipam",
        "",
        "/api/v1/config/ipam",
        "needs-reader",
        200,
    ),
    (
        "GET",
        "/api/v1/crypts/R0N1/sda",
        "",
        "/api/v1/crypts/{serial}/{path}",
        "not-this-machine",
        200,
    ),
    (
        "PUT",
        "/api/v1/crypts/R0N1/new",
        "key",
        "/api/v1/crypts/{serial}/{path}",
        "not-this-machine",
        201,
    ),
    (
        "POST",
        "/graphql",
        r#"{"query":"{machine(serial:\"R0N1\"){spec{rack}}}"}"#,
        "/graphql",
        "needs-reader",
        200,
    ),
];

/// A request of a host that nobody knows.
async fn by_a_stranger(server: &Server, (method, path, body, ..): (&str, &str, &str, &str, &str, u16)) -> u16 {
    let request = server.request(STRANGER, method, path).body(body.to_owned());
    lab::send(request.header("content-type", "application/json"))
        .await
        .status
}

/// How often the policy counted this.
async fn counted(server: &Server, action: &str, pattern: &str, reason: &str) -> u64 {
    let metrics = server.metrics().await;
    let line = format!("sabakan_policy_count{{action=\"{action}\",path=\"{pattern}\",reason=\"{reason}\"}} ");
    let found = metrics.lines().find_map(|text| text.strip_prefix(&line));
    found.map_or(0, |count| count.parse().unwrap())
}

#[test]
fn on_the_originals_etcd_the_policy_first_reports_and_then_enforces() {
    lab::run(async |lab: Lab| {
        load(&lab, &recorded()).await;
        let server = lab.server(RECORDED, &["--policy", "auto"]).await;
        assert!(server.log().contains("the policy only reports what it would refuse"));
        for open in OPEN {
            let (method, path, _, pattern, reason, status) = open;
            let before = counted(&server, "report", pattern, reason).await;
            assert_eq!(by_a_stranger(&server, open).await, status, "{method} {path}");
            let after = counted(&server, "report", pattern, reason).await;
            assert_eq!(after, before + 1, "{method} {path} is counted");
            let log = server.log();
            let line = log
                .lines()
                .rfind(|line| line.contains("the policy does not allow this request"));
            let line = line.unwrap_or_else(|| panic!("{log}"));
            for part in [
                format!("path=\"{pattern}\""),
                format!("remote=\"{STRANGER}\""),
                "action=\"report\"".into(),
            ] {
                assert!(line.contains(&part), "{part} in {line}");
            }
        }
        // What the original refused, too, is no report.
        let label = (
            "PUT",
            "/api/v1/labels/R0N1/x",
            "y",
            "/api/v1/labels/{serial}/{label}",
            "",
            403,
        );
        assert_eq!(by_a_stranger(&server, label).await, 403);
        drop(server);

        let strict = lab.server(RECORDED, &["--policy", "enforce"]).await;
        for open in OPEN {
            let (method, path, _, pattern, reason, _) = open;
            let before = counted(&strict, "refuse", pattern, reason).await;
            assert_eq!(by_a_stranger(&strict, open).await, 403, "{method} {path}");
            assert_eq!(
                counted(&strict, "refuse", pattern, reason).await,
                before + 1,
                "{method} {path}"
            );
        }
        strict.get("/api/v1/crypts/R0N1/new").await.expect(200);
    });
}
