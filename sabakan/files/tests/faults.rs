//! Peers that lie, disks that are full, an etcd that is away, values that do not parse, and the original's leavings.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod common;

use std::{fs, path::Path, sync::Arc};

use axum::{Router, body::Body, response::IntoResponse, routing};
use common::{
    cluster::{Server, actor, archive, body, names, storage},
    pattern, until,
};
use http::{HeaderMap, StatusCode};
use sha2::{Digest, Sha256};
use testkit::etcd::Etcd;
use testkit::wait::{PATIENCE, wait_for};

/// A peer that answers every request so.
async fn peer<H, T>(handler: H) -> String
where
    H: axum::handler::Handler<T, ()>,
    T: 'static,
{
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new().fallback(routing::any(handler));
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    url
}

fn index(id: &str, size: usize, urls: &[String]) -> String {
    serde_json::json!([{"id": id, "date": "2026-11-22T16:38:21.327756723Z", "size": size, "urls": urls, "exists": false}]).to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_answers_404_or_garbage_costs_nothing_but_a_try() {
    let etcd = Etcd::start().await;
    let storage = storage(&etcd).await;
    let lost = peer(|| async { StatusCode::NOT_FOUND }).await;
    let garbage = peer(|| async { "not a tar archive".repeat(1000) }).await;
    let other = peer(|| async { archive(b"another kernel", b"image") }).await;
    let endless = peer(|| async {
        let piece = Ok::<_, std::io::Error>(bytes::Bytes::from(vec![0; 65536]));
        Body::from_stream(futures::stream::repeat_with(move || {
            Ok::<_, std::io::Error>(piece.as_ref().unwrap().clone())
        }))
    })
    .await;
    let closed = "http://127.0.0.1:1".to_owned();
    let bad = [lost, garbage, other, endless, closed];
    etcd.ctl(&["put", "/sabakan/images/coreos", &index("1.0", 6 + 6, &bad)]);
    etcd.ctl(&["put", "/sabakan/images/coreos/deleted", "null"]);
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(&storage, dir.path()).await;
    until("every peer was tried", || {
        server.metric("sabakan_files_pulls_total") >= 10.0
    })
    .await;
    assert_eq!(server.metric("sabakan_files_missing"), 1.0);
    assert_eq!(server.ids(), [("1.0".to_owned(), false)]);
    assert_eq!(server.get("boot/coreos/kernel").await.status(), StatusCode::NOT_FOUND);

    // One that answers as the original does: no ranges, no tags.
    let mut urls = bad.to_vec();
    urls.push(peer(|| async { archive(b"kernel", b"initrd") }).await);
    etcd.ctl(&["put", "/sabakan/images/coreos", &index("1.0", 6 + 6, &urls)]);
    until("the good one was found", || server.ids() == [("1.0".to_owned(), true)]).await;
    assert_eq!(server.get("boot/coreos/kernel").await.text().await.unwrap(), "kernel");
    until("nothing is missing", || server.metric("sabakan_files_missing") == 0.0).await;
    until("the hashes are known from the first sight", || {
        etcd.ctl(&["get", "--keys-only", "/sabakan/neco/files/images/coreos/1.0"])
            .contains("1.0")
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_that_is_not_what_the_first_server_saw_is_not_taken() {
    let etcd = Etcd::start().await;
    let storage = storage(&etcd).await;
    let (a, b) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let one = Server::start(&storage, a.path()).await;
    one.upload("1.0", b"kernel", b"initrd").await.unwrap();
    // Same size, another content: on the disk, as a stale copy, and from a peer.
    let stale = b.path().join("images/coreos/1.0");
    fs::create_dir_all(&stale).unwrap();
    fs::write(stale.join("kernel"), "KERNEL").unwrap();
    fs::write(stale.join("initrd.gz"), "INITRD").unwrap();
    let liar = peer(|| async { archive(b"kErNeL", b"initrd") }).await;
    let stored = etcd.ctl(&["get", "--print-value-only", "/sabakan/images/coreos"]);
    etcd.ctl(&[
        "put",
        "/sabakan/images/coreos",
        &stored.trim().replace("\"urls\":[", &format!("\"urls\":[\"{liar}/x\",")),
    ]);
    let two = Server::start(&storage, b.path()).await;
    until("the stale copy is replaced", || {
        fs::read(stale.join("kernel")).is_ok_and(|kernel| kernel == b"kernel")
    })
    .await;
    assert!(two.metric("sabakan_files_corrupt_total") >= 1.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_pull_goes_on_where_it_broke_off() {
    let etcd = Etcd::start().await;
    let storage = storage(&etcd).await;
    let bytes = pattern(4_000_000);
    let sha256 = hex::encode(Sha256::digest(&bytes));
    let asked = Arc::new(parking_lot::Mutex::new(Vec::new()));
    let (seen, content, sum) = (Arc::clone(&asked), bytes.clone(), sha256.clone());
    let flaky = peer(move |headers: HeaderMap| async move {
        let range = headers.get("range").map(|range| range.to_str().unwrap().to_owned());
        seen.lock().push(range.clone());
        let from: usize = range.map_or(0, |range| {
            range["bytes=".len()..].trim_end_matches('-').parse().unwrap()
        });
        // A million bytes at a time, then the connection is cut.
        let until = (from + 1_000_000).min(content.len());
        let mut pieces = vec![Ok(bytes::Bytes::copy_from_slice(&content[from..until]))];
        if until < content.len() {
            pieces.push(Err(std::io::Error::other("cut")));
        }
        let slow = futures::stream::unfold(pieces.into_iter(), |mut pieces| async {
            tokio::time::sleep(std::time::Duration::from_millis(30)).await;
            pieces.next().map(|piece| (piece, pieces))
        });
        let status = if from == 0 {
            StatusCode::OK
        } else {
            StatusCode::PARTIAL_CONTENT
        };
        let headers = [
            ("x-sabakan-asset-id", "1".to_owned()),
            ("x-sabakan-asset-sha256", sum),
            ("etag", "\"tag\"".to_owned()),
            ("content-length", (content.len() - from).to_string()),
            (
                "content-range",
                format!("bytes {from}-{}/{}", content.len() - 1, content.len()),
            ),
        ];
        (status, headers, Body::from_stream(slow)).into_response()
    })
    .await;
    let asset = serde_json::json!({"name": "a", "id": "1", "content-type": "text/plain", "date": "2026-11-22T16:38:21Z",
        "size": bytes.len(), "sha256": sha256, "urls": [flaky], "exists": false, "options": {}});
    etcd.ctl(&["put", "/sabakan/assets", "1"]);
    etcd.ctl(&["put", "/sabakan/assets/a", &asset.to_string()]);
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(&storage, dir.path()).await;
    until("it is complete", || names(&dir.path().join("assets")) == ["1"]).await;
    assert!(fs::read(dir.path().join("assets/1")).unwrap() == bytes);
    let asked = asked.lock().clone();
    assert_eq!(asked[0], None);
    assert!(
        asked.len() >= 4 && asked[1..].iter().all(|range| range.as_deref() != Some("bytes=0-")),
        "{asked:?}"
    );
    assert!(asked[1].is_some(), "{asked:?}");
    until("partial is empty again", || {
        names(&server.dir.join("neco/files/partial")).is_empty()
    })
    .await;
}

/// A small file system of its own.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let flags = nix::mount::MsFlags::empty();
        nix::mount::mount(Some("tmpfs"), dir.path(), Some("tmpfs"), flags, Some("size=8m")).unwrap();
        Self(dir)
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        nix::mount::umount2(self.0.path(), nix::mount::MntFlags::MNT_DETACH).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_reported_and_hurts_nothing_that_is_there() {
    let etcd = Etcd::start().await;
    let storage = storage(&etcd).await;
    let disk = SmallDisk::new();
    let big_dir = tempfile::tempdir().unwrap();
    let server = Server::start(&storage, disk.0.path()).await;
    server.upload("1.0", b"kernel", &pattern(2_000_000)).await.unwrap();
    server.put("a", b"asset").await.unwrap();

    let status = |result: Result<(), sabakan_files::FilesError>| result.unwrap_err().status();
    // Of unknown length: the disk says it in the middle of the body.
    assert_eq!(
        status(server.upload("2.0", b"kernel", &pattern(20_000_000)).await),
        StatusCode::INSUFFICIENT_STORAGE
    );
    // Of known length: it is refused before the body.
    let (images, actor) = (server.files.images(), actor());
    let promised = images
        .upload(&actor, "coreos", "2.0", Some(20_000_000), body(archive(b"k", b"i")))
        .await;
    assert_eq!(status(promised), StatusCode::INSUFFICIENT_STORAGE);
    assert_eq!(
        server.put("b", &pattern(20_000_000)).await.unwrap_err().status(),
        StatusCode::INSUFFICIENT_STORAGE
    );
    assert_eq!(server.metric("sabakan_files_disk_full_total"), 3.0);
    until("staging is empty again", || {
        names(&server.dir.join("neco/files/staging")).is_empty()
    })
    .await;

    // A pull that does not fit.
    let other = Server::start(&storage, big_dir.path()).await;
    other.upload("3.0", b"new kernel", &pattern(7_000_000)).await.unwrap();
    until("the pull was refused", || {
        server.metric("sabakan_files_disk_full_total") >= 4.0
    })
    .await;
    assert_eq!(
        server.get("boot/coreos/kernel").await.text().await.unwrap(),
        "kernel",
        "what is there is served"
    );
    assert_eq!(server.get("assets/a").await.text().await.unwrap(), "asset");
    assert_eq!(server.ids(), [("1.0".to_owned(), true), ("3.0".to_owned(), false)]);

    // Room again: a deletion makes it.
    other.files.images().delete(&actor, "coreos", "3.0").await.unwrap();
    other.upload("4.0", b"small kernel", b"initrd").await.unwrap();
    until("the next one fits", || {
        server.ids().last() == Some(&("4.0".to_owned(), true))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn machines_boot_while_etcd_is_away_and_after_a_restart_too() {
    let etcd = Etcd::start().await;
    let storage = storage(&etcd).await;
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(&storage, dir.path()).await;
    server.upload("1.0", b"kernel", b"initrd").await.unwrap();
    server.put("a", b"asset").await.unwrap();
    until("the copy is written", || {
        fs::read_to_string(dir.path().join("neco/files/index.json")).is_ok_and(|text| text.contains("assets/a"))
    })
    .await;
    etcd.kill_all();
    assert_eq!(server.get("boot/coreos/kernel").await.text().await.unwrap(), "kernel");
    let error = server.put("b", b"x").await.unwrap_err();
    assert_eq!(error.status(), StatusCode::SERVICE_UNAVAILABLE, "{error}");
    server.stop().await;

    let server = Server::start(&storage, dir.path()).await;
    assert_eq!(server.get("boot/coreos/kernel").await.text().await.unwrap(), "kernel");
    assert_eq!(
        server.get("boot/coreos/initrd.gz").await.text().await.unwrap(),
        "initrd"
    );
    assert_eq!(server.get("assets/a").await.text().await.unwrap(), "asset");
    assert_eq!(server.image_dirs(), ["1.0"], "nothing is removed on the word of a copy");
    etcd.restart_all().await;
    wait_for("etcd to be used again", PATIENCE, || async {
        storage.etcd().get("x").await.map_err(|error| error.to_string())
    })
    .await;
    server.upload("2.0", b"kernel 2", b"initrd").await.unwrap();
    assert_eq!(server.get("boot/coreos/kernel").await.text().await.unwrap(), "kernel 2");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_does_not_parse_takes_nothing_down() {
    let etcd = Etcd::start().await;
    let storage = storage(&etcd).await;
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(&storage, dir.path()).await;
    server.upload("1.0", b"kernel", b"initrd").await.unwrap();
    server.put("a", b"asset").await.unwrap();
    let good = etcd.ctl(&["get", "--print-value-only", "/sabakan/images/coreos"]);
    etcd.ctl(&["put", "/sabakan/images/coreos", "{broken"]);
    etcd.ctl(&["put", "/sabakan/assets/bad", "null null"]);
    until("it is counted", || {
        server.metric("sabakan_files_unreadable_values") == 2.0
    })
    .await;
    assert_eq!(server.get("boot/coreos/kernel").await.text().await.unwrap(), "kernel");
    assert_eq!(server.put("b", b"more").await.unwrap(), 2, "the others go on");
    let error = server.upload("2.0", b"k", b"i").await.unwrap_err();
    assert!(
        error.to_string().contains("images/coreos"),
        "nothing is written over it: {error}"
    );
    etcd.ctl(&["put", "/sabakan/images/coreos", good.trim()]);
    etcd.ctl(&["del", "/sabakan/assets/bad"]);
    until("all is well again", || {
        server.metric("sabakan_files_unreadable_values") == 0.0
    })
    .await;
    server.upload("2.0", b"k", b"i").await.unwrap();
}

fn vectors() -> serde_json::Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors/sabakan-etcd.json");
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_originals_data_directory_and_etcd_are_taken_over() {
    let etcd = Etcd::start().await;
    let vectors = vectors();
    let mut stored = Vec::new();
    for pair in vectors["etcd"].as_array().unwrap() {
        let (Some(key), Some(text)) = (pair["key"].as_str(), pair["text"].as_str()) else {
            continue;
        };
        if key.starts_with("/sabakan/images") || key.starts_with("/sabakan/assets") || key == "/sabakan/version" {
            etcd.ctl(&["put", key, text]);
            stored.push((key.to_owned(), text.to_owned()));
        }
    }
    let storage = storage(&etcd).await;
    let dir = tempfile::tempdir().unwrap();
    let image = dir.path().join("images/coreos/1001.0.0");
    for path in [
        &image,
        &dir.path().join("images/coreos/_tmp42"),
        &dir.path().join("assets"),
    ] {
        fs::create_dir_all(path).unwrap();
    }
    // The image of 1,400 bytes, the two assets that are the same ten bytes, and what a killed original leaves.
    fs::write(image.join("kernel"), vec![b'k'; 600]).unwrap();
    fs::write(image.join("initrd.gz"), vec![b'i'; 800]).unwrap();
    fs::create_dir_all(dir.path().join("images/coreos/1000.0.0")).unwrap();
    fs::write(dir.path().join("assets/.tmp77"), "x").unwrap();
    fs::write(dir.path().join("lastrev"), "55").unwrap();
    // The same boot server under another program.
    let advertise = |options: &mut sabakan_files::Options| options.advertise_url = "http://10.69.0.3:10080".to_owned();
    let server = Server::start_with(&storage, dir.path(), advertise).await;
    until("it knows the image", || server.ids() == [("1001.0.0".to_owned(), true)]).await;
    until("the deleted image is gone", || server.image_dirs() == ["1001.0.0"]).await;
    assert_eq!(server.get("boot/coreos/kernel").await.bytes().await.unwrap().len(), 600);
    assert!(names(&dir.path().join("assets")).is_empty());
    let names = serde_json::to_value(server.files.assets().names()).unwrap();
    let answer = |path: &str| vectors["get"][path]["body"].as_str().unwrap().trim().to_owned();
    assert_eq!(names.to_string(), answer("/api/v1/assets"));
    let listed = sabakan_model::to_go_json(&server.files.images().index("coreos").unwrap()).unwrap();
    assert_eq!(String::from_utf8(listed).unwrap(), answer("/api/v1/images/coreos"));

    // The assets are not here and their only server is gone: the checkpoint makes an original look again.
    until("the checkpoint is taken back", || {
        fs::read_to_string(dir.path().join("lastrev")).unwrap() == "0"
    })
    .await;
    until("the hashes are noted", || {
        etcd.ctl(&["get", "--prefix", "/sabakan/neco/files/"])
            .contains("1001.0.0")
    })
    .await;
    for (key, text) in stored.iter().filter(|(key, _)| !key.ends_with("coreos")) {
        assert_eq!(
            etcd.ctl(&["get", "--print-value-only", key]).trim_end_matches('\n'),
            text,
            "{key}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_etcd_does_not_know_rest_for_their_grace() {
    let etcd = Etcd::start().await;
    let storage = storage(&etcd).await;
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(&storage, dir.path()).await;
    server.upload("1.0", b"kernel", b"initrd").await.unwrap();
    server.stop().await;
    for path in ["images/coreos/0.9", "images/coreos/0.8"] {
        fs::create_dir_all(dir.path().join(path)).unwrap();
    }
    fs::write(dir.path().join("assets/9"), "from another past of etcd").unwrap();
    for pull in ["image-coreos-0.9", "image-coreos-0.9.validator", "asset-9"] {
        fs::write(dir.path().join("neco/files/partial").join(pull), "nobody waits for it").unwrap();
    }
    let server = Server::start(&storage, dir.path()).await;
    server.upload("1.1", b"kernel", b"initrd").await.unwrap();
    until("the new one is here", || {
        server.image_dirs().contains(&"1.1".to_owned())
    })
    .await;
    assert_eq!(server.image_dirs(), ["0.8", "0.9", "1.0", "1.1"]);
    until("pulls that nobody waits for are gone", || {
        names(&dir.path().join("neco/files/partial")).is_empty()
    })
    .await;
    server.stop().await;
    let server = Server::start_with(&storage, dir.path(), |options| {
        options.orphan_grace = std::time::Duration::ZERO
    })
    .await;
    until("their time is over", || server.image_dirs() == ["1.0", "1.1"]).await;
    until("assets too", || names(&dir.path().join("assets")).is_empty()).await;
}
