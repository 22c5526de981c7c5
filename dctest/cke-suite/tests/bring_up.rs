//! A cluster from nothing (rows C1, C3, C11 to C15): nodes are Ready, pods are found by name, and nothing is left to do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::print_stdout, reason = "a test says how long it took")]

use neco_cke_suite::site;
use testkit::fleet::User;

#[test]
fn one_control_plane_and_two_workers() {
    site::run(1, 2, async |site| {
        let took = site.bring_up(User::Root).await;
        println!("completed after {took:?}");
        site.wait_for_ready(3).await;
        site.check_that_pods_work().await;
    });
}

#[test]
fn three_control_planes_and_two_workers_by_a_user_that_is_not_root() {
    site::run(3, 2, async |site| {
        let took = site.bring_up(User::Cke).await;
        println!("completed after {took:?}");
        site.wait_for_ready(5).await;
        site.check_that_pods_work().await;
    });
}
