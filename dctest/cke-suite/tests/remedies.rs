//! Faults that end by themselves, and those that wait for a person (rows C1, C8, X2): `ckecli explain` names the reason and what to do, and
//! when it is done the cluster is whole again.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::print_stdout, reason = "a test says how long it took")]

use std::time::{Duration, Instant};

use neco_cke_suite::daemon::Options;
use neco_cke_suite::road::Road;
use neco_cke_suite::site::{self, PATIENCE, Site};
use serde_json::json;
use testkit::fleet::{Node, User};
use testkit::wait::{holds, wait_for};

#[test]
fn faults_end_by_themselves_or_say_what_to_do() {
    site::run(1, 1, async |site| {
        let road = Road::to_vault(site);
        site.bring_up(User::Cke).await;
        site.wait_for_ready(2).await;

        vault_is_slow(site, &road).await;
        vault_hangs(site, &road).await;
        tokens_are_revoked(site).await;
        credentials_are_withdrawn(site, &road).await;
        a_node_is_rebooted_under_an_operation(site).await;
        our_clock_is_behind(site).await;
        our_clock_is_ahead(site).await;
        a_certificate_has_ended(site).await;
        a_disk_is_full(site).await;
    });
}

/// All is as before: nothing is left to do or to explain, all nodes are Ready.
async fn whole_again(what: &str, began: Instant, site: &mut Site) {
    let mended = began.elapsed();
    site.wait_for_completed().await;
    site.wait_for_ready(2).await;
    wait_for("nothing to explain", PATIENCE, async || {
        let said = site.ckecli(&["explain"]);
        holds(said.contains("- nothing is to be done"), said)
    })
    .await;
    println!(
        "{what}: {mended:?}, and whole again {:?} after it",
        began.elapsed() - mended
    );
}

/// What a person who asks is told.
async fn explained(site: &Site, subject: &str, parts: &[&str]) {
    wait_for(&format!("{parts:?} to be explained"), PATIENCE, async || {
        let (_, said, error) = site.try_ckecli(&["explain", subject]);
        holds(parts.iter().all(|part| said.contains(part)), said + &error)
    })
    .await;
}

fn node<'a>(site: &'a Site, name: &str) -> &'a Node {
    site.fleet.node(name).unwrap()
}

async fn runs(site: &Site, name: &str, container: &str) {
    let script = format!("docker inspect -f \"{{{{.State.Running}}}}\" {container}");
    wait_for(&format!("{container} of {name} to run"), PATIENCE, async || {
        let said = node(site, name).ssh(&script).map_err(|error| error.to_string())?;
        holds(said.trim() == "true", said)
    })
    .await;
}

/// To be started again it needs a certificate from Vault.
fn remove_proxy(site: &Site) {
    node(site, "w1").ssh("docker rm --force kube-proxy").unwrap();
}

async fn vault_is_slow(site: &mut Site, road: &Road) {
    let began = Instant::now();
    road.proxy.delay(Duration::from_secs(1));
    remove_proxy(site);
    runs(site, "w1", "kube-proxy").await;
    road.proxy.heal();
    whole_again("a slow Vault", began, site).await;
}

/// What needs nothing of it is done meanwhile.
async fn vault_hangs(site: &mut Site, road: &Road) {
    let began = Instant::now();
    road.proxy.freeze();
    node(site, "w1").ssh("docker rm --force rivers").unwrap();
    runs(site, "w1", "rivers").await;
    remove_proxy(site);
    let address = node(site, "w1").address();
    explained(
        site,
        &address,
        &["kube-proxy-bootstrap", "vault did not answer", "Vault is too slow"],
    )
    .await;
    road.proxy.heal();
    runs(site, "w1", "kube-proxy").await;
    whole_again("a Vault that hangs", began, site).await;
}

async fn revoke_tokens(site: &Site) {
    let path = "sys/leases/revoke-prefix/auth/approle/login";
    site.vault.request("PUT", path, &json!({})).await;
}

async fn tokens_are_revoked(site: &mut Site) {
    let began = Instant::now();
    revoke_tokens(site).await;
    remove_proxy(site);
    runs(site, "w1", "kube-proxy").await;
    whole_again("revoked tokens", began, site).await;
}

async fn credentials_are_withdrawn(site: &mut Site, road: &Road) {
    let began = Instant::now();
    site.vault.request("DELETE", "auth/approle/role/cke", &json!({})).await;
    revoke_tokens(site).await;
    remove_proxy(site);
    let address = node(site, "w1").address();
    explained(site, &address, &["vault refused the login", "`ckecli vault init`"]).await;
    // A leader that begins now cannot even look.
    site.stop_cke();
    site.start_cke();
    explained(
        site,
        "cluster",
        &[
            "nothing can be looked at",
            "vault refused the login",
            "`ckecli vault init`",
        ],
    )
    .await;
    site.ckecli(&["vault", "init", "--endpoint", &road.url()]);
    runs(site, "w1", "kube-proxy").await;
    whole_again("withdrawn credentials", began, site).await;
}

