//! What is ours.

use crate::common::Site;
use cke_model::Freeze;
use cke_storage::{HostKey, OperationProgress};
use serde_json::json;

#[tokio::test]
async fn who_pulled_the_brake_first_stays() {
    let site = Site::start().await;
    let storage = &site.storage;
    let freeze = |by: &str| Freeze {
        by: by.to_owned(),
        since: "2026-11-22T17:14:23Z".parse().unwrap(),
        why: "maintenance".to_owned(),
        ..Freeze::default()
    };
    assert_eq!(storage.freeze().await.unwrap(), None);
    assert!(storage.put_freeze(&freeze("alice")).await.unwrap());
    assert!(!storage.put_freeze(&freeze("bob")).await.unwrap());
    assert_eq!(storage.freeze().await.unwrap(), Some(freeze("alice")));
    assert!(storage.thaw().await.unwrap() && !storage.thaw().await.unwrap());
    assert_eq!(storage.world().await.unwrap().controls.frozen, None);
}

#[tokio::test]
async fn our_values_say_who_wrote_them_and_who_can_read_them() {
    let site = Site::start().await;
    let budget = site
        .storage
        .change_budget(|budget| budget.per_rack = Some(2))
        .await
        .unwrap();
    assert_eq!(site.storage.budget().await.unwrap(), budget);
    let stored: serde_json::Value = serde_json::from_str(&site.value("neco/budget").await.unwrap()).unwrap();
    assert_eq!(
        stored,
        json!({"per-rack": 2, "reader": 1, "writer": env!("CARGO_PKG_VERSION")})
    );
    site.put("neco/budget", r#"{"per-rack":2,"reader":9,"writer":"9.9"}"#)
        .await;
    let refused = site.storage.budget().await.unwrap_err().to_string();
    assert!(refused.contains("9.9") && refused.contains("layout 9"), "{refused}");
}

#[tokio::test]
async fn host_keys_are_kept_by_address() {
    let site = Site::start().await;
    let leader = site.lead("one").await;
    let key = HostKey {
        address: "10.0.0.1".to_owned(),
        key: "ssh-ed25519 AAAA".to_owned(),
        at: "2026-11-22T17:14:23Z".parse().unwrap(),
        ..HostKey::default()
    };
    site.storage.put_host_key(&leader.guard(), &key).await.unwrap();
    assert_eq!(site.storage.host_key("10.0.0.1").await.unwrap(), Some(key.clone()));
    assert_eq!(site.storage.host_keys().await.unwrap().entries, [key]);
    assert!(site.storage.forget_host_key("10.0.0.1").await.unwrap());
    assert_eq!(site.storage.host_key("10.0.0.1").await.unwrap(), None);
}

#[tokio::test]
async fn progress_and_plan_live_as_long_as_their_leader() {
    let site = Site::start().await;
    let (storage, leader) = (&site.storage, site.lead("one").await);
    let (guard, lease) = (leader.guard(), leader.lease_id());
    let progress = OperationProgress {
        operation: "kubelet-restart".to_owned(),
        step: 1,
        steps: 4,
        ..OperationProgress::default()
    };
    storage.put_progress(&guard, lease, Some(&progress)).await.unwrap();
    storage
        .put_plan(&guard, lease, &json!({"phase": "completed", "waits": []}))
        .await
        .unwrap();
    assert_eq!(storage.progress().await.unwrap(), Some(progress));
    assert_eq!(storage.plan().await.unwrap().unwrap()["phase"], "completed");
    for key in ["neco/progress", "neco/plan"] {
        assert_eq!(site.etcd.get(key).await.unwrap().unwrap().lease, lease, "{key}");
    }
    assert_eq!(storage.waits::<serde_json::Value>().await.unwrap(), None);
    storage.put_waits(&guard, &json!({"waits": []})).await.unwrap();
    assert_eq!(storage.waits().await.unwrap(), Some(json!({"waits": []})));
    let kept = site.etcd.get("neco/waits").await.unwrap().unwrap();
    assert_eq!(kept.lease, 0, "the next leader carries on");
    storage.put_progress(&guard, lease, None).await.unwrap();
    assert_eq!(storage.progress().await.unwrap(), None);
}
