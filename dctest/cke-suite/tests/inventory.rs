//! A cluster that follows a real sabakan (rows C23 to C26, C32 and C35), and what becomes of it when its leader dies between two effects on etcd (C2, C3):
//! control planes come and go by a constraint here.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::process::Command;
use std::time::Duration;

use neco_cke_suite::cluster;
use neco_cke_suite::daemon::{Daemon, Options};
use neco_cke_suite::inventory::{self, Inventory, MACHINE_TYPE, MACHINES, address_of};
use neco_cke_suite::programs::Programs;
use neco_cke_suite::site::{self, PATIENCE, Site};
use neco_dctest::http::{client, try_send};
use neco_dctest::programs::program;
use serde_json::{Value, json};
use testkit::fleet::User;
use testkit::wait::{holds, wait_for};

/// All machines whatever their states, so that retired ones are nodes until they have rested.
const ALL: &str = r#"{"having": {"roles": ["worker"]}}"#;

#[test]
fn a_cluster_follows_its_machines() {
    site::run_on(Programs::ours(), inventory::fleet(), async |site| {
        let machines = Inventory::start(site).await;
        it_is_generated_from_machines(site, &machines).await;
        answers_that_lack_machines_change_nothing(site).await;
        an_unreachable_machine_is_tainted_and_repaired(site, &machines).await;
        leaders_die_while_control_planes_change(site).await;
        a_retired_machine_leaves_after_a_while(site, &machines).await;
    });
}

/// A declaration whose nodes have no addresses.
fn template(site: &Site) -> Value {
    let mut template = cluster::of(&site.fleet, User::Root);
    template["nodes"] = json!([{"user": "root", "control_plane": true}, {"user": "root"}]);
    let repaired = site.file("repaired");
    let shell = |script: String| json!(["sh", "-c", script, "repair"]);
    let repair = shell(format!("touch {}", repaired.display()));
    let check = shell(format!("test -e {} && echo true", repaired.display()));
    template["repair"] = json!({
        "repair_procedures": [{
            "machine_types": [MACHINE_TYPE],
            "repair_operations": [{
                "operation": "unreachable",
                "repair_steps": [{"repair_command": repair, "command_timeout_seconds": 30, "watch_seconds": 60}],
                "health_check_command": check,
                "command_timeout_seconds": 30,
            }],
        }],
    });
    template
}

async fn it_is_generated_from_machines(site: &mut Site, machines: &Inventory) {
    site.ckecli(&["sabakan", "set-url", &machines.url()]);
    site.ckecli(&["sabakan", "set-variables", &site.write("variables", ALL)]);
    let template = template(site).to_string();
    site.ckecli(&["sabakan", "set-template", &site.write("template", &template)]);
    site.start_cke();
    site.wait_for_completed().await;
    site.write_kubeconfig();
    site.wait_for_ready(3).await;
    // One in each rack.
    assert_eq!(control_planes(site), ["10.69.0.4", "10.69.0.6"]);
    for (serial, rack, address) in MACHINES {
        let node = node(site, address).unwrap();
        assert_eq!(node["metadata"]["labels"]["cke.cybozu.com/rack"], rack.to_string());
        assert_eq!(node["metadata"]["annotations"]["cke.cybozu.com/serial"], serial);
    }
}

