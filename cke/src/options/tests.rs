#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
use super::*;

fn flags(words: &[&str]) -> Flags {
    let words = ["cke"].iter().chain(words).map(std::ffi::OsString::from);
    neco_daemon::args::try_parse_from::<Cli>(words).unwrap().flags
}

#[test]
fn defaults_are_the_documented_ones() {
    let settings = Settings::parse(flags(&[]), "").unwrap();
    assert_eq!(settings.etcd.prefix.as_deref(), Some("/cke/"));
    assert_eq!(settings.interval, Duration::from_secs(60));
    assert_eq!(settings.certs_gc_interval, Duration::from_secs(3600));
    assert_eq!(settings.session_ttl, Duration::from_secs(60));
    assert_eq!(settings.max_concurrent_updates, 10);
    assert_eq!(settings.http, "0.0.0.0:10180".parse().unwrap());
}

#[test]
fn flags_are_taken_in_both_styles() {
    let settings = Settings::parse(flags(&["-interval", "3s", "--session-ttl=20s", "-debug-sabakan"]), "").unwrap();
    assert_eq!(settings.interval, Duration::from_secs(3));
    assert_eq!(settings.session_ttl, Duration::from_secs(20));
    assert!(settings.debug_sabakan);
}

#[test]
fn the_file_holds_etcd_and_what_a_site_changes() {
    let text = "endpoints: [http://10.0.0.1:2379]\nunknown: 1\nimages:\n  tools: registry.example/cke-tools:9\n";
    let settings = Settings::parse(flags(&[]), text).unwrap();
    assert_eq!(settings.etcd.endpoints, ["http://10.0.0.1:2379"]);
    assert_eq!(settings.images.tools, "registry.example/cke-tools:9");
    assert_eq!(settings.images.etcd, Images::default().etcd);
}

#[test]
fn bad_files_are_named_with_the_place() {
    for (text, want) in [
        ("endpoints: 3", "line 1"),
        ("timeout: fast", "fast"),
        ("- a", "/etc/cke/config.yml"),
    ] {
        let error = format!("{:#}", Settings::parse(flags(&[]), text).unwrap_err());
        assert!(error.contains(want), "{text}: {error}");
    }
}

#[test]
fn the_sample_in_etc_is_what_the_defaults_are() {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../etc/cke.yml")).unwrap();
    let (sample, none) = (
        Settings::parse(flags(&[]), &text).unwrap(),
        Settings::parse(flags(&[]), "").unwrap(),
    );
    assert_eq!(sample.etcd.prefix, none.etcd.prefix);
    assert_eq!(sample.etcd.timeout, none.etcd.timeout);
    assert_eq!(sample.ssh_host_keys, none.ssh_host_keys);
    assert_eq!(sample.images, none.images);
}

#[test]
fn the_unit_in_etc_starts_it_with_flags_that_it_knows() {
    let unit = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../etc/cke.service")).unwrap();
    let command = unit
        .lines()
        .find_map(|line| line.strip_prefix("ExecStart=/usr/bin/cke "))
        .unwrap();
    let words: Vec<&str> = command.split_whitespace().collect();
    assert_eq!(flags(&words).config.to_str(), Some("/etc/cke/config.yml"));
    let check = std::process::Command::new("systemd-analyze")
        .args(["verify", "--man=no"])
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/../etc/cke.service"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&check.stderr);
    let faults: Vec<&str> = said
        .lines()
        .filter(|line| line.contains("cke.service") && !line.contains("is not executable"))
        .collect();
    assert!(faults.is_empty(), "{said}");
}
