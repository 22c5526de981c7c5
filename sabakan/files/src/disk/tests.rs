#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::sync::Arc;

use super::{verified::Verified, *};

#[test]
fn what_a_crash_left_is_removed_and_the_rest_is_not() {
    let temp = tempfile::tempdir().unwrap();
    let root = temp.path();
    for path in [
        "images/coreos/1.0/kernel",
        "images/coreos/_tmp123/kernel",
        "assets/7",
        "assets/.tmp9",
        "neco/files/staging/1-1/kernel",
        "neco/files/partial/x",
    ] {
        fs::create_dir_all(root.join(path).parent().unwrap()).unwrap();
        fs::write(root.join(path), "x").unwrap();
    }
    let dir = DataDir::open(root, 0).unwrap();
    assert_eq!(dir.images_of("coreos").unwrap(), ["1.0"]);
    assert_eq!(dir.asset_files().unwrap(), [root.join("assets/7")]);
    assert!(!root.join("neco/files/staging/1-1").exists());
    assert!(root.join("neco/files/partial/x").exists(), "a partial pull is resumed");
}

#[test]
fn one_process_holds_a_data_directory() {
    let temp = tempfile::tempdir().unwrap();
    let first = DataDir::open(temp.path(), 0).unwrap();
    let Err(DiskError::InUse { .. }) = DataDir::open(temp.path(), 0) else {
        panic!("a second holder")
    };
    drop(first);
    DataDir::open(temp.path(), 0).unwrap();
}

#[test]
fn the_checkpoint_is_what_the_original_reads() {
    let temp = tempfile::tempdir().unwrap();
    let dir = DataDir::open(temp.path(), 0).unwrap();
    assert_eq!(dir.read_lastrev(), 0);
    dir.write_lastrev(1234).unwrap();
    assert_eq!(fs::read(temp.path().join("lastrev")).unwrap(), b"1234");
    assert_eq!(dir.read_lastrev(), 1234);
    fs::write(temp.path().join("lastrev"), "12x").unwrap();
    assert_eq!(dir.read_lastrev(), 0);
}

#[test]
fn room_is_kept_free() {
    let temp = tempfile::tempdir().unwrap();
    let dir = DataDir::open(temp.path(), u64::MAX).unwrap();
    let error = dir.require(1).unwrap_err();
    assert!(error.is_full(), "{error}");
    assert!(
        error.to_string().contains("1 bytes are needed and 0 may be used"),
        "{error}"
    );
}

#[test]
fn a_hash_is_known_until_the_file_changes() {
    let temp = tempfile::tempdir().unwrap();
    let dir = Arc::new(DataDir::open(temp.path(), 0).unwrap());
    let path = dir.asset(3);
    fs::write(&path, "abc").unwrap();
    let verified = Verified::load(Arc::clone(&dir));
    assert_eq!(verified.known(&path), None);
    let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(verified.sha256(&path).unwrap(), abc);
    assert_eq!(
        Verified::load(dir).known(&path).unwrap(),
        abc,
        "the next process knows it too"
    );
    fs::write(&path, "abcd").unwrap();
    assert_eq!(verified.known(&path), None);
    assert_ne!(verified.sha256(&path).unwrap(), abc);
}
