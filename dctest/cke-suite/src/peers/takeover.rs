//! A cluster that one built is taken over by the other: nothing is done, nothing restarts, nothing is issued again.

use serde_json::{Value, json};
use testkit::wait::{holds, wait_for};

use crate::peers::commands;
use crate::programs::Programs;
use crate::site::{self, PATIENCE, Site};
use crate::untouched::Picture;

/// Statuses that the second must publish, all of them `completed`, before it is believed.
const LOOPS: usize = 4;

/// The first builds, the second takes over; then the `ckecli` of each speaks with the `cke` of the other.
///
/// # Panics
/// When something was changed.
pub fn run(first: &Programs, second: &Programs, (control_planes, workers): (u8, u8)) {
    println!(
        "==> {control_planes} + {workers} nodes, built by {}, taken over by {}",
        first.name, second.name
    );
    let (builder, heir) = (first.clone(), second.clone());
    site::run_with(builder.clone(), control_planes, workers, async move |site| {
        build(site, usize::from(control_planes + workers)).await;
        take_over(site, &heir).await;
        commands::check(site, &builder, &heir).await;
    });
}

async fn build(site: &mut Site, nodes: usize) {
    let cluster = commands::declared(site);
    let took = site.bring_up_as(&cluster).await;
    println!("    built after {:.1} s", took.as_secs_f64());
    site.wait_for_ready(nodes).await;
    site.check_that_pods_work().await;
    wait_until_still(site).await;
}

/// Waits until no operation was recorded over some loops: what follows `completed` for the first time is done as well.
async fn wait_until_still(site: &mut Site) {
    for _ in 0..20 {
        let before = site.history().len();
        site.wait_for_completed().await;
        site.wait_for_completed().await;
        if site.history().len() == before {
            return;
        }
    }
    panic!("operations go on: {:#?}", site.history().first());
}

async fn take_over(site: &mut Site, heir: &Programs) {
    let before = Picture::take(site);
    site.stop_cke();
    site.programs = heir.clone();
    site.start_cke();
    let mut seen: Vec<Value> = Vec::new();
    wait_for("statuses of the second", PATIENCE, || {
        if let Some(status) = site.status()
            && seen.last() != Some(&status)
        {
            seen.push(status);
        }
        let enough = holds(seen.len() > LOOPS, json!(seen));
        async { enough }
    })
    .await;
    // The first of them may be what the first program left.
    let others: Vec<&Value> = seen[1..]
        .iter()
        .filter(|status| status["phase"] != "completed")
        .collect();
    let differences = before.differences(&Picture::take(site));
    assert!(
        differences.is_empty(),
        "changed: {differences:#?}\nother phases: {others:#?}"
    );
    assert!(others.is_empty(), "other phases: {others:#?}");
    println!(
        "    taken over: phase completed in {LOOPS} loops, {} containers, files, pods, objects and records as before",
        before.len()
    );
}
