#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::process::Command;

use super::*;
use crate::content::Segment;

fn made(members: &[(&str, &[u8], EntryType)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, bytes, kind) in members {
        let mut header = tar::Header::new_gnu();
        // Not set_path: it refuses what an attacker would write.
        header.as_gnu_mut().unwrap().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.set_entry_type(*kind);
        if *kind == EntryType::Symlink {
            header.set_link_name("/etc/passwd").unwrap();
        }
        header.set_cksum();
        builder.append(&header, *bytes).unwrap();
    }
    builder.into_inner().unwrap()
}

fn refused(bytes: &[u8], limit: u64) -> ArchiveError {
    let dir = tempfile::tempdir().unwrap();
    let error = extract(bytes, &dir.path().join("new"), limit).unwrap_err();
    let outside: Vec<_> = fs::read_dir(dir.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(outside, ["new"], "nothing is written elsewhere");
    error
}

const FILE: EntryType = EntryType::Regular;

#[test]
fn an_image_is_read_and_written_back_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let bytes = made(&[("kernel", b"abcd", FILE), ("initrd.gz", &[7; 1000], FILE)]);
    let digests = extract(&bytes[..], &dir.path().join("a"), 2000).unwrap();
    assert_eq!(digests.size(), 1004);
    assert_eq!(fs::read(dir.path().join("a/kernel")).unwrap(), b"abcd");

    let content = content(&dir.path().join("a")).unwrap();
    let mut archive = Vec::new();
    for segment in &content.segments {
        match segment {
            Segment::Bytes(bytes) => archive.extend_from_slice(bytes),
            Segment::File { file, .. } => {
                (&**file).read_to_end(&mut archive).unwrap();
            }
        }
    }
    assert_eq!(archive.len() as u64, content.len());
    assert_eq!(extract(&archive[..], &dir.path().join("b"), 2000).unwrap(), digests);
    assert_eq!(digests.etag().len(), 66);

    fs::write(dir.path().join("x.tar"), &archive).unwrap();
    let listed = Command::new("tar")
        .arg("tf")
        .arg(dir.path().join("x.tar"))
        .output()
        .unwrap();
    assert_eq!(
        String::from_utf8_lossy(&listed.stdout),
        "initrd.gz\nkernel\n",
        "tar reads it"
    );
}

#[test]
fn archives_of_other_programs_are_read() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("kernel"), "k").unwrap();
    fs::write(dir.path().join("initrd.gz"), "i").unwrap();
    for format in ["gnu", "ustar", "pax", "v7", "oldgnu"] {
        let tar = Command::new("tar")
            .args(["cf", "-", "--format", format, "-C"])
            .arg(dir.path())
            .args(["kernel", "initrd.gz"])
            .output()
            .unwrap();
        assert!(tar.status.success(), "{}", String::from_utf8_lossy(&tar.stderr));
        let digests = extract(&tar.stdout[..], &dir.path().join(format), 10).unwrap();
        assert_eq!(digests.size(), 2, "{format}");
    }
}

#[test]
fn wrong_members_are_refused() {
    let link = EntryType::Symlink;
    for members in [
        vec![
            ("kernel", b"a".as_slice(), FILE),
            ("initrd.gz", b"b", FILE),
            ("extra", b"c", FILE),
        ],
        vec![("kernel", b"a", FILE), ("kernel", b"b", FILE)],
        vec![("../kernel", b"a", FILE)],
        vec![("/kernel", b"a", FILE)],
        vec![("./kernel", b"a", FILE)],
        vec![("kernel", b"", link)],
        vec![("kernel", b"", EntryType::Directory)],
        vec![("kernel", b"", EntryType::Fifo)],
        vec![("kernel", b"", EntryType::Link)],
        vec![("kernel", b"x", EntryType::GNULongName)],
        vec![("kernel", b"x", EntryType::GNUSparse)],
    ] {
        let error = refused(&made(&members), 100);
        assert!(
            matches!(error, ArchiveError::WrongMember { .. }),
            "{members:?}: {error}"
        );
    }
    assert!(matches!(
        refused(&made(&[("kernel", b"a", FILE)]), 100),
        ArchiveError::Missing { name: "initrd.gz" }
    ));
    assert!(matches!(refused(&[0; 1024], 100), ArchiveError::Missing { .. }));
    assert!(matches!(refused(b"", 100), ArchiveError::Missing { .. }));
}

#[test]
fn bombs_and_broken_archives_are_refused() {
    let good = made(&[("kernel", &[1; 3000], FILE), ("initrd.gz", &[2; 3000], FILE)]);
    assert!(matches!(refused(&good, 5999), ArchiveError::TooLarge { limit: 5999 }));
    for len in [100, 600, 2000, 4000, 4200, 5000] {
        let error = refused(&good[..len], 9000);
        assert!(
            matches!(error, ArchiveError::Broken(_) | ArchiveError::Missing { .. }),
            "{len}: {error}"
        );
    }
    let mut flipped = good.clone();
    flipped[3] ^= 1;
    assert!(matches!(refused(&flipped, 9000), ArchiveError::Broken(_)));

    // A header that promises 8 EiB is refused before anything is read.
    let mut huge = made(&[("kernel", b"", FILE)]);
    let mut header = tar::Header::from_byte_slice(&huge[..512]).clone();
    header.set_size(u64::MAX / 2);
    header.set_cksum();
    huge[..512].copy_from_slice(header.as_bytes());
    assert!(matches!(refused(&huge, 9000), ArchiveError::TooLarge { .. }));

    let mut endless = good;
    endless.resize(endless.len() + 2 * 1024 * 1024, 0);
    assert!(matches!(refused(&endless, 9000), ArchiveError::Broken(_)));
}
