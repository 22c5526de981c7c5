use super::*;

fn header(cluster_id: u64, revision: i64, raft_term: u64) -> Header {
    Header {
        cluster_id,
        member_id: 1,
        revision,
        raft_term,
    }
}

fn replaced_by(now: Header) -> bool {
    let cluster = Cluster::default();
    cluster.observe(cluster.known(), header(7, 100, 3));
    let followed = cluster.replacements();
    cluster.observe(cluster.known(), now);
    followed.has_changed().unwrap_or(false)
}

#[test]
fn what_goes_back_is_another_history() {
    assert!(!replaced_by(header(7, 100, 3)));
    assert!(!replaced_by(header(7, 500, 4)));
    assert!(replaced_by(header(7, 99, 3)), "an older revision");
    assert!(replaced_by(header(7, 500, 2)), "an older term");
    assert!(replaced_by(header(8, 500, 4)), "another cluster");
    assert!(!replaced_by(Header::default()), "no header says nothing");
}

#[test]
fn answers_that_overtake_each_other_are_no_contradiction() {
    let cluster = Cluster::default();
    let asked_first = cluster.known();
    cluster.observe(cluster.known(), header(7, 100, 3));
    let followed = cluster.replacements();
    cluster.observe(asked_first, header(7, 90, 3));
    assert!(!followed.has_changed().unwrap_or(true));
    assert_eq!(cluster.known().1.revision, 100);
}

#[test]
fn a_replacement_counts_once() {
    let cluster = Cluster::default();
    cluster.observe(cluster.known(), header(7, 100, 3));
    let both = cluster.known();
    cluster.observe(both, header(7, 50, 3));
    cluster.observe(both, header(7, 51, 3));
    assert_eq!(*cluster.replacements().borrow(), 1);
    cluster.observe(cluster.known(), header(7, 52, 3));
    assert_eq!((*cluster.replacements().borrow(), cluster.known().1.revision), (1, 52));
}
