//! A cluster that the original left behind is read, and written back the same.

use crate::common::Site;
use cke_model::certificate::Authority;
use cke_model::names::CONFIG_VERSION;
use cke_storage::Storage;
use serde_json::Value;

fn recording() -> Vec<(String, String)> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/vectors/cke-cluster.json");
    let text = std::fs::read_to_string(path).unwrap();
    let recording: Value = serde_json::from_str(&text).unwrap();
    let pair = |kv: &Value| {
        let text = |member: &str| kv[member].as_str().unwrap().to_owned();
        // The recording has these words where secrets were.
        let value = text("text").replace("<secret>", "secret");
        (text("key").strip_prefix("/cke/").unwrap().to_owned(), value)
    };
    recording["etcd"].as_array().unwrap().iter().map(pair).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_original_left_is_read_and_written_back_the_same() {
    let (from, to) = (Site::start().await, Site::start().await);
    let recording = recording();
    for (key, value) in recording.iter().filter(|(key, _)| !key.starts_with("leader/")) {
        from.put(key, value).await;
    }
    copy(&from.storage, &to).await;
    for (key, value) in recording.iter().filter(|(key, _)| !key.starts_with("leader/")) {
        assert_eq!(to.value(key).await.as_ref(), Some(value), "{key}");
    }
    let keys = |site: &Site| site.etcd.clone();
    let count = keys(&to).read_prefix("").await.unwrap().kvs.len();
    assert_eq!(count, recording.len(), "nothing else is written but the leader's key");
}

/// Reads everything by its type, and writes it elsewhere.
async fn copy(from: &Storage, to: &Site) {
    let leadership = to.lead("vm").await;
    let (leader, to) = (leadership.guard(), &to.storage);
    for authority in Authority::ALL {
        to.put_ca(authority, &from.ca(authority).await.unwrap().unwrap())
            .await
            .unwrap();
    }
    let cluster = from.cluster().await.unwrap().unwrap().value;
    to.put_cluster(&cluster, 0, crate::common::LIMIT).await.unwrap();
    assert_eq!(from.config_version().await.unwrap(), CONFIG_VERSION);
    to.put_config_version(&leader, &from.config_version().await.unwrap())
        .await
        .unwrap();
    let constraints = from.constraints().await.unwrap().unwrap();
    to.change_constraints(|changed| *changed = constraints.clone())
        .await
        .unwrap();
    let mut records = from.records().newest(0).await.unwrap();
    assert_eq!((records.entries.len(), records.unreadable.len()), (26, 0));
    records.entries.reverse();
    for record in &records.entries {
        to.records().register(&leader, record).await.unwrap();
    }
    let pair = from.service_account().await.unwrap().unwrap();
    assert!(to.create_service_account(&leader, &pair).await.unwrap());
    assert!(
        !to.create_service_account(&leader, &pair).await.unwrap(),
        "a key that exists stays"
    );
    let status = from.status().await.unwrap().unwrap();
    to.put_status(&leader, leadership.lease_id(), &status).await.unwrap();
    to.put_vault_config(&from.vault_config().await.unwrap().unwrap().value)
        .await
        .unwrap();
    // The copy must be looked at while its leader leads: the status goes with it.
    std::mem::forget(leadership);
}
