#![allow(clippy::unwrap_used, reason = "tests")]
use super::*;

type Flags<'a> = &'a [(&'a str, &'a str)];

/// A tree like `/sys/block`: name, whether it is a real device, and its flags.
fn tree(disks: &[(&str, bool, Flags<'_>)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, real, flags) in disks {
        let disk = dir.path().join(name);
        std::fs::create_dir(&disk).unwrap();
        if *real {
            std::fs::create_dir(disk.join("device")).unwrap();
        }
        for (flag, value) in *flags {
            std::fs::write(disk.join(flag), value).unwrap();
        }
    }
    dir
}

fn names(base: &Path, excludes: &[&str]) -> Vec<String> {
    let excludes: Vec<String> = excludes.iter().map(|text| (*text).to_owned()).collect();
    find_disks(base, &excludes)
        .unwrap()
        .iter()
        .map(|disk| disk.name().to_owned())
        .collect()
}

#[test]
fn virtual_removable_read_only_and_hidden_disks_are_left_alone() {
    let base = tree(&[
        ("loop0", false, &[("removable", "0\n")]),
        ("sda", true, &[("ro", "1\n")]),
        ("sdb", true, &[("removable", "1\n")]),
        ("sde", true, &[("hidden", "1\n"), ("ro", "0\n")]),
        ("sdd", true, &[("removable", "0\n"), ("hidden", "0\n"), ("ro", "0\n")]),
        ("sdc", true, &[]),
        ("nvme0n1", true, &[("ro", "")]),
    ]);
    assert_eq!(names(base.path(), &[]), ["nvme0n1", "sdc", "sdd"]);
    assert_eq!(names(base.path(), &["nvme*", "sdd"]), ["sdc"]);
    assert_eq!(names(base.path(), &["*"]), Vec::<String>::new());
}

#[test]
fn a_bad_pattern_is_an_error_even_when_nothing_matches() {
    let base = tree(&[]);
    let error = find_disks(base.path(), &["sd[".to_owned()]).unwrap_err();
    assert_eq!(error.to_string(), "--excludes: \"sd[\" is not a pattern of disk names");
    assert!(find_disks(&base.path().join("none"), &[]).is_err());
}

#[test]
fn devices_are_named_after_the_disk() {
    let disk = Disk::new("sda");
    assert_eq!(disk.device(), Path::new("/dev/sda"));
    assert_eq!(disk.crypt_device(), Path::new("/dev/mapper/crypt-sda"));
    assert_eq!(Disk::new("cciss!c0d0").device(), Path::new("/dev/cciss/c0d0"));
}
