//! What operators declare.

use crate::common::{LIMIT, Site};
use cke_model::{Cluster, Constraints};
use cke_storage::{StorageError, Switch, Variables};

fn cluster(name: &str) -> Cluster {
    Cluster::parse(&format!("name: {name}")).unwrap().0
}

#[tokio::test]
async fn a_cluster_is_not_written_over_one_that_was_not_read() {
    let site = Site::start().await;
    let storage = &site.storage;
    assert!(matches!(
        storage.require_cluster().await,
        Err(StorageError::NotFound { .. })
    ));
    storage.put_cluster(&cluster("a"), 0, LIMIT).await.unwrap();
    let read = storage.cluster().await.unwrap().unwrap();
    storage.put_cluster(&cluster("b"), read.revision, LIMIT).await.unwrap();
    for late in [0, read.revision] {
        let refused = storage.put_cluster(&cluster("c"), late, LIMIT).await;
        assert!(matches!(refused, Err(StorageError::Conflict { .. })), "{refused:?}");
    }
    assert_eq!(storage.require_cluster().await.unwrap().name, "b");
}

#[tokio::test]
async fn a_cluster_that_etcd_would_refuse_is_refused_first() {
    let site = Site::start().await;
    let mut large = cluster("large");
    let user = "u".repeat(1000);
    large.nodes = (0..1800)
        .map(|_| cke_model::Node {
            user: user.clone(),
            ..Default::default()
        })
        .collect();
    let refused = site.storage.put_cluster(&large, 0, LIMIT).await.unwrap_err();
    assert!(refused.to_string().contains("--max-request-bytes"), "{refused}");
    let told = site.storage.put_cluster(&large, 0, 100_000_000).await.unwrap_err();
    assert!(
        matches!(told, StorageError::Etcd { .. }),
        "etcd itself has the last word: {told:?}"
    );
    assert_eq!(site.value("cluster").await, None);
}

#[tokio::test]
async fn a_generated_cluster_carries_the_revision_of_its_template() {
    let site = Site::start().await;
    let storage = &site.storage;
    let leader = site.lead("one").await;
    storage.put_sabakan_template(&cluster("template"), LIMIT).await.unwrap();
    let template = storage.sabakan_template().await.unwrap().unwrap();
    let guard = leader.guard();
    let put = |read| storage.put_generated_cluster(&guard, &template.value, template.revision, read, LIMIT);
    put(0).await.unwrap_or_else(|e| panic!("{e}"));
    assert!(matches!(put(0).await, Err(StorageError::Conflict { .. })));
    assert_eq!(storage.template_revision_of_cluster().await.unwrap(), template.revision);
    assert_eq!(
        site.value("cluster-revision").await.unwrap(),
        template.revision.to_string()
    );
}

#[tokio::test]
async fn constraints_begin_with_the_documented_defaults() {
    let site = Site::start().await;
    assert_eq!(site.storage.constraints().await.unwrap(), None);
    let set = |constraints: &mut Constraints| constraints.maximum_repairs = 3;
    let (before, after) = site.storage.change_constraints(set).await.unwrap();
    assert_eq!(before, Constraints::documented_defaults());
    let want = r#"{"control-plane-count":1,"minimum-workers-rate":80,"maximum-unreachable-nodes-for-reboot":0,"maximum-repair-queue-entries":3,"wait-seconds-to-repair-rebooting":0}"#;
    assert_eq!(site.value("constraints").await.unwrap(), want);
    assert_eq!(site.storage.constraints().await.unwrap(), Some(after));
}

#[tokio::test]
async fn everything_is_on_until_it_is_switched_off() {
    let site = Site::start().await;
    let switches = [
        (Switch::Sabakan, "sabakan/disabled"),
        (Switch::AutoRepair, "auto-repair/disabled"),
        (Switch::RebootQueue, "reboots/disabled"),
        (Switch::RepairQueue, "repairs/disabled"),
    ];
    for (switch, key) in switches {
        assert!(site.storage.is_enabled(switch).await.unwrap());
        site.storage.enable(switch, false).await.unwrap();
        assert_eq!(site.value(key).await.unwrap(), "true");
        assert!(!site.storage.is_enabled(switch).await.unwrap());
        site.storage.enable(switch, true).await.unwrap();
        assert_eq!(site.value(key).await.unwrap(), "false");
        site.put(key, "perhaps").await;
        assert!(site.storage.is_enabled(switch).await.unwrap());
    }
}

#[tokio::test]
async fn settings_of_sabakan_are_kept_as_they_are_given() {
    let site = Site::start().await;
    let storage = &site.storage;
    storage.put_sabakan_url("http://10.0.0.1:10080/graphql").await.unwrap();
    assert_eq!(storage.sabakan_url().await.unwrap(), site.value("sabakan/url").await);
    for (of, key) in [
        (Variables::Cluster, "sabakan/query-variables"),
        (Variables::AutoRepair, "auto-repair/query-variables"),
    ] {
        assert_eq!(storage.query_variables(of).await.unwrap(), None);
        storage.put_query_variables(of, "{ \"having\": {} }\n").await.unwrap();
        assert_eq!(site.value(key).await.unwrap(), "{ \"having\": {} }\n");
    }
}

#[tokio::test]
async fn resources_are_listed_in_the_order_of_applying() {
    let site = Site::start().await;
    let resources = site.storage.resources();
    let keys = ["ConfigMap/a/b", "Namespace/z", "Pod/a/a"];
    let pair = |key: &&str| ((*key).to_owned(), format!("of {key}"));
    resources.put(&keys.iter().map(pair).collect::<Vec<_>>()).await.unwrap();
    site.put("resource/a/b/c/d", "").await;
    let all = resources.all().await.unwrap();
    assert_eq!(all.unreadable[0].key, "resource/a/b/c/d");
    let order: Vec<_> = all.entries.iter().map(|r| r.key.as_str()).collect();
    assert_eq!(order, ["Namespace/z", "ConfigMap/a/b", "Pod/a/a"]);
    let revision = site.etcd.get("resource/Pod/a/a").await.unwrap().unwrap().mod_revision;
    assert_eq!(all.entries[2].revision, revision);
    resources
        .delete(&["Pod/a/a".to_owned(), "a/b/c/d".to_owned(), "Pod/none".to_owned()])
        .await
        .unwrap();
    assert_eq!(resources.keys().await.unwrap(), ["ConfigMap/a/b", "Namespace/z"]);
    assert_eq!(resources.get("Namespace/z").await.unwrap().unwrap(), "of Namespace/z");
    let many: Vec<_> = (0..250).map(|n| (format!("Pod/m/{n}"), String::new())).collect();
    resources.put(&many).await.unwrap();
    assert_eq!(resources.keys().await.unwrap().len(), 252);
}
