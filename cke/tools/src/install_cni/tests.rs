#![allow(clippy::unwrap_used, reason = "tests")]

use std::os::unix::fs::MetadataExt as _;

use super::*;

struct Folders(tempfile::TempDir);

impl Folders {
    fn new() -> Folders {
        let root = tempfile::tempdir().unwrap();
        for name in ["image", "host"] {
            fs::create_dir(root.path().join(name)).unwrap();
        }
        fs::write(root.path().join("image/bridge"), "bridge 1").unwrap();
        fs::write(root.path().join("image/host-local"), "host-local 1").unwrap();
        Folders(root)
    }

    fn install(&self) -> Result<usize, Error> {
        install(&self.0.path().join("image"), &self.0.path().join("host"))
    }

    fn host(&self, name: &str) -> PathBuf {
        self.0.path().join("host").join(name)
    }
}

#[test]
fn plugins_are_installed_executable() {
    let folders = Folders::new();
    fs::write(folders.host("calico"), "somebody else's").unwrap();
    assert_eq!(folders.install().unwrap(), 2);
    assert_eq!(fs::read(folders.host("bridge")).unwrap(), b"bridge 1");
    assert_eq!(
        fs::metadata(folders.host("bridge")).unwrap().permissions().mode() & 0o777,
        0o755
    );
    assert!(folders.host("calico").exists());
    assert_eq!(fs::read_dir(folders.host("")).unwrap().count(), 3);
}

#[test]
fn an_old_plugin_is_replaced_and_a_same_one_is_left() {
    let folders = Folders::new();
    folders.install().unwrap();
    let before = fs::metadata(folders.host("host-local")).unwrap().ino();
    fs::write(folders.0.path().join("image/bridge"), "bridge 2").unwrap();
    assert_eq!(folders.install().unwrap(), 1);
    assert_eq!(fs::read(folders.host("bridge")).unwrap(), b"bridge 2");
    assert_eq!(fs::metadata(folders.host("host-local")).unwrap().ino(), before);
}

#[test]
fn a_link_of_the_name_is_replaced_and_its_target_is_left() {
    let folders = Folders::new();
    let target = folders.0.path().join("target");
    fs::write(&target, "precious").unwrap();
    std::os::unix::fs::symlink(&target, folders.host("bridge")).unwrap();
    folders.install().unwrap();
    assert_eq!(fs::read(&target).unwrap(), b"precious");
    assert!(fs::symlink_metadata(folders.host("bridge")).unwrap().is_file());
}

#[test]
fn missing_folders_are_named() {
    let folders = Folders::new();
    fs::remove_dir(folders.host("")).unwrap();
    let error = folders.install().unwrap_err().to_string();
    assert!(error.contains("/image/") && error.contains("/host/"), "{error}");
    fs::remove_dir_all(folders.0.path().join("image")).unwrap();
    assert!(
        folders
            .install()
            .unwrap_err()
            .to_string()
            .starts_with("failed to read ")
    );
}
