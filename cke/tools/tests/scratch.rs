//! The programs as they are shipped: static, in an image that holds nothing else.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The largest program, in bytes; what is larger needs a reason.
const LARGEST: u64 = 2_500_000;

/// A root like a container's: the programs, and nothing of this machine.
struct Image(tempfile::TempDir);

impl Image {
    fn new() -> Image {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("build.sh");
        let built = Command::new(script)
            .env_remove("RUSTFLAGS")
            .stderr(Stdio::inherit())
            .output()
            .unwrap();
        assert!(built.status.success(), "build.sh failed");
        let folder = PathBuf::from(String::from_utf8(built.stdout).unwrap().trim());
        let root = tempfile::tempdir().unwrap();
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let size = entry.metadata().unwrap().len();
            assert!(size < LARGEST, "{:?} has {size} bytes", entry.file_name());
            fs::copy(entry.path(), root.path().join(entry.file_name())).unwrap();
        }
        Image(root)
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    fn run(&self, args: &[&str], input: &[u8]) -> Output {
        let mut child = Command::new("chroot")
            .arg(self.0.path())
            .args(args)
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin:/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input).unwrap();
        child.wait_with_output().unwrap()
    }

    /// Runs a program that succeeds and says nothing, as CKE expects.
    fn ok(&self, args: &[&str], input: &[u8]) {
        let output = self.run(args, input);
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success() && text.is_empty() && output.stdout.is_empty(),
            "{args:?}: {text}"
        );
    }
}

fn archive(name: &str, content: &[u8]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_ustar();
    header.set_mode(0o600);
    header.set_uid(10_000);
    header.set_gid(10_000);
    header.set_size(u64::try_from(content.len()).unwrap());
    tar.append_data(&mut header, name, content).unwrap();
    tar.into_inner().unwrap()
}

#[test]
fn the_programs_need_nothing_but_themselves() {
    let image = Image::new();
    image.ok(&["make_directories", "--mode=700", "/mnt/etc/kubernetes"], &[]);
    assert_eq!(
        fs::metadata(image.path("mnt/etc/kubernetes"))
            .unwrap()
            .permissions()
            .mode()
            & 0o777,
        0o700
    );

    image.ok(
        &["write_files", "/mnt"],
        &archive("etc/kubernetes/kubelet.key", b"secret"),
    );
    let key = fs::metadata(image.path("mnt/etc/kubernetes/kubelet.key")).unwrap();
    assert_eq!((key.uid(), key.mode() & 0o7777, key.len()), (10_000, 0o600, 6));

    image.ok(&["empty-dir", "/mnt/etc"], &[]);
    assert_eq!(fs::read_dir(image.path("mnt/etc")).unwrap().count(), 0);

    fs::create_dir_all(image.path("cni_plugins/bin")).unwrap();
    fs::create_dir_all(image.path("host/bin")).unwrap();
    fs::write(image.path("cni_plugins/bin/bridge"), "plugin").unwrap();
    image.ok(&["install-cni"], &[]);
    assert_eq!(fs::read(image.path("host/bin/bridge")).unwrap(), b"plugin");

    // A name is looked up as far as files and the network give it: no library is missing for that.
    let output = image.run(
        &["rivers", "--listen=nowhere.invalid:1", "--upstreams=127.0.0.1:1"],
        &[],
    );
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(
        text.contains("failed to listen at nowhere.invalid:1: failed to lookup address information"),
        "{text}"
    );
}

#[test]
fn what_goes_wrong_is_told_with_the_exit_codes_of_the_original() {
    let image = Image::new();
    let cases: [(&[&str], i32, &str); 5] = [
        (&["make_directories", "relative"], 1, "non-absolute path: relative\n"),
        (
            &["make_directories"],
            2,
            "0 arguments are given, 1 or more are wanted\n",
        ),
        (&["empty-dir"], 2, "0 arguments are given, 1 are wanted\n"),
        (
            &["write_files", "/mnt"],
            1,
            "failed to read tar: it was cut off after 0 bytes\n",
        ),
        (
            &["install-cni"],
            1,
            "failed to read /cni_plugins/bin: No such file or directory (os error 2)\n",
        ),
    ];
    for (args, code, message) in cases {
        let output = image.run(args, &[]);
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{args:?}: {text}");
        assert!(text.starts_with(message), "{args:?}: {text}");
    }
}
