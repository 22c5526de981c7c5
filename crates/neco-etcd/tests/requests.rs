//! Reads, writes and transactions against a real etcd.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod common;

use common::{client, config};
use neco_etcd::{Config, Error, Etcd, MAX_TXN_OPERATIONS, Response, Txn};
use testkit::etcd::Etcd as Server;

#[tokio::test]
async fn keys_are_relative_to_the_prefix() {
    let server = Server::start().await;
    let etcd = client(&server).await;
    let revision = etcd.put("machines/1", "one").await.unwrap();
    assert_eq!(
        server.ctl(&["get", "/sabakan/machines/1", "--print-value-only"]).trim(),
        "one"
    );

    server.ctl(&["put", "/sabakbn/other", "x"]);
    server.ctl(&["put", "/other", "x"]);
    let snapshot = etcd.read_prefix("").await.unwrap();
    assert_eq!(snapshot.revision, revision + 2);
    let kv = &snapshot.kvs[0];
    assert_eq!(
        (snapshot.kvs.len(), kv.key.as_str(), kv.value.as_slice()),
        (1, "machines/1", &b"one"[..])
    );
    assert_eq!(
        (kv.create_revision, kv.mod_revision, kv.version, kv.lease),
        (revision, revision, 1, 0)
    );

    assert!(etcd.delete("machines/1").await.unwrap());
    assert!(!etcd.delete("machines/1").await.unwrap());
    let (gone, at) = etcd.get_with_revision("machines/1").await.unwrap();
    assert_eq!((gone, at), (None, revision + 3));
}

#[tokio::test]
async fn an_empty_prefix_is_the_whole_store() {
    let server = Server::start().await;
    let etcd = Etcd::connect(&Config {
        endpoints: server.endpoints(),
        ..Config::new("")
    })
    .await
    .unwrap();
    etcd.put("a", "1").await.unwrap();
    etcd.put("\u{10ffff}", "2").await.unwrap();
    let keys: Vec<String> = etcd
        .read_prefix("")
        .await
        .unwrap()
        .kvs
        .into_iter()
        .map(|kv| kv.key)
        .collect();
    assert_eq!(keys, ["a", "\u{10ffff}"]);
}

#[tokio::test]
async fn a_large_prefix_is_read_in_pages_at_one_revision() {
    let server = Server::start().await;
    let etcd = client(&server).await;
    for chunk in 0..26 {
        let txn = (0..100).fold(Txn::new(), |t, n| t.put(format!("k/{:05}", chunk * 100 + n), "v"));
        etcd.commit(txn).await.unwrap();
    }
    let snapshot = etcd.read_prefix("k/").await.unwrap();
    assert_eq!(snapshot.kvs.len(), 2600);
    assert!(snapshot.kvs.is_sorted_by(|a, b| a.key < b.key));

    let first = etcd.read_range("k/", "k0", 10, 0).await.unwrap();
    assert!(first.more);
    etcd.delete("k/00011").await.unwrap();
    let rest = etcd.read_range("k/00010", "k0", 0, first.revision).await.unwrap();
    assert_eq!(
        (rest.kvs.len(), rest.revision, rest.more),
        (2590, first.revision, false)
    );

    etcd.compact(first.revision + 1).await.unwrap();
    etcd.compact(first.revision).await.unwrap();
    let old = etcd.read_range("k/", "", 0, first.revision).await;
    assert!(
        matches!(old, Err(Error::Compacted { revision, .. }) if revision == first.revision),
        "{old:?}"
    );
}

#[tokio::test]
async fn a_key_that_is_not_utf8_costs_itself_alone() {
    let server = Server::start().await;
    let etcd = client(&server).await;
    etcd.put("k/a", "1").await.unwrap();
    let raw = b"/sabakan/k/\xff\xfe";
    let mut client = etcd_client::Client::connect(server.endpoints(), None).await.unwrap();
    client.put(raw.to_vec(), "x", None).await.unwrap();
    etcd.put("k/\u{10ffff}", "2").await.unwrap();
    let keys: Vec<String> = etcd
        .read_prefix("k/")
        .await
        .unwrap()
        .kvs
        .into_iter()
        .map(|kv| kv.key)
        .collect();
    assert_eq!(keys, ["k/a", "k/\u{10ffff}"]);
}

