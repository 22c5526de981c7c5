//! S1, S2: the schema's version and its conversions.

use crate::common::{Site, config, ipam};
use neco_etcd::Etcd;
use sabakan_model::{IpamConfig, Machine, decode_stored, to_go_json};
use sabakan_storage::{Storage, StorageError, StorageOptions};
use testkit::etcd::Etcd as Server;

async fn connect(server: &Server) -> Etcd {
    Etcd::connect(&config(server.endpoints())).await.unwrap()
}

/// Data as the first versions wrote it: no version key, no gateway in the formulas, no `info`.
async fn version_one(etcd: &Etcd, machines: u64) {
    let formulas = IpamConfig {
        node_gateway_offset: 0,
        ..ipam()
    };
    etcd.put("ipam", to_go_json(&formulas).unwrap()).await.unwrap();
    etcd.put("dhcp", r#"{"lease-minutes":60,"gateway-offset":5}"#)
        .await
        .unwrap();
    for n in 0..machines {
        let spec = format!(
            r#"{{"serial":"m{n}","rack":{},"index-in-rack":{},"role":"cs","bmc":{{"type":"x"}}}}"#,
            n / 20,
            4 + n % 20
        );
        let text = format!(r#"{{"spec":{spec},"status":{{"timestamp":"2018-01-01T00:00:00Z","state":"healthy"}}}}"#);
        etcd.put(&format!("machines/m{n}"), text).await.unwrap();
    }
    let template = r#"{"ignition":{"version":"2.2.0"},"storage":{"files":[{"path":"/a","contents":{"source":"{{ .Spec.Serial }}\n"}},{"path":"/b"}]}}"#;
    etcd.put("ignitions/templates/cs/1.0.0", template).await.unwrap();
    etcd.put("ignitions/meta/cs/1.0.0", r#"{"n":1}"#).await.unwrap();
    etcd.put("ignitions/templates/ss/0.1.0", "{}").await.unwrap();
    etcd.put("ignitions/meta/gone/1.0.0", "{}").await.unwrap();
}

async fn assert_converted(etcd: &Etcd, storage: &Storage, machines: usize) {
    let text = |key: &'static str| async move {
        etcd.get(key)
            .await
            .unwrap()
            .map(|kv| String::from_utf8(kv.value).unwrap())
    };
    assert_eq!(text("version").await.unwrap(), "3");
    assert!(text("ipam").await.unwrap().contains(r#""node-gateway-offset":5"#));
    let all = etcd.read_prefix("machines/").await.unwrap();
    assert_eq!(all.kvs.len(), machines);
    for kv in all.kvs {
        let machine: Machine = decode_stored(&kv.value).unwrap();
        let nics = machine.info.network.ipv4.unwrap();
        assert_eq!(nics.len(), 3, "{}", kv.key);
    }
    assert_eq!(storage.machine_count(), machines);
    let left: Vec<_> = etcd
        .read_prefix("ignitions/")
        .await
        .unwrap()
        .kvs
        .into_iter()
        .map(|kv| kv.key)
        .collect();
    assert_eq!(left, ["ignitions/cs/1.0.0", "ignitions/ss/0.1.0"]);
    let template = text("ignitions/cs/1.0.0").await.unwrap();
    assert!(template.starts_with(r#"{"version":"2.2","template":{"#), "{template}");
    assert!(
        template.contains(r#""source":"data:,%7B%7B%20.Spec.Serial%20%7D%7D%0A""#),
        "{template}"
    );
    assert!(template.contains(r#""source":"data:,"}"#), "{template}");
    assert!(template.ends_with(r#""meta":{"n":1}}"#), "{template}");
}

#[tokio::test]
async fn s2_a_new_store_gets_the_present_version() {
    let site = Site::empty().await;
    assert_eq!(site.value("version").await.unwrap(), "3");
    assert_eq!(site.count("schema-lock").await, 0);
}

#[tokio::test]
async fn s2_data_of_the_first_version_is_converted() {
    let server = Server::start().await;
    let etcd = connect(&server).await;
    version_one(&etcd, 250).await;
    let storage = Storage::open(etcd.clone(), StorageOptions::default()).await.unwrap();
    assert_converted(&etcd, &storage, 250).await;
    let machine = storage.machine("m0").unwrap();
    assert_eq!(
        machine.machine.info.network.ipv4.as_ref().unwrap()[0].gateway,
        "10.64.0.5"
    );
}

#[tokio::test]
async fn s1_s2_servers_that_start_at_once_convert_once() {
    let server = Server::start().await;
    let etcd = connect(&server).await;
    version_one(&etcd, 150).await;
    let mut tasks = Vec::new();
    for _ in 0..4 {
        let etcd = connect(&server).await;
        tasks.push(tokio::spawn(Storage::open(etcd, StorageOptions::default())));
    }
    for task in tasks {
        let storage = task.await.unwrap().unwrap();
        assert_converted(&etcd, &storage, 150).await;
    }
}

#[tokio::test]
async fn s2_a_version_of_the_future_is_refused() {
    let server = Server::start().await;
    let etcd = connect(&server).await;
    etcd.put("version", "4").await.unwrap();
    let refused = Storage::open(etcd, StorageOptions::default()).await;
    assert!(
        matches!(&refused, Err(StorageError::Schema { found, .. }) if found == "4"),
        "{refused:?}"
    );
}
