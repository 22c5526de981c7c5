//! Several servers on one etcd.

use crate::lab::{self, Lab};
use testkit::wait::{PATIENCE, wait_for};

#[test]
fn two_servers_share_all_state() {
    lab::run(async |lab: Lab| {
        let first = lab.server(lab::FIRST, &[]).await;
        let second = lab.server(lab::SECOND, &[]).await;
        first.put("/api/v1/config/ipam", lab::IPAM).await.expect(200);
        second
            .put("/api/v1/config/dhcp", r#"{"lease-minutes":5}"#)
            .await
            .expect(200);
        first.register(&[("a", 0, "cs")]).await;
        wait_for("the second server to know the machine", PATIENCE, async || {
            let answer = second.get("/api/v1/machines?serial=a").await;
            testkit::wait::holds(answer.status == 200, answer.status)
        })
        .await;
        wait_for(
            "the first server to know the DHCP configuration",
            PATIENCE,
            async || {
                let answer = first.get("/api/v1/config/dhcp").await;
                testkit::wait::holds(answer.status == 200, answer.status)
            },
        )
        .await;
        drop(first);
        second.set_states("a", &["healthy"]).await;
        let again = lab.server(lab::FIRST, &[]).await;
        assert_eq!(again.get("/api/v1/state/a").await.expect(200).text(), "healthy");
    });
}

#[test]
fn a_server_that_is_told_to_stop_drains_and_ends_well() {
    lab::run_one(async |_lab, server| {
        let (code, log) = server.terminate();
        assert_eq!(code, 0, "{log}");
    });
}