#[tokio::test]
async fn guards_decide_which_branch_happens() {
    let server = Server::start().await;
    let etcd = client(&server).await;
    let made = etcd
        .commit(Txn::new().if_absent("a").if_prefix_absent("p/").put("a", "1").get("a"))
        .await
        .unwrap();
    assert!(made.succeeded);
    let Response::Kvs(read) = &made.responses[1] else {
        panic!("{made:?}")
    };
    assert_eq!(read[0].mod_revision, made.revision);

    let stale = Txn::new()
        .if_mod_revision("a", made.revision - 1)
        .put("a", "2")
        .or_else_get("a");
    let stale = etcd.commit(stale).await.unwrap();
    assert!(!stale.succeeded);
    assert!(matches!(&stale.responses[..], [Response::Kvs(kvs)] if kvs[0].value == b"1"));

    let holds = |txn: Txn| async { etcd.commit(txn).await.unwrap().succeeded };
    assert!(holds(Txn::new().if_mod_revision("a", made.revision)).await);
    assert!(holds(Txn::new().if_create_revision("a", made.revision)).await);
    assert!(holds(Txn::new().if_exists("a").if_value("a", "1")).await);
    assert!(!holds(Txn::new().if_exists("b")).await);
    assert!(!holds(Txn::new().if_value("a", "2")).await);
    assert!(!holds(Txn::new().if_prefix_absent("")).await);
    assert!(holds(Txn::new().if_prefix_unchanged_since("", made.revision)).await);
    assert!(!holds(Txn::new().if_prefix_unchanged_since("a", made.revision - 1)).await);

    let gone = etcd.commit(Txn::new().delete_prefix("").get_prefix("")).await.unwrap();
    assert_eq!(gone.responses, [Response::Deleted(1), Response::Kvs(vec![])]);
}

#[tokio::test]
async fn limits_of_etcd_are_told_apart() {
    let server = Server::start().await;
    let etcd = client(&server).await;
    let full = (0..MAX_TXN_OPERATIONS).fold(Txn::new(), |t, n| t.put(format!("k{n}"), "v"));
    assert!(etcd.commit(full.clone()).await.unwrap().succeeded);
    let over = etcd.commit(full.put("one-more", "v")).await;
    assert!(
        matches!(over, Err(Error::TooManyOperations { operations: 129, .. })),
        "{over:?}"
    );

    let large = vec![b'x'; neco_etcd::MAX_REQUEST_BYTES];
    let put = etcd.put("large", large.clone()).await;
    assert!(
        matches!(put, Err(Error::TooLarge { bytes, .. }) if bytes > large.len()),
        "{put:?}"
    );
    let huge = etcd.commit(Txn::new().put("huge", vec![b'x'; 3 << 20])).await;
    assert!(matches!(huge, Err(Error::TooLarge { .. })), "{huge:?}");
    let twice = etcd.commit(Txn::new().put("k", "1").put("k", "2")).await;
    assert!(
        matches!(&twice, Err(Error::Rejected { message, .. }) if message.contains("duplicate")),
        "{twice:?}"
    );
    assert!(!twice.unwrap_err().is_unavailable());
}

#[tokio::test]
async fn a_size_that_fits_is_taken() {
    let server = Server::start().await;
    let etcd = client(&server).await;
    let mut txn = (0..100).fold(Txn::new(), |t, n| t.if_absent(format!("k{n}")).put(format!("k{n}"), ""));
    let room = neco_etcd::MAX_REQUEST_BYTES - txn.bytes(etcd.prefix());
    txn = txn.put("last", vec![b'x'; room - 200]);
    assert!(txn.bytes(etcd.prefix()) <= neco_etcd::MAX_REQUEST_BYTES);
    assert!(etcd.commit(txn).await.unwrap().succeeded);
}

#[tokio::test]
async fn a_full_database_refuses_writes_and_serves_reads() {
    let server = Server::builder().quota_bytes(4 << 20).start().await;
    let etcd = client(&server).await;
    etcd.put("small", "v").await.unwrap();
    let mut last = Ok(0);
    for n in 0..100 {
        last = etcd.put(&format!("filler/{n}"), vec![b'x'; 256 << 10]).await;
        if last.is_err() {
            break;
        }
    }
    let error = last.unwrap_err();
    assert!(matches!(error, Error::QuotaFull { .. }), "{error:?}");
    assert!(error.is_unavailable());
    assert_eq!(etcd.get("small").await.unwrap().unwrap().value, b"v");
}

#[tokio::test]
async fn without_etcd_there_is_an_error_in_bounded_time() {
    let started = std::time::Instant::now();
    let refused = Etcd::connect(&config(vec!["http://127.0.0.1:1".to_owned()]))
        .await
        .unwrap_err();
    assert!(matches!(refused, Error::Unavailable { .. }), "{refused:?}");
    assert!(started.elapsed().as_secs() < 60, "{:?}", started.elapsed());

    let bad = Etcd::connect(&config(vec!["ftp://x".to_owned()])).await.unwrap_err();
    assert!(matches!(bad, Error::Config(_)), "{bad:?}");
}
