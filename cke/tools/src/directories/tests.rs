#![allow(clippy::unwrap_used, reason = "tests")]

use std::os::unix::fs::{PermissionsExt as _, symlink};

use super::*;

fn text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

#[test]
fn directories_are_made_with_their_parents_and_mode() {
    let root = tempfile::tempdir().unwrap();
    let (deep, other) = (root.path().join("a/b/c"), root.path().join("d"));
    make(&[text(&deep), text(&other)], 0o700).unwrap();
    for dir in [&deep, &other, &root.path().join("a")] {
        assert_eq!(fs::metadata(dir).unwrap().permissions().mode() & 0o777, 0o700);
    }
}

#[test]
fn directories_that_exist_keep_their_mode() {
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("a");
    make(&[text(&dir)], 0o700).unwrap();
    make(&[text(&dir)], 0o755).unwrap();
    assert_eq!(fs::metadata(&dir).unwrap().permissions().mode() & 0o777, 0o700);
}

#[test]
fn a_relative_path_stops_everything() {
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("a");
    let error = make(&[text(&dir), "b/c".to_owned()], 0o755).unwrap_err();
    assert_eq!(error.to_string(), "non-absolute path: b/c");
    assert!(!dir.exists());
}

#[test]
fn a_file_in_the_way_is_named() {
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join("file");
    fs::write(&file, "").unwrap();
    let error = make(&[text(&file)], 0o755).unwrap_err();
    assert_eq!(error.to_string(), format!("failed to create {}", file.display()));
}

#[test]
fn modes_are_octal_permissions() {
    assert_eq!(mode("755").unwrap(), 0o755);
    assert_eq!(mode("0700").unwrap(), 0o700);
    for bad in ["", "888", "rwx", "-1", "+7", "1777", "99999999999"] {
        assert!(matches!(mode(bad), Err(Error::Mode(_))), "{bad}");
    }
}

#[test]
fn a_directory_is_emptied_without_following_links() {
    let root = tempfile::tempdir().unwrap();
    let (dir, outside) = (root.path().join("dir"), root.path().join("outside"));
    make(&[text(&dir.join("deep/er")), text(&outside)], 0o755).unwrap();
    fs::write(outside.join("kept"), "x").unwrap();
    fs::write(dir.join("deep/er/file"), "x").unwrap();
    fs::write(dir.join(".hidden"), "x").unwrap();
    symlink(&outside, dir.join("link")).unwrap();
    symlink("nowhere", dir.join("dangling")).unwrap();

    empty(&dir).unwrap();
    assert_eq!(fs::read_dir(&dir).unwrap().count(), 0);
    assert!(outside.join("kept").exists());
    empty(&root.path().join("missing")).unwrap();
}

#[test]
fn what_is_no_directory_cannot_be_emptied() {
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join("file");
    fs::write(&file, "").unwrap();
    assert_eq!(
        empty(&file).unwrap_err().to_string(),
        format!("failed to read {}", file.display())
    );
}
