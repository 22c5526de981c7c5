//! What the original stored is read, and answered alike.

use crate::common::{PREFIX, config, open};
use neco_etcd::Etcd;
use sabakan_model::Query;
use sabakan_storage::{DiskKey, StorageOptions};
use serde_json::Value;
use testkit::etcd::Etcd as Server;

fn vectors() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/vectors/sabakan-etcd.json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// Keys relative to the prefix, with texts; keys with binary values have none.
fn stored(vectors: &Value) -> Vec<(String, Option<String>)> {
    let pair = |e: &Value| {
        let key = e["key"].as_str().unwrap().strip_prefix(PREFIX).unwrap().to_owned();
        (key, e["text"].as_str().map(str::to_owned))
    };
    vectors["etcd"].as_array().unwrap().iter().map(pair).collect()
}

#[tokio::test]
async fn what_the_original_stored_is_read_and_answered_alike() {
    let vectors = vectors();
    let server = Server::start().await;
    let etcd = Etcd::connect(&config(server.endpoints())).await.unwrap();
    for (key, text) in stored(&vectors) {
        etcd.put(&key, text.unwrap_or_else(|| "binary".to_owned()))
            .await
            .unwrap();
    }
    let (storage, _stop) = open(&etcd, StorageOptions::default()).await;
    assert_eq!(storage.unreadable(), []);
    // The newline that ends an answer is the web server's.
    let get = |path: &str| vectors["get"][path]["body"].as_str().unwrap().trim_end().to_owned();

    // Machines are rendered as they are stored.
    for (key, text) in stored(&vectors) {
        let Some(serial) = key.strip_prefix("machines/") else {
            continue;
        };
        let entry = storage.machine(serial).unwrap();
        let mut shown = Vec::new();
        entry.write_json(&mut shown, entry.machine.status.timestamp.instant());
        assert_eq!(String::from_utf8(shown).unwrap(), text.unwrap());
    }
    let answered: Vec<Value> = serde_json::from_str(&get("/api/v1/machines")).unwrap();
    assert_eq!(storage.search(&Query::default()).len(), answered.len());

    let ids: Vec<_> = storage
        .template_ids("cs")
        .iter()
        .map(|id| format!("\"{id}\""))
        .collect();
    assert_eq!(format!("[{}]", ids.join(",")), get("/api/v1/ignitions/cs"));
    assert_eq!(
        storage.kernel_params("coreos").unwrap(),
        get("/api/v1/kernel_params/coreos")
    );
    let site = storage.site().borrow().clone();
    let json = |value: &dyn Fn() -> Vec<u8>| String::from_utf8(value()).unwrap();
    let ipam = json(&|| sabakan_model::to_go_json(site.ipam.as_deref().unwrap()).unwrap());
    assert_eq!(ipam, get("/api/v1/config/ipam"));
    let dhcp = json(&|| sabakan_model::to_go_json(site.dhcp.as_deref().unwrap()).unwrap());
    assert_eq!(dhcp, get("/api/v1/config/dhcp"));
    assert_eq!(
        storage.disk_key("R0N1", "sda").await.unwrap(),
        DiskKey::Found(b"binary".to_vec())
    );

    let mut log = storage.audit_log(None, None);
    let mut dumped = Vec::new();
    while let Some(page) = log.next().await.unwrap() {
        dumped.extend(page);
    }
    assert_eq!(String::from_utf8(dumped).unwrap().trim_end(), get("/api/v1/logs"));
}
