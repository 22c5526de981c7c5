//! What goes to a pipe has the bytes that the original writes for the same answers; tables are for people.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod support;

use std::collections::BTreeMap;
use support::{Answers, run, sabactl, serve};

const VECTORS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/vectors/sabakan-etcd.json");

#[derive(serde::Deserialize)]
struct Vectors {
    get: BTreeMap<String, Answer>,
}

#[derive(serde::Deserialize)]
struct Answer {
    body: String,
}

/// What the original server answered.
fn recorded() -> Answers {
    let text = std::fs::read(VECTORS).unwrap_or_else(|e| panic!("{VECTORS}: {e}"));
    let vectors: Vectors = serde_json::from_slice(&text).unwrap();
    let line = |path: &str| -> &'static str { format!("GET {path}").leak() };
    vectors
        .get
        .into_iter()
        .map(|(path, answer)| (line(&path), 200, answer.body))
        .collect()
}

fn printed(arguments: &[&str]) -> String {
    let server = serve(recorded());
    let (code, out, errors) = run(&mut server.sabactl(arguments));
    assert_eq!((code, errors.as_str()), (0, ""), "{arguments:?}");
    out
}

/// The golden files hold what the original program printed for the recorded answers.
#[test]
fn a_pipe_gets_the_bytes_of_the_original() {
    let cases: [(&str, &[&str]); 11] = [
        ("machines.json", &["machines", "get"]),
        ("machines-simple.txt", &["machines", "get", "-o", "simple"]),
        ("images.json", &["images", "index"]),
        ("assets.json", &["assets", "index"]),
        ("asset.json", &["assets", "info", "tool.img"]),
        ("ignitions.json", &["ignitions", "get", "cs"]),
        ("ipam.json", &["ipam", "get"]),
        ("dhcp.json", &["dhcp", "get"]),
        ("kernel-params.txt", &["kernel-params", "get"]),
        ("logs.txt", &["logs"]),
        ("logs.json", &["logs", "--json"]),
    ];
    for (golden, arguments) in cases {
        let path = format!("{}/tests/golden/{golden}", env!("CARGO_MANIFEST_DIR"));
        let want = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
        assert!(printed(arguments) == want, "{arguments:?} differs from {golden}");
    }
}

#[test]
fn null_and_empty_lists() {
    let server = serve(vec![
        ("GET /api/v1/ignitions/none", 200, "null\n".into()),
        ("GET /api/v1/images/none", 200, "[]\n".into()),
        ("GET /api/v1/assets", 200, "[]\n".into()),
    ]);
    let out = |arguments: &[&str]| run(&mut server.sabactl(arguments)).1;
    assert_eq!(out(&["ignitions", "get", "none"]), "null\n");
    assert_eq!(out(&["images", "--os", "none", "index"]), "[]\n");
    assert_eq!(out(&["assets", "index"]), "[]\n");
}

#[test]
fn tables_when_asked_for() {
    let machines = printed(&["machines", "get", "-o", "table"]);
    let row = machines.lines().find(|line| line.starts_with("R0N0")).expect("a row");
    let cells: Vec<_> = row.split_whitespace().collect();
    assert_eq!(cells[1..5], ["0", "3", "boot", "uninitialized"]);
    assert!(machines.starts_with("SERIAL"), "{machines}");
    assert!(printed(&["images", "index", "-o", "table"]).contains("served"));
    assert!(printed(&["ignitions", "get", "cs", "-otable"]).contains("2.0.0-rc.1"));
}

#[test]
fn a_terminal_gets_a_table() {
    let server = serve(recorded());
    let program = assert_cmd::cargo::cargo_bin!("sabactl").display().to_string();
    let command = format!("{program} --server {} machines get", server.url);
    let output = std::process::Command::new("script")
        .args(["-qec", &command, "/dev/null"])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.starts_with("SERIAL"), "{text}");
}

#[test]
fn the_time_line_of_a_boot() {
    let timeline = r#"{"serial":"a","state":"stuck","stage":"kernel","start":"2026-01-01T00:00:00Z","duration":700,"quiet":640,
        "stages":[{"stage":"dhcp","start":"2026-01-01T00:00:00Z","end":"2026-01-01T00:00:00Z","duration":60,"count":2,"detail":"ack 10.0.0.32"},
                  {"stage":"kernel","start":"2026-01-01T00:01:00Z","end":"2026-01-01T00:01:00Z","duration":640,"count":1,"detail":"GET kernel"}],
        "refused":[{"at":"2026-01-01T00:00:30Z","stage":"refused","server":"boot-0","detail":"no such role"}],"events":[]}"#;
    let server = serve(vec![
        ("GET /api/v1/boot-log/a", 200, timeline.into()),
        ("GET /api/v1/boot-log?stuck", 200, format!("[{timeline}]")),
    ]);
    let out = |arguments: &[&str]| run(&mut server.sabactl(arguments)).1;
    let shown = out(&["boot-log", "a", "-o", "table"]);
    assert!(
        shown.starts_with("a: stuck at kernel, nothing was seen of it for 10m40s\n"),
        "{shown}"
    );
    assert!(shown.contains("ack 10.0.0.32") && shown.contains("1m0s"), "{shown}");
    assert!(
        shown.ends_with("refused 2026-01-01T00:00:30Z by boot-0: no such role\n"),
        "{shown}"
    );
    let list = out(&["boot-log", "--stuck", "-o", "table"]);
    assert_eq!(list.lines().count(), 2, "{list}");
    let json: serde_json::Value = serde_json::from_str(&out(&["boot-log", "a"])).unwrap();
    assert_eq!(
        (json["state"].as_str(), json["stages"][0]["count"].as_u64()),
        (Some("stuck"), Some(2))
    );
}

#[test]
fn completions_and_man_pages() {
    for (arguments, word) in [
        (&["completion"][..], "complete -F _sabactl"),
        (&["completion", "bash"], "complete -F _sabactl"),
        (&["completion", "zsh"], "#compdef sabactl"),
        (&["completion", "fish"], "complete -c sabactl"),
    ] {
        let (code, out, _) = run(&mut sabactl(arguments));
        assert!(code == 0 && out.contains(word), "{arguments:?}");
    }
    let dir = tempfile::tempdir().unwrap();
    let pages = dir.path().join("man1");
    assert_eq!(run(&mut sabactl(&["man", pages.to_str().unwrap()])).0, 0);
    let page = std::fs::read_to_string(pages.join("sabactl-machines-get.1")).unwrap();
    assert!(page.contains(".TH") && page.contains("without\\-serial"), "{page}");
}
