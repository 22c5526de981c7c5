//! Secrets are planted, used, refused and run into errors; then everything that a server shows is searched for them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use neco_dctest::alone::{self, Alone};
use neco_dctest::furnish;
use neco_dctest::http::{Answer, client, try_send};
use testkit::wait::{PATIENCE, holds, wait_for};

const MACHINE: &str = "10.69.0.4";
const ETCD_PASSWORD: &str = "planted-etcd-password";
const DISK_KEY: &str = "planted-disk-key-of-node-1";
const PASSWORD_HASH: &str = "$6$planted$hash-of-a-password";

async fn by_machine(site: &Alone, method: &str, path: &str, token: &str, body: String) -> Answer {
    let mut request = client(MACHINE).request(method.parse().unwrap(), site.server.url(path));
    if !token.is_empty() {
        request = request.header("x-sabakan-boot-token", token);
    }
    try_send(request.body(body)).await.unwrap()
}

/// A boot as a machine does it, with its token: the token.
async fn boot(site: &Alone) -> String {
    let script = by_machine(site, "GET", "/api/v1/boot/coreos/ipxe/node-1", "", String::new())
        .await
        .expect(200)
        .text();
    let token = script
        .split("?token=")
        .nth(1)
        .and_then(|rest| rest.split_whitespace().next())
        .expect("a token")
        .to_owned();
    let ignition = format!("/api/v1/boot/ignitions/node-1/1.0.0?token={token}");
    let config = by_machine(site, "GET", &ignition, "", String::new())
        .await
        .expect(200)
        .text();
    assert!(config.contains(PASSWORD_HASH), "{config}");
    token
}

/// Keys that are stored, given out, refused in each way.
async fn use_keys(site: &Alone, token: &str) {
    let disk = "/api/v1/crypts/node-1/disk";
    by_machine(site, "PUT", disk, token, DISK_KEY.to_owned())
        .await
        .expect(201);
    assert_eq!(
        by_machine(site, "GET", disk, token, String::new())
            .await
            .expect(200)
            .text(),
        DISK_KEY
    );
    by_machine(site, "PUT", disk, token, format!("{DISK_KEY} again"))
        .await
        .expect(409);
    by_machine(site, "PUT", "/api/v1/crypts/node-1/large", token, DISK_KEY.repeat(500))
        .await
        .expect(413);
    let elsewhere = by_machine(site, "PUT", "/api/v1/crypts/node-2/disk", token, DISK_KEY.to_owned()).await;
    assert_eq!(elsewhere.status, 403, "{}", elsewhere.text());
    by_machine(site, "PUT", disk, &format!("{token}-wrong"), DISK_KEY.to_owned())
        .await
        .expect(403);
    by_machine(
        site,
        "GET",
        &format!("/api/v1/boot/ignitions/node-1/9.9.9?token={token}"),
        "",
        String::new(),
    )
    .await
    .expect(404);
}

/// The same requests while etcd cannot be reached: errors are where values like to show up.
async fn run_into_errors(site: &Alone, token: &str) {
    site.proxy.cut();
    let refused = by_machine(site, "PUT", "/api/v1/crypts/node-1/late", token, DISK_KEY.to_owned()).await;
    assert_eq!(refused.status, 503, "{}", refused.text());
    site.proxy.heal();
    wait_for("etcd to be back", PATIENCE, async || {
        let answer = site.server.ask("PUT", "/api/v1/state/node-1", "healthy").await?;
        holds(answer.status == 200, answer.text())
    })
    .await;
}

/// All that the server shows: what it is and where it came from.
async fn shown(site: &Alone) -> Vec<(&'static str, String)> {
    let proc = |name: &str| {
        let bytes = std::fs::read(format!("/proc/{}/{name}", site.server.pid())).unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    };
    vec![
        ("log", site.server.log()),
        ("cmdline", proc("cmdline")),
        ("environ", proc("environ")),
        ("audit log", site.server.get("/api/v1/logs").await.expect(200).text()),
        (
            "boot log",
            site.server.get("/api/v1/boot-log/node-1").await.expect(200).text(),
        ),
        ("metrics", site.server.metrics().await),
        ("machines", site.server.get("/api/v1/machines").await.expect(200).text()),
    ]
}

#[test]
fn planted_secrets_show_up_nowhere() {
    alone::run_prepared(
        |etcd| etcd.enable_auth("sabakan", ETCD_PASSWORD, "/sabakan/"),
        |values| {
            values["etcd"]["username"] = "sabakan".into();
            values["etcd"]["password"] = ETCD_PASSWORD.into();
            values["boot-token"] = "require".into();
        },
        async |mut site: Alone| {
            site.server.start_with(&["--loglevel=debug"]).await;
            furnish::machines(&site.server, &[("node-1", 0, "worker"), ("node-2", 1, "worker")]).await;
            furnish::boot_files(&site.server, b"kernel").await;
            site.server
                .call("DELETE", "/api/v1/ignitions/worker/1.0.0", "")
                .await
                .expect(200);
            let user = format!(r#""passwd":{{"users":[{{"name":"root","passwordHash":"{PASSWORD_HASH}"}}]}}"#);
            let template =
                furnish::TEMPLATE.replace(r#"{"version":"2.3.0"}"#, &format!(r#"{{"version":"2.3.0"}},{user}"#));
            site.server
                .put("/api/v1/ignitions/worker/1.0.0", template)
                .await
                .expect(201);

            let token = boot(&site).await;
            use_keys(&site, &token).await;
            run_into_errors(&site, &token).await;
            wait_for("the boot to be in the log", PATIENCE, async || {
                let log = site.server.ask("GET", "/api/v1/boot-log/node-1", "").await?;
                holds(log.status == 200 && log.text().contains("ignition"), log.text())
            })
            .await;

            for (place, text) in shown(&site).await {
                assert!(!text.is_empty(), "{place} shows nothing");
                for secret in [ETCD_PASSWORD, DISK_KEY, PASSWORD_HASH, token.as_str()] {
                    let line = text.lines().find(|line| line.contains(secret));
                    assert_eq!(line, None, "{place} shows a secret");
                }
            }
            let limits = std::fs::read_to_string(format!("/proc/{}/limits", site.server.pid())).unwrap();
            let core = limits
                .lines()
                .find(|line| line.starts_with("Max core file size"))
                .unwrap();
            assert!(core.contains(" 0 "), "a core dump would have them all: {core}");
        },
    );
}
