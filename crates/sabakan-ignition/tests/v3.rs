//! Version 3.4 from the same templates, checked with Ignition's own validator.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod support;

use std::path::PathBuf;
use std::process::Command;

use sabakan_ignition::{Error, Prepared, Spec};
use sabakan_model::IgnitionTemplate;
use sabakan_model::json::RawJson;
use serde_json::{Value as Json, json};

/// Ignition's validator, which `dctest/setup/ignition-validate.sh` builds.
fn validator() -> PathBuf {
    let cache = std::env::var("NECO_CACHE").map_or_else(
        |_| PathBuf::from(std::env::var("HOME").expect("HOME is set")).join(".cache/neco"),
        PathBuf::from,
    );
    let path = cache.join("bin/ignition-validate");
    assert!(
        path.exists(),
        "{} is missing: run dctest/setup/ignition-validate.sh",
        path.display()
    );
    path
}

/// What the validator says; empty when all is well.
fn complaints(config: &str) -> String {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("config.ign");
    std::fs::write(&file, config).unwrap();
    let output = Command::new(validator()).arg(&file).output().unwrap();
    let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    if output.status.success() {
        text
    } else {
        format!("{}: {text}", output.status)
    }
}

fn translated(template: &IgnitionTemplate) -> Result<String, Error> {
    Prepared::new(template)?.render(&support::machine(), &support::urls(), Spec::V3_4)
}

fn stored(version: &str, template: &Json) -> IgnitionTemplate {
    IgnitionTemplate {
        version: version.to_owned(),
        template: RawJson::new(template.to_string()).unwrap(),
        ..IgnitionTemplate::default()
    }
}

fn parsed(version: &str, template: &Json) -> Json {
    let text = translated(&stored(version, template)).unwrap();
    assert_eq!(complaints(&text), "", "{text}");
    serde_json::from_str(&text).unwrap()
}

#[test]
fn every_tree_of_templates_is_valid_for_ignition() {
    for source in [
        "worker/site.yml",
        "common/common.yml",
        "legacy/site.yml",
        "boot/site.yml",
    ] {
        let text = translated(&support::built(source).template).unwrap();
        assert_eq!(complaints(&text), "", "{source}: {text}");
    }
}

#[test]
fn the_validator_does_complain() {
    assert!(
        complaints(r#"{"ignition":{"version":"3.4.0"},"storage":{"files":[{"path":"relative"}]}}"#).contains("path")
    );
}

fn file<'a>(document: &'a Json, path: &str) -> Vec<&'a Json> {
    document["storage"]["files"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|file| file["path"] == path)
        .collect()
}

#[test]
fn a_worker_says_the_same_in_both_versions() {
    let text = translated(&support::built("worker/site.yml").template).unwrap();
    let document: Json = serde_json::from_str(&text).unwrap();
    assert_eq!(document["ignition"]["version"], "3.4.0");
    // The include has this file too; the later one wins, and stands once.
    let hostname = file(&document, "/etc/hostname");
    assert_eq!(hostname.len(), 1);
    assert_eq!(hostname[0]["contents"]["source"], "data:,worker-SER1234%0A");
    assert_eq!(hostname[0]["overwrite"], true);
    assert_eq!(hostname[0]["mode"], 0o644);
    assert!(hostname[0].get("filesystem").is_none());
    let network = file(&document, "/etc/systemd/network/10-node0.network");
    assert_eq!(
        network[0]["contents"]["source"].as_str().unwrap(),
        "data:,%5BMatch%5D%0AName%3Dnode0%0A%5BNetwork%5D%0AAddress%3D10.69.0.196%2F32%0A"
    );
    assert!(document.get("networkd").is_none());
    let units = document["systemd"]["units"].as_array().unwrap();
    let unit = |name: &str| units.iter().find(|unit| unit["name"] == name).unwrap();
    assert_eq!(
        unit("update-engine.service"),
        &json!({"name": "update-engine.service", "mask": true})
    );
    assert_eq!(unit("kubelet.service")["enabled"], true);
    let user = &document["passwd"]["users"][0];
    assert_eq!(
        (&user["name"], &user["homeDir"], &user["uid"]),
        (&json!("core"), &json!("/home/cs"), &json!(1000))
    );
}

