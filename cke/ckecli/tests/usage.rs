//! What scripts learn from exit codes, and people from errors.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod support;

use support::{ckecli, run};

#[test]
fn groups_show_their_help() {
    let groups = [
        "auto-repair",
        "ca",
        "cluster",
        "constraints",
        "etcd",
        "kubernetes",
        "reboot-queue",
        "rq",
        "repair-queue",
        "resource",
        "sabakan",
        "vault",
    ];
    for group in groups {
        let (code, help, errors) = run(&mut ckecli(&[group]));
        assert_eq!((code, errors.as_str()), (0, ""), "{group}");
        assert!(help.contains("Usage: ckecli"), "{help}");
        let (code, _, errors) = run(&mut ckecli(&[group, "invalid"]));
        assert_eq!(code, 1, "{group}");
        assert!(errors.starts_with("Error: unknown command \"invalid\""), "{errors}");
    }
    assert_eq!(run(&mut ckecli(&[])).0, 0);
    assert_eq!(run(&mut ckecli(&["--help"])).0, 0);
    assert_eq!(run(&mut ckecli(&["invalid"])).0, 1);
}

#[test]
fn the_version_is_shown_as_always() {
    let (code, out, _) = run(&mut ckecli(&["--version"]));
    assert_eq!(
        (code, out),
        (0, format!("ckecli version {}\n", env!("CARGO_PKG_VERSION")))
    );
}

#[test]
fn wrong_usage_is_a_failure() {
    let wrong: [&[&str]; 17] = [
        &["cluster", "set"],
        &["cluster", "set", "a", "b"],
        &["constraints", "set", "control-plane-count"],
        &["constraints", "set", "control-plane-count", "x"],
        &["constraints", "set", "nonsense", "1"],
        &["ca", "get", "nonsense"],
        &["history", "-n", "x"],
        &["history", "--bogus"],
        &["reboot-queue", "add"],
        &["reboot-queue", "cancel", "x"],
        &["reboot-queue", "list", "-o", "yaml"],
        &["repair-queue", "add", "a", "b"],
        &["repair-queue", "wait", "--interval-seconds", "0"],
        &["repair-queue", "wait", "--timeout-seconds", "-1"],
        &["etcd", "issue", "--output", "yaml", "a"],
        &["scp", "a:b"],
        &["ssh"],
    ];
    for arguments in wrong {
        let (code, out, errors) = run(&mut ckecli(arguments));
        assert_eq!((code, out.as_str()), (1, ""), "{arguments:?}");
        assert!(errors.starts_with("Error: "), "{arguments:?}: {errors}");
    }
}

#[test]
fn a_missing_configuration_is_named() {
    let (code, _, errors) = run(&mut ckecli(&["--config", "/nowhere/config.yml", "leader"]));
    assert_eq!(code, 1);
    assert!(
        errors.contains("cannot read /nowhere/config.yml") && errors.contains("Hint: "),
        "{errors}"
    );
}

#[test]
fn what_needs_no_etcd_asks_none() {
    let nowhere = ["--config", "/nowhere"];
    let (code, images, _) = run(ckecli(&nowhere).arg("images"));
    assert_eq!(code, 0);
    let want = "ghcr.io/cybozu/etcd:3.6.11.1
ghcr.io/cybozu-go/cke-tools:1.35.0
ghcr.io/cybozu/kubernetes:1.35.5.1
ghcr.io/cybozu/pause:3.10.1.5
ghcr.io/cybozu/coredns:1.14.2.1
ghcr.io/cybozu/unbound:1.25.1.1
ghcr.io/cybozu/unbound_exporter:0.5.0.4
";
    assert_eq!(images, want);
    let (code, script, _) = run(ckecli(&nowhere).arg("completion"));
    assert!(code == 0 && script.contains("ckecli"));
    let folder = tempfile::tempdir().unwrap();
    let (code, _, errors) = run(ckecli(&nowhere).arg("man").arg(folder.path()));
    assert_eq!(code, 0, "{errors}");
    assert!(folder.path().join("ckecli-reboot-queue-add.1").exists());
}

#[test]
fn nobody_is_waited_for_for_ever() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config.yml");
    std::fs::write(&config, "endpoints: [\"http://127.0.0.1:1\"]\ntimeout: 200ms\n").unwrap();
    let (code, _, errors) = run(&mut ckecli(&["--config", config.to_str().unwrap(), "leader"]));
    assert_eq!(code, 1);
    assert!(errors.contains("Hint: is CKE's etcd running?"), "{errors}");
}
