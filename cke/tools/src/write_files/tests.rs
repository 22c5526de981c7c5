#![allow(clippy::unwrap_used, reason = "tests")]

use std::os::unix::fs::{MetadataExt as _, symlink};

use super::*;

fn header(kind: tar::EntryType, mode: u32, owner: (u64, u64), size: usize) -> tar::Header {
    let mut header = tar::Header::new_ustar();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_uid(owner.0);
    header.set_gid(owner.1);
    header.set_size(size as u64);
    header
}

/// An archive with names as they are given: the builder of the library would refuse some of them.
fn archive(files: &[(&str, &str)]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (name, content) in files {
        let mut header = header(tar::EntryType::Regular, 0o644, (0, 0), content.len());
        header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
        header.set_cksum();
        tar.append(&header, content.as_bytes()).unwrap();
    }
    tar.into_inner().unwrap()
}

fn command(line: &str) -> Arguments {
    WRITE_FILES
        .usage
        .parse(line.split_whitespace().map(str::to_owned))
        .unwrap()
}

fn write_to(root: &Path, archive: &[u8]) -> Result<(), Error> {
    run(&command(root.to_str().unwrap()), archive)
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn absolute_names_begin_at_the_directory() {
    let root = tempfile::tempdir().unwrap();
    let files = [
        ("/etc/kubernetes/apiserver.crt", "cert"),
        ("./etc//cni/net.d/10.conf", "cni"),
        ("empty", ""),
    ];
    write_to(root.path(), &archive(&files)).unwrap();
    assert_eq!(
        fs::read(root.path().join("etc/kubernetes/apiserver.crt")).unwrap(),
        b"cert"
    );
    assert_eq!(fs::read(root.path().join("etc/cni/net.d/10.conf")).unwrap(), b"cni");
    assert_eq!(fs::read(root.path().join("empty")).unwrap(), b"");
    assert_eq!(mode(&root.path().join("etc/kubernetes")), 0o755);
    assert_eq!(fs::read_dir(root.path().join("etc/kubernetes")).unwrap().count(), 1);
}

#[test]
fn modes_and_owners_of_the_archive_are_kept() {
    let root = tempfile::tempdir().unwrap();
    let mut tar = tar::Builder::new(Vec::new());
    for (name, mode, owner) in [
        ("key", 0o600, (10_000, 10_001)),
        ("script", 0o4755, (0, 0)),
        ("plain", 0, (0, 0)),
    ] {
        let mut header = header(tar::EntryType::Regular, mode, owner, 1);
        tar.append_data(&mut header, name, &b"x"[..]).unwrap();
    }
    write_to(root.path(), &tar.into_inner().unwrap()).unwrap();
    let key = fs::metadata(root.path().join("key")).unwrap();
    assert_eq!((key.uid(), key.gid(), key.mode() & 0o7777), (10_000, 10_001, 0o600));
    assert_eq!(
        mode(&root.path().join("script")),
        0o755,
        "no set-user-id bit comes from an archive"
    );
    assert_eq!(mode(&root.path().join("plain")), 0o644);
}

#[test]
fn the_flag_wins_over_the_modes_of_the_archive() {
    let root = tempfile::tempdir().unwrap();
    let args = command(&format!("--mode=600 {}", root.path().display()));
    run(&args, archive(&[("a", "1")]).as_slice()).unwrap();
    assert_eq!(mode(&root.path().join("a")), 0o600);
    let wrong = run(&command("--mode=rw /nowhere"), &[][..]).unwrap_err();
    assert!(wrong.to_string().starts_with("invalid mode \"rw\""), "{wrong}");
}

#[test]
fn files_that_exist_are_replaced_with_their_owner_and_mode() {
    let root = tempfile::tempdir().unwrap();
    let (file, target) = (root.path().join("a"), root.path().join("target"));
    fs::write(&target, "precious").unwrap();
    symlink(&target, &file).unwrap();
    // What a killed run left behind, or somebody planted.
    symlink(&target, root.path().join("a.tmp")).unwrap();
    write_to(root.path(), &archive(&[("a", "new")])).unwrap();
    assert_eq!(fs::read(&file).unwrap(), b"new");
    assert!(fs::symlink_metadata(&file).unwrap().is_file());
    assert_eq!(fs::read(&target).unwrap(), b"precious");
    assert_eq!(fs::read_dir(root.path()).unwrap().count(), 2);
}

#[test]
fn names_that_lead_elsewhere_change_nothing() {
    for name in ["../evil", "a/../../evil", "/..", "/", "."] {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join("dir");
        fs::create_dir(&dir).unwrap();
        let error = write_to(&dir, &archive(&[("good", "x"), (name, "x")])).unwrap_err();
        assert!(matches!(error, Error::Name(_)), "{name}: {error}");
        assert!(error.to_string().contains(name), "{error}");
        assert_eq!(fs::read_dir(&dir).unwrap().count(), 0, "{name}");
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1, "{name}");
    }
}

