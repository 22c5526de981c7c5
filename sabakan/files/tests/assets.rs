//! Assets on several servers that share a real etcd.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod common;

use std::time::Duration;

use common::{
    cluster::{Server, actor, body, client, names, storage},
    pattern, until,
};
use http::{HeaderMap, StatusCode};
use sabakan_files::assets::AssetPut;
use testkit::etcd::Etcd;

#[tokio::test(flavor = "multi_thread")]
async fn an_asset_is_stored_pulled_replaced_and_removed() {
    let etcd = Etcd::start().await;
    let storage = storage(&etcd).await;
    let (a, b) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (one, two) = (
        Server::start(&storage, a.path()).await,
        Server::start(&storage, b.path()).await,
    );
    let bytes = pattern(2_000_000);
    assert_eq!(one.put("tool.img", &bytes).await.unwrap(), 1);
    assert_eq!(one.files.assets().names(), ["tool.img"]);
    until("the other server has it", || names(&b.path().join("assets")) == ["1"]).await;
    until("its URL is registered", || {
        etcd.ctl(&["get", "/sabakan/assets/tool.img"])
            .matches("http://")
            .count()
            == 2
    })
    .await;

    for server in [&one, &two] {
        let response = server.get("assets/tool.img").await;
        let headers = response.headers().clone();
        assert_eq!(headers["content-type"], "text/plain");
        assert_eq!(headers["x-sabakan-asset-id"], "1");
        assert_eq!(headers["x-sabakan-asset-options-version"], "1.0.0");
        assert!(response.bytes().await.unwrap() == bytes);
        let sha256 = headers["x-sabakan-asset-sha256"].to_str().unwrap();
        assert_eq!(headers["etag"], format!("\"{sha256}\""));

        let url = server.url("assets/tool.img");
        let part = client()
            .get(&url)
            .header("range", "bytes=100-199")
            .send()
            .await
            .unwrap();
        assert_eq!(
            (part.status(), part.bytes().await.unwrap().to_vec()),
            (StatusCode::PARTIAL_CONTENT, bytes[100..200].to_vec())
        );
        let since = headers["last-modified"].clone();
        let unchanged = client()
            .get(&url)
            .header("if-modified-since", since)
            .send()
            .await
            .unwrap();
        assert_eq!(unchanged.status(), StatusCode::NOT_MODIFIED);
        let head = client().head(&url).send().await.unwrap();
        assert_eq!(
            (head.status(), &head.headers()["content-length"]),
            (StatusCode::OK, &http::HeaderValue::from(2_000_000))
        );
    }

    assert_eq!(two.put("tool.img", b"new content").await.unwrap(), 2);
    for server in [&one, &two] {
        until("the old content has left the disk", || {
            names(&server.dir.join("assets")) == ["2"]
        })
        .await;
        assert_eq!(server.get("assets/tool.img").await.text().await.unwrap(), "new content");
        assert_eq!(server.metric("sabakan_assets_items_total"), 1.0);
        assert_eq!(server.metric("sabakan_assets_bytes_total"), 11.0);
    }
    assert!(one.files.assets().info("tool.img").unwrap().exists);
    one.files.assets().delete(&actor(), "tool.img").await.unwrap();
    assert_eq!(
        one.files
            .assets()
            .delete(&actor(), "tool.img")
            .await
            .unwrap_err()
            .status(),
        StatusCode::NOT_FOUND
    );
    for server in [&one, &two] {
        until("it has left the disk", || names(&server.dir.join("assets")).is_empty()).await;
        assert_eq!(server.metric("sabakan_assets_items_total"), 0.0);
    }
    let audit = etcd.ctl(&["get", "--prefix", "--print-value-only", "/sabakan/audit/"]);
    assert_eq!(
        audit.matches(r#""action":"put","detail":"new checksum: "#).count(),
        2,
        "{audit}"
    );
    assert_eq!(
        audit.matches(r#""instance":"tool.img","action":"delete""#).count(),
        1,
        "{audit}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_here_is_redirected_to_a_peer() {
    let etcd = Etcd::start().await;
    let storage = storage(&etcd).await;
    let (a, b) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let one = Server::start(&storage, a.path()).await;
    let two = Server::start_with(&storage, b.path(), |options| options.jitter = Duration::from_secs(600)).await;
    one.put("a", b"content").await.unwrap();
    until("the other server knows it", || two.files.assets().names() == ["a"]).await;
    let response = two.get("assets/a").await;
    assert_eq!(response.status(), StatusCode::FOUND);
    assert_eq!(response.headers()["location"], one.url("assets/a"));
    assert!(!two.files.assets().info("a").unwrap().exists);

    // Only this server is named, and has lost its copy: a redirect would go round in circles.
    std::fs::remove_file(a.path().join("assets/1")).unwrap();
    let error = one.files.assets().find("a").unwrap_err();
    assert_eq!(error.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(
        one.files.assets().find("b").unwrap_err().status(),
        StatusCode::NOT_FOUND
    );
}

fn request(name: &str, more: &[(&str, &str)]) -> Result<AssetPut, u16> {
    let mut headers = HeaderMap::new();
    for (name, value) in [("content-type", "text/plain"), ("content-length", "3")]
        .iter()
        .chain(more)
    {
        let name = http::HeaderName::from_bytes(name.as_bytes()).unwrap();
        headers.remove(&name);
        if !value.is_empty() {
            headers.insert(name, value.parse().unwrap());
        }
    }
    AssetPut::from_request(name, &headers).map_err(|error| error.status().as_u16())
}

#[test]
fn wrong_requests_are_refused_before_the_body() {
    let good = request(
        "a",
        &[
            ("X-Sabakan-Asset-Options-Version", "1.0.0"),
            ("x-sabakan-asset-sha256", &"AB".repeat(32)),
        ],
    );
    let good = good.unwrap();
    assert_eq!(good.options["version"], "1.0.0");
    assert_eq!(good.sha256.unwrap(), "ab".repeat(32));
    for (name, more, status) in [
        ("a", vec![("content-type", "")], 400),
        ("a", vec![("content-length", "")], 411),
        ("a", vec![("content-length", "x")], 400),
        ("a", vec![("content-length", "4294967297")], 413),
        ("a", vec![("x-sabakan-asset-sha256", "zz")], 400),
        ("a", vec![("x-sabakan-asset-sha256", "ab")], 400),
        ("..", vec![], 400),
        ("a/b", vec![], 400),
        ("", vec![], 400),
        ("a", vec![("x-sabakan-asset-options-version", "a b")], 400),
    ] {
        assert_eq!(request(name, &more).unwrap_err(), status, "{name} {more:?}");
    }
    assert!(
        request("a", &[("content-length", "4294967296")]).is_ok(),
        "4 GiB are allowed"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_not_what_was_said_changes_nothing() {
    let etcd = Etcd::start().await;
    let storage = storage(&etcd).await;
    let a = tempfile::tempdir().unwrap();
    let one = Server::start(&storage, a.path()).await;
    let put = |bytes: &'static [u8], more: &[(&str, &str)]| {
        let put = request("a", more).unwrap();
        let assets = one.files.assets();
        async move {
            assets
                .put(&actor(), put, body(bytes.to_vec()))
                .await
                .map_err(|error| error.status().as_u16())
        }
    };
    assert_eq!(
        put(b"abc", &[("x-sabakan-asset-sha256", &"00".repeat(32))])
            .await
            .unwrap_err(),
        400
    );
    assert_eq!(put(b"abcd", &[]).await.unwrap_err(), 400, "longer than it said");
    assert_eq!(put(b"ab", &[]).await.unwrap_err(), 408, "it broke off");
    assert_eq!(
        etcd.ctl(&["get", "--prefix", "--keys-only", "/sabakan/assets"]).trim(),
        "",
        "no number is used up"
    );
    let abc = "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD";
    let status = put(b"abc", &[("x-sabakan-asset-sha256", abc)]).await.unwrap();
    assert_eq!((status.status, status.id.0), (201, 1));
    assert_eq!(put(b"abc", &[]).await.unwrap().status, 200);
    until("only the new content is there", || {
        names(&a.path().join("assets")) == ["2"]
    })
    .await;
    until("staging is empty again", || {
        names(&a.path().join("neco/files/staging")).is_empty()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_was_away_over_a_compaction_catches_up() {
    let etcd = Etcd::start().await;
    let storage = storage(&etcd).await;
    let (a, b) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let one = Server::start(&storage, a.path()).await;
    let two = Server::start(&storage, b.path()).await;
    one.put("gone", b"gone").await.unwrap();
    one.put("stays", b"stays").await.unwrap();
    until("the other server has both", || {
        names(&b.path().join("assets")) == ["1", "2"]
    })
    .await;
    let lastrev = || {
        std::fs::read_to_string(b.path().join("lastrev"))
            .unwrap_or_default()
            .parse::<i64>()
            .unwrap_or(0)
    };
    until("the checkpoint is written", || lastrev() > 0).await;
    two.stop().await;
    let before = lastrev();

    one.files.assets().delete(&actor(), "gone").await.unwrap();
    one.put("stays", b"changed").await.unwrap();
    one.put("new", b"new").await.unwrap();
    let status = etcd.ctl(&["get", "/sabakan/assets", "-w", "json"]);
    let revision = serde_json::from_str::<serde_json::Value>(&status).unwrap()["header"]["revision"].to_string();
    etcd.ctl(&["compact", &revision]);

    let two = Server::start(&storage, b.path()).await;
    until("it has what it missed", || {
        names(&b.path().join("assets")) == ["3", "4"]
    })
    .await;
    assert_eq!(two.get("assets/stays").await.text().await.unwrap(), "changed");
    until("the checkpoint moved on", || lastrev() > before).await;
}