async fn answers_that_lack_machines_change_nothing(site: &mut Site) {
    let before = site.ckecli(&["cluster", "get"]);
    for (name, variables, refusal) in [
        (
            "none",
            r#"{"having": {"roles": ["nobody"]}}"#,
            "sabakan lists no machine",
        ),
        ("few", r#"{"having": {"racks": [1]}}"#, "at most 1 may go at once"),
    ] {
        site.ckecli(&["sabakan", "set-variables", &site.write(name, variables)]);
        wait_for_words(site, refusal).await;
    }
    site.ckecli(&["sabakan", "set-variables", &site.write("variables", ALL)]);
    site.wait_for_completed().await;
    assert_eq!(site.ckecli(&["cluster", "get"]), before);
}

async fn an_unreachable_machine_is_tainted_and_repaired(site: &mut Site, machines: &Inventory) {
    let address = address_of("R0N2");
    machines.set_state("R0N2", "unreachable").await;
    wait_for_taint(site, address, Some("unreachable:NoSchedule")).await;
    // As many repairs as this are queued at once, and by default none.
    wait_for_words(site, "more than maximum-repair-queue-entries, 0").await;
    assert_eq!(repairs(site), [] as [Value; 0]);
    site.ckecli(&["constraints", "set", "maximum-repair-queue-entries", "1"]);
    wait_for("the machine to be repaired", PATIENCE, async || {
        let entries = repairs(site);
        let succeeded = entries.first().is_some_and(|entry| entry["status"] == "succeeded");
        holds(succeeded, format!("{entries:?}"))
    })
    .await;
    let entry = repairs(site).remove(0);
    assert_eq!(
        (&entry["address"], &entry["operation"], &entry["serial"]),
        (&address.into(), &"unreachable".into(), &"R0N2".into())
    );
    assert!(site.file("repaired").exists());
    the_leader_shows_all_metrics().await;
    machines.set_state("R0N2", "healthy").await;
    wait_for_taint(site, address, None).await;
    // It had its entry for as long as the machine was not healthy, and no second one.
    assert_eq!(repairs(site).len(), 1);
    site.ckecli(&["repair-queue", "delete-finished"]);
    site.ckecli(&["auto-repair", "disable"]);
}

/// The names that dashboards use, of a leader that has a node to reboot and a machine to repair in sight.
const METRICS: [&str; 17] = [
    "cke_leader 1",
    "cke_operation_phase{phase=\"completed\"} 1",
    "cke_operation_phase_timestamp_seconds ",
    "cke_node_reboot_status{node=\"10.69.0.5\",status=\"queued\"} 0",
    "cke_machine_repair_status{address=\"10.69.0.5\",status=\"succeeded\"} 1",
    "cke_reboot_queue_enabled 1",
    "cke_reboot_queue_entries 0",
    "cke_reboot_queue_items{status=\"queued\"} 0",
    "cke_reboot_queue_running 0",
    "cke_repair_queue_enabled 1",
    "cke_auto_repair_enabled 1",
    "cke_repair_queue_items{status=\"succeeded\"} 1",
    "cke_repair_queue_entries{address=\"10.69.0.5\",index=\"0\",operation=\"unreachable\",status=\"succeeded\",step=\"0\"} 1",
    "cke_sabakan_integration_successful 1",
    "cke_sabakan_integration_timestamp_seconds ",
    "cke_sabakan_workers{role=\"worker\"} 1",
    "cke_sabakan_unused_machines 0",
];

async fn the_leader_shows_all_metrics() {
    wait_for("the leader's metrics", PATIENCE, async || {
        let request = client("127.0.0.1").get("http://127.0.0.1:10180/metrics");
        let answer = try_send(request).await.map_err(|error| error.to_string())?;
        let text = answer.expect(200).text();
        let missing = METRICS
            .iter()
            .find(|wanted| !text.lines().any(|line| line.starts_with(*wanted)));
        holds(missing.is_none(), format!("{missing:?} is missing in\n{text}"))
    })
    .await;
}

async fn leaders_die_while_control_planes_change(site: &mut Site) {
    site.stop_cke();
    let (ordinary, failing) = (program("cke"), program("cke-failpoints"));
    let has_places = |program| {
        Command::new("grep")
            .args(["-q", "etcdAfterMember"])
            .arg(program)
            .status()
    };
    assert!(has_places(&failing).unwrap().success());
    assert!(
        !has_places(&ordinary).unwrap().success(),
        "the program for everybody has them too"
    );

    a_leader_dies(site, "etcdAfterMemberAdd", "3").await;
    assert_eq!(control_planes(site), ["10.69.0.4", "10.69.0.5", "10.69.0.6"]);
    check_history(site, "etcd-add-member");
    a_leader_dies(site, "etcdAfterMemberRemove", "2").await;
    assert_eq!(control_planes(site).len(), 2);
    check_history(site, "etcd-destroy-member");
    // It named the API server of the one that is a worker now.
    site.write_kubeconfig();
    site.wait_for_ready(3).await;
    site.stop_cke();
    site.start_cke();
}

/// Two stand for leader; the first dies at a place on its way to so many control planes, and the second goes on.
async fn a_leader_dies(site: &mut Site, place: &str, planes: &str) {
    if let Some(former) = site.cke.take() {
        former.stop();
    }
    let mut first = failing(site, "10181", "12341");
    site.wait_for_completed().await;
    site.cke = Some(failing(site, "10182", "12342"));
    let url = format!("http://127.0.0.1:12341/{place}");
    let set = client("127.0.0.1").put(url).body("panic(\"a leader dies\")");
    try_send(set).await.unwrap().expect(204);
    site.ckecli(&["constraints", "set", "control-plane-count", planes]);
    let code = wait_for("the first leader to die", PATIENCE, || {
        let ended = first.ended().ok_or_else(|| first.tail(3));
        async { ended }
    })
    .await;
    assert_eq!(code, 2, "{}", first.tail(20));
    site.wait_for_completed().await;
}

fn failing(site: &Site, http: &str, control: &str) -> Daemon {
    let options = Options {
        http: format!("127.0.0.1:{http}"),
        environment: vec![
            ("GOFAIL_HTTP", format!("127.0.0.1:{control}")),
            ("CANCELLATION_DELAY_SECONDS", "0".to_owned()),
        ],
        ..Options::default()
    };
    site.daemon(&program("cke-failpoints"), http, &options)
}

/// What the first leader began was cancelled by the second.
fn check_history(site: &Site, operation: &str) {
    let history = site.history();
    let cancelled = history.iter().find(|record| record["status"] == "cancelled");
    let cancelled = cancelled.unwrap_or_else(|| panic!("{history:#?}"));
    assert_eq!(cancelled["operation"], operation);
}

async fn a_retired_machine_leaves_after_a_while(site: &mut Site, machines: &Inventory) {
    site.wait_for_completed().await;
    let planes = control_planes(site);
    let (serial, _, address) = MACHINES
        .into_iter()
        .find(|machine| !planes.contains(&machine.2.to_owned()))
        .unwrap();
    for state in ["retiring", "retired"] {
        machines.set_state(serial, state).await;
        wait_for_taint(site, address, Some(&format!("{state}:NoExecute"))).await;
    }
    site.wait_for_completed().await;
    assert!(
        declared(site).contains(&address.to_owned()),
        "it has only just been retired"
    );
    machines.age_state(site, serial, Duration::from_secs(400));
    wait_for_words(site, &format!("retired worker {address} stays")).await;
    site.ckecli(&["constraints", "set", "minimum-workers-rate", "0"]);
    wait_for("the node to be removed", PATIENCE, async || {
        let left = node(site, address).err();
        holds(left.is_some_and(|error| error.contains("NotFound")), "it is there")
    })
    .await;
    site.wait_for_completed().await;
    assert!(!declared(site).contains(&address.to_owned()));
}

/// The entries of the repair queue.
fn repairs(site: &Site) -> Vec<Value> {
    let entries = site.ckecli_json(&["repair-queue", "list"]);
    entries.as_array().cloned().unwrap_or_default()
}

async fn wait_for_words(site: &Site, words: &str) {
    wait_for(&format!("cke to say {words:?}"), PATIENCE, async || {
        let said = site.cke.as_ref().unwrap().tail(200);
        holds(said.contains(words), site.cke.as_ref().unwrap().tail(3))
    })
    .await;
}

/// The taint of the machine's state, as `VALUE:EFFECT`.
async fn wait_for_taint(site: &Site, address: &str, wanted: Option<&str>) {
    wait_for(&format!("taint {wanted:?} of {address}"), PATIENCE, async || {
        let node = node(site, address)?;
        let mut taints = node["spec"]["taints"].as_array().into_iter().flatten();
        let found = taints.find(|taint| taint["key"] == "cke.cybozu.com/state");
        let text = |member: &Value| member.as_str().unwrap_or_default().to_owned();
        let found = found.map(|taint| format!("{}:{}", text(&taint["value"]), text(&taint["effect"])));
        holds(found.as_deref() == wanted, format!("{found:?}"))
    })
    .await;
}

fn node(site: &Site, address: &str) -> Result<Value, String> {
    let text = site.kubectl(&["get", "node", address, "-o", "json"])?;
    serde_json::from_str(&text).map_err(|error| error.to_string())
}

/// Addresses of the declared control planes, in order.
fn control_planes(site: &Site) -> Vec<String> {
    addresses(site, |node| node["control_plane"] == true)
}

/// Addresses of all declared nodes, in order.
fn declared(site: &Site) -> Vec<String> {
    addresses(site, |_| true)
}

fn addresses(site: &Site, which: impl Fn(&Value) -> bool) -> Vec<String> {
    let stored = site.etcd.ctl(&["get", "--print-value-only", "/cke/cluster"]);
    let stored: Value = serde_json::from_str(&stored).unwrap();
    let nodes = stored["nodes"].as_array().unwrap().iter().filter(|node| which(node));
    let mut all: Vec<_> = nodes.map(|node| node["address"].as_str().unwrap().to_owned()).collect();
    all.sort();
    all
}
