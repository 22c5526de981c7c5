//! What members of a real etcd say of themselves.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod common;

use cke_etcd::{ClusterEtcd, MemberState};
use common::{root, user};
use neco_etcd::Config;
use testkit::etcd::Etcd;
use testkit::wait::{PATIENCE, holds, wait_for};

async fn states(etcd: &Etcd, cluster: &ClusterEtcd) -> Vec<Result<MemberState, String>> {
    let addresses: Vec<_> = etcd.members().iter().map(|member| member.name()).collect();
    let states = cluster.member_states(addresses.iter().copied()).await;
    addresses.iter().map(|address| states[*address].clone()).collect()
}

#[tokio::test]
async fn members_say_whom_they_follow_and_a_dead_one_says_nothing() {
    let etcd = Etcd::builder().members(3).as_cke(0).start().await;
    let cluster = root(&etcd);
    cluster.wait_until_serving(true).await.unwrap();
    let all = states(&etcd, &cluster).await;
    let leader = all[0].as_ref().unwrap().leader;
    for state in &all {
        let state = state.as_ref().unwrap();
        assert!(state.leader == leader && leader != 0, "{all:?}");
        assert!(state.applied > 0 && state.db_size > 0 && state.quota > 0, "{state:?}");
        assert!(
            state.version.starts_with("3.") && !state.learner && state.complaints.is_empty(),
            "{state:?}"
        );
    }
    etcd.members()[1].kill();
    let error = states(&etcd, &cluster).await[1].clone().unwrap_err();
    assert!(error.contains(etcd.members()[1].name()), "{error}");
}

#[tokio::test]
async fn a_member_that_is_full_complains() {
    let etcd = Etcd::builder().quota_bytes(4 << 20).as_cke(0).start().await;
    let cluster = root(&etcd);
    cluster.wait_until_serving(false).await.unwrap();
    let credentials = user(&etcd, "root");
    let config = Config {
        endpoints: etcd.endpoints(),
        tls_ca: credentials.server_ca,
        tls_cert: credentials.certificate,
        tls_key: credentials.key,
        ..Config::new("")
    };
    let writer = neco_etcd::Etcd::connect(&config).await.unwrap();
    for n in 0..100 {
        if writer.put(&format!("filler/{n}"), vec![b'x'; 256 << 10]).await.is_err() {
            break;
        }
    }
    // The alarm comes a moment after the refusal.
    wait_for("the member to complain", PATIENCE, async || {
        let state = states(&etcd, &cluster).await[0].clone()?;
        assert_eq!(state.quota, 4 << 20);
        holds(
            state.complaints.iter().any(|words| words.contains("NOSPACE")),
            format!("{state:?}"),
        )
    })
    .await;
}