/// Its power goes in the middle of `kubelet-bootstrap`, and comes back.
async fn a_node_is_rebooted_under_an_operation(site: &mut Site) {
    let began = Instant::now();
    node(site, "w1").ssh("docker rm --force kubelet").unwrap();
    wait_for("an operation on the kubelet to begin", PATIENCE, async || {
        let newest = site.history().into_iter().next().unwrap_or_default();
        let name = newest["operation"].as_str().unwrap_or_default();
        holds(name == "kubelet-bootstrap" && newest["status"] == "running", newest)
    })
    .await;
    let worker = node(site, "w1");
    worker.cut_power().unwrap();
    worker.restore_power().unwrap();
    worker.wait_until_up(PATIENCE).unwrap();
    runs(site, "w1", "kubelet").await;
    whole_again("a reboot under an operation", began, site).await;
}

/// Certificates that were just issued are not valid yet, by that clock.
async fn our_clock_is_behind(site: &mut Site) {
    let began = Instant::now();
    let before = started(site);
    restart_with_clock(site, "-10m");
    let words = ["the clock of the boot server", "s behind", "mend its time service"];
    explained(site, "cluster", &words).await;
    let address = node(site, "cp1").address();
    explained(
        site,
        &address,
        &["kube-apiserver", "not valid yet", "mend the time service"],
    )
    .await;
    restart_with_clock(site, "");
    whole_again("a clock that was behind", began, site).await;
    assert_eq!(started(site), before, "nothing was started anew");
}

/// CKE works, and says so.
async fn our_clock_is_ahead(site: &mut Site) {
    let began = Instant::now();
    restart_with_clock(site, "+10m");
    remove_proxy(site);
    runs(site, "w1", "kube-proxy").await;
    explained(site, "cluster", &["the clock of the boot server", "s ahead of"]).await;
    restart_with_clock(site, "");
    whole_again("a clock that was ahead", began, site).await;
}

fn restart_with_clock(site: &mut Site, clock: &'static str) {
    site.stop_cke();
    site.start_cke_with(&Options {
        clock,
        ..Options::default()
    });
}

fn started(site: &Site) -> Vec<String> {
    let script = "docker inspect -f \"{{.Name}} {{.State.StartedAt}}\" $(docker ps -q) | sort";
    site.fleet
        .nodes()
        .iter()
        .map(|node| node.ssh(script).unwrap())
        .collect()
}

/// That of the API server: nothing can be asked of it.
async fn a_certificate_has_ended(site: &mut Site) {
    let began = Instant::now();
    let plane = node(site, "cp1");
    let (address, pki) = (plane.address(), "/etc/kubernetes/pki/apiserver");
    let role = json!({"allow_any_name": true, "enforce_hostnames": false, "ttl": "2s"});
    site.vault.request("POST", "cke/ca-kubernetes/roles/short", &role).await;
    let wanted = json!({"common_name": "kubernetes", "ip_sans": address, "ttl": "2s"});
    let issued = site
        .vault
        .request("POST", "cke/ca-kubernetes/issue/short", &wanted)
        .await;
    for (name, end) in [("certificate", "crt"), ("private_key", "key")] {
        let text = issued["data"][name].as_str().unwrap();
        let encoded = base64(text);
        plane.ssh(&format!("echo {encoded} | base64 -d >{pki}.{end}")).unwrap();
    }
    // Connections of before are kept as long as they last.
    site.stop_cke();
    site.start_cke();
    let remedy = "docker rm -f";
    explained(
        site,
        &address,
        &["kube-apiserver runs and is not healthy", "certificate expired", remedy],
    )
    .await;
    plane_forgets(site);
    runs(site, "cp1", "kube-apiserver").await;
    whole_again("a certificate that ended", began, site).await;
}

/// As the explanation says.
fn plane_forgets(site: &Site) {
    node(site, "cp1").ssh("docker rm -f kube-apiserver").unwrap();
}

fn base64(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(text)
}

/// docker's folder of containers lies on a disk of two megabytes, which something has filled.
async fn a_disk_is_full(site: &mut Site) {
    let began = Instant::now();
    let folder = "/var/lib/docker/containers";
    let worker = node(site, "w1");
    let fill = format!(
        "systemctl stop docker && mkdir -p /run/small && mount -t tmpfs -o size=2m small /run/small && \
         cp -a {folder}/. /run/small && mount --bind /run/small {folder} && systemctl start docker && \
         docker rm --force kube-proxy && {{ dd if=/dev/zero of={folder}/filler bs=4k 2>/dev/null || true; }}"
    );
    worker.ssh(&fill).unwrap();
    let address = worker.address();
    explained(
        site,
        &address,
        &["kube-proxy-bootstrap", "no space left on device", "make room"],
    )
    .await;
    node(site, "w1").ssh(&format!("rm {folder}/filler")).unwrap();
    runs(site, "w1", "kube-proxy").await;
    whole_again("a full disk", began, site).await;
}
