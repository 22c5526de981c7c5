//! Every value that the original stored in etcd, read and written again, has equal bytes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use sabakan_model::json::Strict;
use sabakan_model::*;
use serde::{Serialize, de::DeserializeOwned};

const VECTORS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/vectors/sabakan-etcd.json");

#[derive(serde::Deserialize)]
struct Vectors {
    etcd: Vec<Stored>,
    get: std::collections::BTreeMap<String, Answer>,
}

#[derive(serde::Deserialize)]
struct Stored {
    key: String,
    text: Option<String>,
}

#[derive(serde::Deserialize)]
struct Answer {
    body: String,
}

fn vectors() -> Vectors {
    let text = std::fs::read(VECTORS).unwrap_or_else(|e| panic!("{VECTORS}: {e}"));
    serde_json::from_slice(&text).unwrap()
}

fn same_bytes<T: DeserializeOwned + Serialize + Strict>(name: &str, text: &str) -> T {
    let value: T = decode_stored(text.as_bytes()).unwrap_or_else(|e| panic!("{name}: {e}"));
    let written = String::from_utf8(to_go_json(&value).unwrap()).unwrap();
    let same = written.bytes().zip(text.bytes()).take_while(|(a, b)| a == b).count();
    let tail = |s: &str| s.chars().skip(same.saturating_sub(40)).take(80).collect::<String>();
    assert!(
        written == text,
        "{name} differs at {same}: {} instead of {}",
        tail(&written),
        tail(text)
    );
    assert_eq!(value.first_unknown(), None, "{name}");
    value
}

/// Reads the value by its key's type; false for keys whose value is not JSON.
fn check(key: &str, text: &str) -> bool {
    match key.trim_start_matches("/sabakan/").split('/').collect::<Vec<_>>()[..] {
        ["machines", _] => drop(same_bytes::<Machine>(key, text)),
        ["assets", _] => drop(same_bytes::<Asset>(key, text)),
        ["audit", _, _] => drop(same_bytes::<AuditEntry>(key, text)),
        ["dhcp"] => drop(same_bytes::<DhcpConfig>(key, text)),
        ["ipam"] => drop(same_bytes::<IpamConfig>(key, text)),
        ["ignitions", _, _] => drop(same_bytes::<IgnitionTemplate>(key, text)),
        ["images", _] => drop(same_bytes::<ImageIndex>(key, text)),
        ["images", _, "deleted"] => drop(same_bytes::<Vec<String>>(key, text)),
        ["lease-usages", _] => drop(same_bytes::<LeaseUsage>(key, text)),
        ["node-indices", _] => drop(same_bytes::<RackUsage>(key, text)),
        _ => return false,
    }
    true
}

#[test]
fn stored_values_keep_their_bytes() {
    let stored = vectors().etcd;
    let checked = stored
        .iter()
        .filter(|kv| kv.text.as_ref().is_some_and(|text| check(&kv.key, text)))
        .count();
    assert!(checked >= 45, "only {checked} of {} values were JSON", stored.len());
}

#[test]
fn the_formula_gives_the_addresses_that_the_original_stored() {
    let stored = vectors().etcd;
    let ipam = stored.iter().find(|kv| kv.key == "/sabakan/ipam").unwrap();
    let ipam: IpamConfig = decode_stored(ipam.text.as_ref().unwrap().as_bytes()).unwrap();
    let machines = stored.iter().filter(|kv| kv.key.starts_with("/sabakan/machines/"));
    let mut count = 0;
    for kv in machines {
        let machine: Machine = decode_stored(kv.text.as_ref().unwrap().as_bytes()).unwrap();
        let mut again = machine.clone();
        again.spec.ipv4 = None;
        again.spec.bmc.ipv4.clear();
        again.info = MachineInfo::default();
        ipam.fill_addresses(&mut again).unwrap();
        assert_eq!(again, machine);
        count += 1;
    }
    assert!(count > 10);
}

#[test]
fn answers_keep_their_bytes() {
    let answers = vectors().get;
    let body = |path: &str| {
        answers
            .get(path)
            .unwrap_or_else(|| panic!("no answer to {path}"))
            .body
            .trim_end()
            .to_owned()
    };
    same_bytes::<Vec<Machine>>("machines", &body("/api/v1/machines"));
    same_bytes::<ImageIndex>("images", &body("/api/v1/images/coreos"));
    same_bytes::<Asset>("asset", &body("/api/v1/assets/tool.img/meta"));
    same_bytes::<IpamConfig>("ipam", &body("/api/v1/config/ipam"));
    same_bytes::<DhcpConfig>("dhcp", &body("/api/v1/config/dhcp"));
    for line in body("/api/v1/logs").lines() {
        same_bytes::<AuditEntry>("log", line);
    }
}