#[test]
fn an_archive_that_was_cut_off_anywhere_changes_nothing() {
    let whole = archive(&[("a", "first"), ("b", "second")]);
    let root = tempfile::tempdir().unwrap();
    // Of the zeros at its end some may be missing.
    let content = whole.len() - 1024;
    for length in (0..=content).step_by(64) {
        let error = write_to(root.path(), &whole[..length]).unwrap_err();
        assert!(matches!(error, Error::CutOff(_) | Error::Read(_)), "{length}: {error}");
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 0, "{length}");
    }
    write_to(root.path(), &whole).unwrap();
    assert_eq!(fs::read_dir(root.path()).unwrap().count(), 2);
}

#[test]
fn damage_is_told_without_a_panic() {
    let root = tempfile::tempdir().unwrap();
    let whole = archive(&[("a", "first")]);
    for at in 0..512 {
        let mut damaged = whole.clone();
        damaged[at] ^= 0xff;
        assert!(write_to(root.path(), &damaged).is_err(), "{at}");
    }
    assert_eq!(fs::read_dir(root.path()).unwrap().count(), 0);
}

#[test]
fn what_is_no_regular_file_is_passed_over() {
    let root = tempfile::tempdir().unwrap();
    let mut tar = tar::Builder::new(Vec::new());
    let mut directory = header(tar::EntryType::Directory, 0o755, (0, 0), 0);
    tar.append_data(&mut directory, "dir/", &[][..]).unwrap();
    let mut link = header(tar::EntryType::Symlink, 0o777, (0, 0), 0);
    tar.append_link(&mut link, "link", "/etc/passwd").unwrap();
    let mut file = header(tar::EntryType::Regular, 0o644, (0, 0), 1);
    tar.append_data(&mut file, "file", &b"x"[..]).unwrap();
    write_to(root.path(), &tar.into_inner().unwrap()).unwrap();
    let names: Vec<_> = fs::read_dir(root.path())
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    assert_eq!(names, ["file"]);
}

#[test]
fn of_two_files_of_one_name_the_last_counts() {
    let root = tempfile::tempdir().unwrap();
    write_to(root.path(), &archive(&[("a", "1"), ("/a", "2")])).unwrap();
    assert_eq!(fs::read(root.path().join("a")).unwrap(), b"2");
}

#[test]
fn a_failure_leaves_no_parts_behind() {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("file"), "x").unwrap();
    let error = write_to(root.path(), &archive(&[("a", "1"), ("file/below", "2")])).unwrap_err();
    assert!(matches!(error, Error::MakeDir { .. }), "{error}");
    assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1);
    fs::create_dir(root.path().join("dir")).unwrap();
    let error = write_to(root.path(), &archive(&[("dir", "1")])).unwrap_err();
    assert!(error.to_string().starts_with("failed to rename "), "{error}");
    assert!(!root.path().join("dir.tmp").exists());
}
