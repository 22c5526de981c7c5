#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use super::*;
use crate::archive::Member;
use neco_etcd::Op;

fn digests(text: &str) -> Digests {
    let member = Member {
        size: 2,
        sha256: text.to_owned(),
    };
    Digests([("kernel".to_owned(), member.clone()), ("initrd.gz".to_owned(), member)].into())
}

fn state(ids: &[&str], deleted: &[&str], id: &str) -> Read {
    let image = |id: &&str| Image {
        id: (*id).to_owned(),
        size: 4,
        ..Image::default()
    };
    Read {
        os: "coreos".to_owned(),
        id: id.to_owned(),
        index: ImageIndex(ids.iter().map(image).collect()),
        deleted: DeletedImages(Some(deleted.iter().map(|id| (*id).to_owned()).collect())),
        ..Read::default()
    }
}

fn written(txn: &Txn, wanted: &str) -> String {
    let found = txn.then.iter().find_map(|op| match op {
        Op::Put { key, value, .. } if key == wanted => Some(String::from_utf8(value.clone()).unwrap()),
        _ => None,
    });
    found.unwrap_or_else(|| panic!("{wanted} is not written by {txn:?}"))
}

#[test]
fn the_sixth_image_drops_the_oldest_and_uses_its_id_up() {
    let change = state(&["1", "2", "3", "4", "5"], &[], "6")
        .upload(&digests("a"), GoTime::ZERO, "http://me/6")
        .unwrap();
    assert_eq!(change.dropped, ["1"]);
    assert_eq!(written(&change.txn, "images/coreos/deleted"), r#"["1"]"#);
    let index = written(&change.txn, "images/coreos");
    assert!(index.starts_with(r#"[{"id":"2","#), "{index}");
    let newest = r#"{"id":"6","date":"0001-01-01T00:00:00Z","size":4,"urls":["http://me/6"],"exists":false}]"#;
    assert!(index.ends_with(newest), "{index}");
    assert!(
        change
            .txn
            .then
            .contains(&Op::Delete("neco/files/images/coreos/1".to_owned()))
    );
}

#[test]
fn nothing_deleted_is_null_as_the_original_writes_it() {
    let mut read = state(&[], &[], "1");
    read.deleted = DeletedImages(None);
    let change = read.upload(&digests("a"), GoTime::ZERO, "http://me/1").unwrap();
    assert_eq!(written(&change.txn, "images/coreos/deleted"), "null");
}

#[test]
fn the_same_image_again_becomes_the_newest_and_another_is_a_conflict() {
    let mut read = state(&["1", "2"], &[], "1");
    read.record = Some(Record::new(digests("a")));
    let change = read.clone().upload(&digests("a"), GoTime::ZERO, "http://me/1").unwrap();
    let index = written(&change.txn, "images/coreos");
    assert!(
        index.starts_with(r#"[{"id":"2","#) && change.dropped.is_empty(),
        "{index}"
    );
    let error = read.upload(&digests("b"), GoTime::ZERO, "http://me/1").unwrap_err();
    assert_eq!(error.status(), http::StatusCode::CONFLICT);
}

#[test]
fn the_last_ten_deleted_ids_cannot_be_used() {
    let deleted: Vec<String> = (0..10).map(|n| n.to_string()).collect();
    let deleted: Vec<&str> = deleted.iter().map(String::as_str).collect();
    for id in &deleted {
        let error = state(&[], &deleted, id)
            .upload(&digests("a"), GoTime::ZERO, "u")
            .unwrap_err();
        assert_eq!(error.status(), http::StatusCode::CONFLICT);
    }
    let txn = state(&["x"], &deleted, "x").delete().unwrap();
    assert_eq!(
        written(&txn, "images/coreos/deleted"),
        r#"["1","2","3","4","5","6","7","8","9","x"]"#
    );
    assert_eq!(
        state(&["x"], &[], "y").delete().unwrap_err().status(),
        http::StatusCode::NOT_FOUND
    );
}

#[test]
fn a_server_registers_ten_urls_at_most_and_the_first_hashes() {
    let mut read = state(&["1"], &[], "1");
    let txn = read.clone().register(&digests("a"), "http://me/1").unwrap().unwrap();
    assert!(written(&txn, "images/coreos").contains(r#""urls":["http://me/1"]"#));
    assert!(written(&txn, "neco/files/images/coreos/1").contains(r#""sha256":"a""#));
    read.index.0[0].urls = Some((0..10).map(|n| format!("http://{n}/1")).collect());
    read.record = Some(Record::new(digests("a")));
    assert_eq!(read.register(&digests("a"), "http://me/1").unwrap(), None);
    assert_eq!(state(&["1"], &[], "gone").register(&digests("a"), "u").unwrap(), None);
}
