//! The `ckecli` of each, on a store that both change, beside the `cke` of the other.
//!
//! `commands.txt` is a life of the store, led once by each `ckecli`; the answers of both are compared on the way. After it the one `cke` that runs
//! must do what either asked for.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use testkit::fleet::User;
use testkit::wait::{holds, wait_for};

use crate::cluster;
use crate::programs::Programs;
use crate::site::{PATIENCE, Site};

const SCRIPT: &str = include_str!("commands.txt");

/// What a command gave: exit code and standard output.
type Outcome = (Option<i32>, String);

/// Leads both lives.
///
/// # Panics
/// When answers differ, or the `cke` that runs does not do what was asked for.
pub async fn check(site: &mut Site, one: &Programs, other: &Programs) {
    let running = site.programs.clone();
    for writer in [one, other] {
        let mut faults = Vec::new();
        let (mut written, mut compared) = (0, 0);
        for line in SCRIPT.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let (kind, command) = line.split_once(' ').expect("a kind and a command");
            let words = fill(site, writer, command);
            if kind == "w" {
                let (code, out) = ask(site, writer, &words);
                if code != Some(0) {
                    faults.push(format!("{command} by {}: {code:?} {out}", writer.name));
                }
                written += 1;
            } else {
                faults.extend(compare(site, one, other, &words));
                compared += 1;
            }
        }
        assert!(faults.is_empty(), "ckecli of {}: {}", writer.name, faults.join("\n"));
        site.programs = writer.clone();
        do_what_is_asked(site).await;
        println!(
            "    ckecli of {} with cke of {}: {written} commands done, {compared} answers alike; resource, reboot, repair and kubeconfig taken",
            writer.name, running.name
        );
    }
    site.programs = running;
}

fn ask(site: &mut Site, programs: &Programs, words: &[String]) -> Outcome {
    site.programs = programs.clone();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let (code, out, err) = site.try_ckecli(&words);
    (code, if code == Some(0) { out } else { out + &err })
}

/// Asks both; a status may be renewed in between, so more than once.
fn compare(site: &mut Site, one: &Programs, other: &Programs, words: &[String]) -> Option<String> {
    let mut seen = None;
    for _ in 0..3 {
        let answers = [one, other].map(|programs| ask(site, programs, words));
        if answers[0].0 == answers[1].0 && (answers[0].0 != Some(0) || answers[0].1 == answers[1].1) {
            return None;
        }
        seen = Some(answers);
    }
    let [first, second] = seen?;
    Some(format!(
        "{words:?}:\n--- {} {first:?}\n--- {} {second:?}",
        one.name, other.name
    ))
}

/// The cluster of all nodes, with a procedure that repairs any of them.
#[must_use]
pub fn declared(site: &Site) -> Value {
    // The node's address is appended, and the answer must be `true` alone.
    let always = ["sh", "-c", "echo true"];
    let mut cluster = cluster::of(&site.fleet, User::Root);
    cluster["reboot"]["boot_check_command"] = json!(always);
    cluster["repair"] = json!({
        "repair_procedures": [{
            "machine_types": ["lab"],
            "repair_operations": [{
                "operation": "unreachable",
                "repair_steps": [{"repair_command": ["true"], "watch_seconds": 60}],
                "health_check_command": always,
            }],
        }],
    });
    cluster
}

/// Words with the site's things in place of what stands in braces.
fn fill(site: &Site, writer: &Programs, command: &str) -> Vec<String> {
    let worker = site.fleet.node("w1").expect("a worker").address();
    let declared = declared(site);
    let mut template = declared.clone();
    if let Some(nodes) = template["nodes"].as_array_mut() {
        nodes.retain(|node| node["address"] == *worker || node["address"] == declared["nodes"][0]["address"]);
        for node in nodes {
            node["address"] = json!("");
        }
    }
    let first = |queue: &str| {
        let entries = site.ckecli_json(&[queue, "list"]);
        entries.pointer("/0/index").map_or(String::new(), |index| {
            index.as_str().map_or(index.to_string(), str::to_owned)
        })
    };
    let mut words = Vec::new();
    for word in command.split(' ') {
        words.push(match word {
            "{user}" => writer.name.replace(' ', "-"),
            "{worker}" => worker.clone(),
            "{node-list}" => site.write("nodes", &format!("{worker}\n")),
            "{first-reboot}" => first("reboot-queue"),
            "{first-repair}" => first("repair-queue"),
            "{resource}" => site.write("resource.yml", &resource("asked").to_string()),
            "{template}" => site.write("template.yml", &template.to_string()),
            "{cluster}" => site.write("cluster.yml", &declared.to_string()),
            "{variables}" => site.write("variables.json", r#"{"having": {"racks": [1, 2]}}"#),
            "{auto-repair}" => site.write(
                "auto-repair.json",
                r#"{"having": {"labels": [{"name": "a", "value": "b"}]}}"#,
            ),
            other => other.to_owned(),
        });
    }
    words
}

fn resource(value: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "peers", "namespace": "default"},
        "data": BTreeMap::from([("by", value)]),
    })
}

/// Asks, with the `ckecli` in use, for a resource, a reboot and a repair, and waits until `cke` has done it.
async fn do_what_is_asked(site: &Site) {
    site.write_kubeconfig();
    let worker = site.fleet.node("w1").expect("a worker").address();

    let file = site.write("resource.yml", &resource(site.programs.name).to_string());
    site.ckecli(&["resource", "set", &file]);
    wait_for("the resource to be applied", PATIENCE, async || {
        let by = site.kubectl(&["get", "configmap", "peers", "-o", "jsonpath={.data.by}"])?;
        holds(by == site.programs.name, by)
    })
    .await;

    let nodes = site.write("nodes", &format!("{worker}\n"));
    site.ckecli(&["reboot-queue", "add", &nodes]);
    site.ckecli(&["reboot-queue", "enable"]);
    wait_for("the reboot to end", PATIENCE, async || {
        let entries = site.ckecli_json(&["reboot-queue", "list"]);
        holds(entries.as_array().is_none_or(Vec::is_empty), entries)
    })
    .await;

    site.ckecli(&["repair-queue", "add", "unreachable", "lab", &worker]);
    site.ckecli(&["repair-queue", "enable"]);
    wait_for("the repair to succeed", PATIENCE, async || {
        let entries = site.ckecli_json(&["repair-queue", "list"]);
        holds(entries.pointer("/0/status") == Some(&json!("succeeded")), entries)
    })
    .await;
    site.ckecli(&["repair-queue", "delete-finished"]);
}