#[test]
fn what_version_2_said_otherwise_is_translated() {
    let document = parsed(
        "2.3",
        &json!({
            "ignition": {
                "config": {"append": [{"source": "http://x/more.ign", "verification": {}}]},
                "timeouts": {"httpTotal": 30},
                "security": {"tls": {"certificateAuthorities": [{"source": "data:,pem"}]}},
            },
            "storage": {
                "filesystems": [{"name": "oem", "path": "/usr/share/oem/"}],
                "files": [
                    {"filesystem": "oem", "path": "/grub.cfg", "contents": {"source": "data:,a"}, "user": {"id": 0}},
                    {"filesystem": "root", "path": "/appended", "append": true, "contents": {"source": "data:,b"}},
                    {"filesystem": "root", "path": "/kept", "overwrite": false, "contents": {"source": "http://x/k", "verification":
                        {"hash": "sha512-cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e"}}},
                    {"filesystem": "root", "path": "/empty"},
                ],
                "directories": [{"filesystem": "root", "path": "/d", "mode": 493}],
                "links": [{"filesystem": "root", "path": "/l", "target": "/t"}],
            },
            "networkd": {"units": [{"name": "a.network", "dropins": [{"name": "x.conf", "contents": "[Match]\n"}]}]},
            "systemd": {"units": [
                {"name": "a.service", "enable": true, "contents": "[Install]\nWantedBy=a.target\n", "dropins": [{"name": "d.conf", "contents": "[Unit]\n"}]},
            ]},
            "passwd": {"users": [{"name": "u", "create": {"uid": 5, "shell": "/bin/sh", "groups": ["g"]}}]},
        }),
    );
    assert_eq!(
        document["ignition"]["config"]["merge"][0]["source"],
        "http://x/more.ign"
    );
    assert_eq!(file(&document, "/usr/share/oem/grub.cfg")[0]["user"]["id"], 0);
    let appended = file(&document, "/appended")[0];
    assert_eq!(appended["append"][0]["source"], "data:,b");
    assert!(appended.get("overwrite").is_none());
    assert_eq!(file(&document, "/kept")[0]["overwrite"], false);
    assert_eq!(file(&document, "/empty")[0]["contents"]["source"], "data:,");
    assert_eq!(file(&document, "/etc/systemd/network/a.network.d/x.conf").len(), 1);
    assert_eq!(document["systemd"]["units"][0]["enabled"], true);
    assert_eq!(document["systemd"]["units"][0]["dropins"][0]["name"], "d.conf");
    let user = &document["passwd"]["users"][0];
    assert_eq!(
        (&user["uid"], &user["shell"], &user["groups"]),
        (&json!(5), &json!("/bin/sh"), &json!(["g"]))
    );
    assert_eq!(document["storage"]["directories"][0]["mode"], 493);
}

#[test]
fn what_cannot_be_translated_is_refused_with_its_key() {
    let refused = |template: Json| translated(&stored("2.3", &template)).unwrap_err().to_string();
    let disks = refused(json!({"storage": {"disks": [{"device": "/dev/sda"}]}}));
    assert!(disks.starts_with("storage.disks: cannot be translated"), "{disks}");
    let mounts =
        refused(json!({"storage": {"filesystems": [{"name": "x", "mount": {"device": "d", "format": "ext4"}}]}}));
    assert!(mounts.starts_with("storage.filesystems: "), "{mounts}");
    let unknown = refused(json!({"storage": {"files": [{"filesystem": "nowhere", "path": "/a"}]}}));
    assert!(unknown.contains("/a") && unknown.contains("nowhere"), "{unknown}");
}
