//! S42: the audit log.

use crate::common::{Site, actor, config, fleet, open};
use jiff::civil::date;
use jiff::{SignedDuration, Timestamp};
use neco_etcd::Txn;
use parking_lot::Mutex;
use sabakan_model::{AuditCategory, KernelParams, MachineState};
use sabakan_storage::{AuditDraft, Storage, StorageOptions};
use serde_json::Value;
use std::sync::Arc;

async fn entries(storage: &Storage) -> Vec<Value> {
    let mut log = storage.audit_log(None, None);
    let mut lines = Vec::new();
    while let Some(page) = log.next().await.unwrap() {
        lines.extend_from_slice(&page);
    }
    lines
        .split(|b| *b == b'\n')
        .filter(|l| !l.is_empty())
        .map(|l| serde_json::from_slice(l).unwrap())
        .collect()
}

#[tokio::test]
async fn s42_every_change_has_its_entry_at_its_own_revision() {
    let site = Site::start().await;
    let (s, who, m) = (&site.storage, actor(), "m00000");
    let params = KernelParams::new("quiet").unwrap();
    let revisions = [
        s.register(&who, fleet(2)).await.unwrap(),
        s.set_state(&who, m, MachineState::Retiring).await.unwrap().revision,
        s.put_label(&who, m, "a", "b").await.unwrap().revision,
        s.put_kernel_params(&who, "coreos", &params).await.unwrap(),
        s.delete_disk_keys(&who, m).await.unwrap().1,
    ];
    let entries = entries(s).await;
    let field = |e: &Value, name: &str| e[name].as_str().unwrap().to_owned();
    let shown: Vec<_> = entries
        .iter()
        .map(|e| {
            [
                field(e, "category"),
                field(e, "instance"),
                field(e, "action"),
                field(e, "detail"),
            ]
            .join("|")
        })
        .collect();
    assert!(
        shown[0].starts_with(r#"ipam|config|put|{"max-nodes-in-rack":28,"#),
        "{shown:?}"
    );
    assert_eq!(
        shown[1..],
        [
            "machines||register|m00000\nm00001",
            "machines|m00000|set-state|uninitialized -> retiring",
            "machines|m00000|put-label|a/b",
            "kernel-params|coreos|put|quiet",
            "crypts|m00000|delete|",
        ]
    );
    let revs: Vec<_> = entries[1..].iter().map(|e| field(e, "rev")).collect();
    assert_eq!(revs, revisions.map(|r| r.to_string()));
    for entry in &entries {
        assert_eq!(field(entry, "user"), "alice");
        assert_eq!(field(entry, "ip"), "127.0.0.1");
        assert_eq!(field(entry, "host"), "boot-0");
        assert_eq!(field(entry, "request_id"), "req-1");
    }
    for kv in site.etcd.read_prefix("audit/").await.unwrap().kvs {
        assert!(
            kv.key.contains(&format!("/{:016x}-", kv.mod_revision)),
            "{} at {}",
            kv.key,
            kv.mod_revision
        );
    }
}

#[tokio::test]
async fn s42_a_change_that_does_not_happen_leaves_no_entry() {
    let site = Site::start().await;
    let draft = AuditDraft::new(AuditCategory::ASSETS, "x", "put", "");
    let txn = Txn::new()
        .if_exists("assets/x")
        .put("assets/x", "1")
        .or_else_get("ipam")
        .or_else_get("assets/x");
    let outcome = site.storage.commit_audited(&actor(), draft.clone(), txn).await.unwrap();
    assert!(!outcome.succeeded);
    assert_eq!(outcome.responses.len(), 2);
    assert_eq!(site.count("audit/").await, 1);
    let txn = Txn::new().put("assets/x", "1").get("ipam");
    let outcome = site.storage.commit_audited(&actor(), draft, txn).await.unwrap();
    assert!(outcome.succeeded);
    assert_eq!(outcome.responses.len(), 2);
    assert_eq!(site.count("audit/").await, 2);
}

#[tokio::test]
async fn s42_no_entry_is_lost_when_servers_write_at_once() {
    let site = Site::start().await;
    let (other, _stop) = site.another().await;
    let mut tasks = Vec::new();
    for n in 0..400 {
        let storage = if n % 2 == 0 {
            site.storage.clone()
        } else {
            other.clone()
        };
        let draft = AuditDraft::new(AuditCategory::IMAGE, n.to_string(), "put", "");
        let txn = Txn::new().put(format!("x/{n}"), "1");
        tasks.push(tokio::spawn(async move {
            storage.commit_audited(&actor(), draft, txn).await.unwrap().revision
        }));
    }
    let mut revisions = Vec::new();
    for task in tasks {
        revisions.push(task.await.unwrap().to_string());
    }
    let all = entries(&site.storage).await;
    let shown: Vec<_> = all.iter().map(|e| e["rev"].as_str().unwrap()).collect();
    assert_eq!(all.len(), 401);
    for revision in &revisions {
        assert!(shown.contains(&revision.as_str()), "{revision} in {shown:?}");
    }
}

/// Changes in flight are given keys beforehand, so a key may be ahead of the revision when nothing else happens.
#[tokio::test]
async fn s42_an_original_that_writes_at_the_same_revision_replaces_no_entry() {
    let site = Site::start().await;
    site.storage.register(&actor(), fleet(1)).await.unwrap();
    let ours = site.etcd.read_prefix("audit/").await.unwrap().kvs;
    for kv in &ours {
        // The original puts its entry, unguarded, at the day and the revision alone.
        let theirs = kv.key.rsplit_once('-').unwrap().0;
        site.etcd.put(theirs, "{}").await.unwrap();
    }
    let now = site.etcd.read_prefix("audit/").await.unwrap().kvs;
    assert_eq!(now.len(), 2 * ours.len());
    assert!(ours.iter().all(|kv| now.contains(kv)));
}

#[tokio::test]
async fn s42_a_lost_answer_does_not_double_or_lose_a_change() {
    let site = Site::start().await;
    let target = site.server.endpoints()[0].trim_start_matches("http://").to_owned();
    let proxy = testkit::proxy::Proxy::start(target).await;
    let mut through = config(vec![format!("http://{}", proxy.address())]);
    through.timeout = "500ms".to_owned();
    let etcd = neco_etcd::Etcd::connect(&through).await.unwrap();
    let (storage, _stop) = open(&etcd, StorageOptions::default()).await;
    let cutter = tokio::spawn(async move {
        // Cuts fall at any point of a request, which is what the test is about.
        let mut cuts = tokio::time::interval(std::time::Duration::from_millis(40));
        for _ in 0..10 {
            cuts.tick().await;
            proxy.cut();
            proxy.heal();
        }
        proxy
    });
    let mut done = Vec::new();
    for n in 0..200 {
        let draft = AuditDraft::new(AuditCategory::IMAGE, n.to_string(), "put", "");
        let txn = Txn::new().if_absent(format!("x/{n}")).put(format!("x/{n}"), "1");
        match storage.commit_audited(&actor(), draft, txn).await {
            Ok(outcome) => {
                assert!(outcome.succeeded, "{n} was done before and told as not done");
                done.push(n);
            }
            Err(error) => assert!(error.is_unavailable(), "{error:?}"),
        }
    }
    let _proxy = cutter.await.unwrap();
    for n in done {
        assert!(site.value(&format!("x/{n}")).await.is_some(), "{n} was told as done");
    }
    let instances: Vec<_> = entries(&site.storage)
        .await
        .iter()
        .map(|e| e["instance"].to_string())
        .collect();
    let mut distinct = instances.clone();
    distinct.sort();
    distinct.dedup();
    assert_eq!(distinct.len(), instances.len(), "an entry is doubled");
    assert_eq!(instances.len() - 1, site.count("x/").await);
}

#[tokio::test]
async fn s42_entries_go_after_sixty_days_and_one_server_does_it() {
    let site = Site::start().await;
    let clock = Arc::new(Mutex::new("2026-11-22T12:00:00Z".parse::<Timestamp>().unwrap()));
    let told = Arc::clone(&clock);
    let options = StorageOptions {
        clock: Arc::new(move || *told.lock()),
        ..StorageOptions::default()
    };
    let (storage, _stop) = open(&site.etcd, options).await;
    for day in ["20260901", "20260923", "20260924", "20261121"] {
        site.etcd
            .put(&format!("audit/{day}/0000000000000001"), "{}")
            .await
            .unwrap();
    }
    assert_eq!(storage.compact_audit_log().await.unwrap(), 0);
    assert_eq!(site.value("audit").await.unwrap(), r#""2026-11-22T12:00:00Z""#);
    *clock.lock() += SignedDuration::from_hours(22);
    assert_eq!(storage.compact_audit_log().await.unwrap(), 0);
    *clock.lock() += SignedDuration::from_hours(1);
    assert_eq!(storage.compact_audit_log().await.unwrap(), 2);
    assert_eq!(storage.compact_audit_log().await.unwrap(), 0);
    let left = site.etcd.read_prefix("audit/2026").await.unwrap();
    let left: Vec<_> = left
        .kvs
        .iter()
        .map(|kv| &kv.key[6..14])
        .filter(|day| *day < "20261122")
        .map(str::to_owned)
        .collect();
    // The day that is sixty days back is kept whole.
    assert_eq!(left, ["20260924", "20261121"]);
}

#[tokio::test]
async fn s42_a_dump_goes_by_days_and_in_pages() {
    let site = Site::empty().await;
    for n in 0..1203 {
        let day = 1 + n % 3;
        site.etcd
            .put(&format!("audit/2026010{day}/{n:016x}"), format!("{{\"n\":{n}}}"))
            .await
            .unwrap();
    }
    let mut counts = Vec::new();
    for (since, until) in [
        (None, None),
        (Some(2), None),
        (None, Some(2)),
        (Some(2), Some(3)),
        (Some(3), Some(3)),
    ] {
        let at = |d: Option<i8>| d.map(|d| date(2026, 1, d));
        let mut log = site.storage.audit_log(at(since), at(until));
        let mut lines = 0;
        while let Some(page) = log.next().await.unwrap() {
            lines += page.iter().filter(|b| **b == b'\n').count();
        }
        counts.push(lines);
    }
    assert_eq!(counts, [1203, 802, 401, 401, 0]);
}
