//! Images on several servers that share a real etcd.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod common;

use common::{
    cluster::{Server, actor, archive, body, names, storage},
    pattern, until,
};
use http::StatusCode;
use testkit::etcd::Etcd;

#[tokio::test(flavor = "multi_thread")]
async fn an_image_uploaded_once_is_pulled_checked_and_served_by_every_server() {
    let etcd = Etcd::start().await;
    let storage = storage(&etcd).await;
    let dirs: Vec<_> = (0..3).map(|_| tempfile::tempdir().unwrap()).collect();
    let mut servers = Vec::new();
    for dir in &dirs {
        servers.push(Server::start(&storage, dir.path()).await);
    }
    let (kernel, initrd) = (pattern(3_000_001), pattern(5_000_000));
    servers[0].upload("1.0", &kernel, &initrd).await.unwrap();
    assert_eq!(
        servers[0].ids(),
        [("1.0".to_owned(), true)],
        "who uploaded sees it at once"
    );
    for server in &servers {
        until("every server has the image", || {
            server.ids() == [("1.0".to_owned(), true)]
        })
        .await;
        let response = server.get("boot/coreos/kernel").await;
        assert_eq!(response.headers()["content-type"], "application/octet-stream");
        assert!(response.bytes().await.unwrap() == kernel);
        assert!(server.get("boot/coreos/initrd.gz").await.bytes().await.unwrap() == initrd);
    }
    let etag = |server: &Server| server.files.images().archive("coreos", "1.0").unwrap().etag;
    assert!(etag(&servers[0]).is_some());
    assert_eq!(
        etag(&servers[0]),
        etag(&servers[2]),
        "a pull can be resumed at another server"
    );
    until("all three URLs are registered", || {
        etcd.ctl(&["get", "/sabakan/images/coreos"]).matches("http://").count() == 3
    })
    .await;
    assert!(
        etcd.ctl(&["get", "/sabakan/neco/files/images/coreos/1.0"])
            .contains("sha256")
    );
    assert_eq!(
        etcd.ctl(&["get", "--prefix", "--keys-only", "/sabakan/images/"])
            .split_whitespace()
            .count(),
        2
    );

    // A newer one is served as soon as it is whole; deleting it is the way back.
    servers[1].upload("2.0", b"new kernel", b"new initrd").await.unwrap();
    for server in &servers {
        until("2.0 is here", || server.ids().last() == Some(&("2.0".to_owned(), true))).await;
        assert_eq!(
            server.get("boot/coreos/kernel").await.text().await.unwrap(),
            "new kernel"
        );
    }
    servers[2]
        .files
        .images()
        .delete(&actor(), "coreos", "2.0")
        .await
        .unwrap();
    for server in &servers {
        until("the deleted one has left the disk", || server.image_dirs() == ["1.0"]).await;
        assert!(server.get("boot/coreos/kernel").await.bytes().await.unwrap() == kernel);
        until("it is no longer counted", || {
            server.metric("sabakan_images_items_total") == 1.0
        })
        .await;
        assert_eq!(server.metric("sabakan_images_bytes_total"), 8_000_001.0);
        until("partial is empty again", || {
            names(&server.dir.join("neco/files/partial")).is_empty()
        })
        .await;
        until("staging is empty again", || {
            names(&server.dir.join("neco/files/staging")).is_empty()
        })
        .await;
    }
    let audit = etcd.ctl(&["get", "--prefix", "--print-value-only", "/sabakan/audit/"]);
    for words in [
        r#""action":"upload","detail":"id=1.0""#,
        r#""action":"delete","detail":"id=2.0""#,
    ] {
        assert_eq!(audit.matches(words).count(), 1, "{words} in {audit}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ids_are_used_once_and_the_same_image_may_come_again() {
    let etcd = Etcd::start().await;
    let storage = storage(&etcd).await;
    let (a, b) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let one = Server::start(&storage, a.path()).await;
    let two = Server::start_with(&storage, b.path(), |options| {
        options.jitter = std::time::Duration::from_secs(600)
    })
    .await;
    for id in 1..=6 {
        one.upload(&id.to_string(), format!("kernel {id}").as_bytes(), b"initrd")
            .await
            .unwrap();
    }
    let ids: Vec<String> = one.ids().into_iter().map(|(id, _)| id).collect();
    assert_eq!(ids, ["2", "3", "4", "5", "6"], "five are kept");
    until("the dropped one has left the disk", || {
        one.image_dirs() == ["2", "3", "4", "5", "6"]
    })
    .await;

    // The same content again: it becomes the newest. On another server too, which has no copy of it yet.
    one.upload("3", b"kernel 3", b"initrd").await.unwrap();
    assert_eq!(one.get("boot/coreos/kernel").await.text().await.unwrap(), "kernel 3");
    two.upload("4", b"kernel 4", b"initrd").await.unwrap();
    let ids: Vec<String> = two.ids().into_iter().map(|(id, _)| id).collect();
    assert_eq!(ids, ["2", "5", "6", "3", "4"]);

    let refused = |result: Result<(), sabakan_files::FilesError>| result.unwrap_err().status();
    assert_eq!(
        refused(one.upload("3", b"kernel X", b"initrd").await),
        StatusCode::CONFLICT
    );
    assert_eq!(
        refused(two.upload("5", b"kernel X", b"initrd").await),
        StatusCode::CONFLICT,
        "where there is no copy"
    );
    assert_eq!(
        refused(one.upload("1", b"kernel 1", b"initrd").await),
        StatusCode::CONFLICT,
        "dropped"
    );
    one.files.images().delete(&actor(), "coreos", "2").await.unwrap();
    assert_eq!(
        refused(two.upload("2", b"kernel 2", b"initrd").await),
        StatusCode::CONFLICT,
        "deleted"
    );
    assert_eq!(
        refused(one.files.images().delete(&actor(), "coreos", "2").await),
        StatusCode::NOT_FOUND
    );
    for (os, id) in [
        ("coreos", ".."),
        ("coreos", "a/b"),
        ("coreos", ""),
        ("..", "1"),
        ("Core", "1"),
        ("ubuntu", "1"),
    ] {
        let result = one
            .files
            .images()
            .upload(&actor(), os, id, None, body(archive(b"k", b"i")))
            .await;
        assert_eq!(refused(result), StatusCode::BAD_REQUEST, "{os}/{id}");
    }
    let (images, actor) = (one.files.images(), actor());
    let broken = images
        .upload(&actor, "coreos", "9", None, body(b"not a tar archive".repeat(100)))
        .await;
    assert_eq!(refused(broken), StatusCode::BAD_REQUEST);
    let stalls = futures::stream::pending::<Result<bytes::Bytes, std::io::Error>>();
    let slow = images.upload(&actor, "coreos", "9", None, stalls).await;
    assert_eq!(refused(slow), StatusCode::REQUEST_TIMEOUT);
    assert!(
        names(&a.path().join("neco/files/staging")).is_empty(),
        "nothing is left of what was refused"
    );
    assert_eq!(
        etcd.ctl(&["get", "--print-value-only", "/sabakan/images/coreos/deleted"])
            .trim(),
        r#"["1","2"]"#
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn uploads_at_the_same_time_lose_nothing() {
    let etcd = Etcd::start().await;
    let storage = storage(&etcd).await;
    let (a, b) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (one, two) = (
        Server::start(&storage, a.path()).await,
        Server::start(&storage, b.path()).await,
    );
    let (r1, r2, r3, r4) = tokio::join!(
        one.upload("1", b"one", b"i"),
        two.upload("2", b"two", b"i"),
        one.upload("3", b"three", b"i"),
        two.upload("4", b"four", b"i")
    );
    for result in [r1, r2, r3, r4] {
        result.unwrap();
    }
    for server in [&one, &two] {
        until("both have all four", || {
            server.ids().iter().filter(|(_, exists)| *exists).count() == 4
        })
        .await;
    }
    // One ID, two contents: one of them wins, everywhere.
    let (r1, r2) = tokio::join!(one.upload("5", b"this", b"i"), two.upload("5", b"that", b"i"));
    assert_ne!(r1.is_ok(), r2.is_ok(), "{r1:?} {r2:?}");
    let wanted = if r1.is_ok() { "this" } else { "that" };
    for server in [&one, &two] {
        until("the winner is everywhere", || {
            server.ids().last() == Some(&("5".to_owned(), true))
        })
        .await;
        until("it is the winner's content", || {
            std::fs::read_to_string(server.dir.join("images/coreos/5/kernel")).is_ok_and(|text| text == wanted)
        })
        .await;
    }
}
