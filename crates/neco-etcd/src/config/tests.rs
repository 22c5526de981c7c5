#![allow(clippy::unwrap_used, reason = "tests")]

use clap::Parser;

use super::*;

#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    etcd: EtcdArgs,
}

fn yaml(text: &str) -> Result<Config, String> {
    serde_saphyr::from_str::<Config>(text).map_err(|e| e.to_string())
}

#[test]
fn the_defaults_are_the_originals() {
    let config = Config::new("/sabakan/");
    assert_eq!(config.endpoints, ["http://127.0.0.1:2379"]);
    assert_eq!(config.timeout().unwrap(), Duration::from_secs(2));
    assert_eq!(config.prefix.as_deref(), Some("/sabakan/"));
    assert_eq!(yaml("{}").unwrap().with_default_prefix("/sabakan/"), config);
    // Go's decoder fills a struct that has the program's prefix already; an empty one in the file is one.
    assert_eq!(
        yaml("prefix: ''")
            .unwrap()
            .with_default_prefix("/sabakan/")
            .prefix
            .as_deref(),
        Some("")
    );
}

#[test]
fn every_key_of_the_original_is_read_and_others_are_refused() {
    let text = "endpoints: [http://10.1.2.3:2379, https://10.1.2.4:2379]
prefix: /key-prefix/
timeout: 1m30s
username: name
password: word
tls-ca-file: /ca
tls-cert-file: /cert
tls-key-file: /key
tls-ca: ca
tls-cert: cert
tls-key: key
";
    let config = yaml(text).unwrap();
    assert_eq!(config.endpoints.len(), 2);
    assert_eq!(config.timeout().unwrap(), Duration::from_secs(90));
    assert_eq!(config.user(), Some(("name".to_owned(), "word".to_owned())));
    let shown = format!("{config:?}");
    assert!(!shown.contains("word\"") && !shown.contains("\"key\""), "{shown}");
    assert!(yaml("endpoint: [x]").unwrap_err().contains("endpoint"));
}

#[test]
fn flags_lie_over_the_file() {
    let words = "x --etcd-endpoints http://a:1,,http://b:2 --etcd-prefix /p/ --etcd-timeout 5s --etcd-username u \
                 --etcd-password p --etcd-tls-ca ca --etcd-tls-cert cert --etcd-tls-key key";
    let cli = Cli::try_parse_from(words.split_whitespace()).unwrap();
    let config = cli.etcd.apply(Config::new("/sabakan/"));
    assert_eq!(config.endpoints, ["http://a:1", "http://b:2"]);
    assert_eq!((config.prefix.as_deref(), config.timeout.as_str()), (Some("/p/"), "5s"));
    assert_eq!(config.user(), Some(("u".to_owned(), "p".to_owned())));
    let files = (
        config.tls_ca_file.as_str(),
        config.tls_cert_file.as_str(),
        config.tls_key_file.as_str(),
    );
    assert_eq!(files, ("ca", "cert", "key"));

    let none = Cli::try_parse_from(["x"]).unwrap().etcd.apply(Config::new("/sabakan/"));
    assert_eq!(none, Config::new("/sabakan/"));
    assert!(Cli::try_parse_from(["x", "--etcd-endpoints", ","]).is_err());
}

#[test]
fn durations_are_gos() {
    let cases: [(&str, u64); 12] = [
        ("2s", 2_000_000_000),
        ("0", 0),
        ("1h30m", 5_400_000_000_000),
        ("1.5s", 1_500_000_000),
        (".5m", 30_000_000_000),
        ("1.h", 3_600_000_000_000),
        ("100ms", 100_000_000),
        ("3us", 3_000),
        ("3\u{b5}s", 3_000),
        ("7ns", 7),
        ("+1m0s", 60_000_000_000),
        ("0.333333333333333333333h", 1_199_999_999_999),
    ];
    for (text, nanos) in cases {
        assert_eq!(parse_go_duration(text), Ok(Duration::from_nanos(nanos)), "{text}");
    }
    for text in [
        "",
        "1",
        "s",
        ".s",
        "-1s",
        "1x",
        "1.2.3s",
        "1s1",
        "999999999h",
        "1 s",
        "\u{3bc}",
        "99999999999999999999s",
    ] {
        let error = parse_go_duration(text).unwrap_err().to_string();
        assert!(error.contains(&format!("{text:?}")), "{error}");
    }
}

#[test]
fn what_cannot_be_used_is_named() {
    let refused = |change: fn(&mut Config)| {
        let mut config = Config::new("");
        change(&mut config);
        let error = endpoints(&config).unwrap_err();
        error.to_string()
    };
    for (change, part) in [
        ((|c| c.endpoints.clear()) as fn(&mut Config), "no endpoints"),
        (|c| c.endpoints = vec!["ftp://x".into()], "ftp"),
        (|c| c.endpoints = vec!["http://".into()], "http://"),
        (|c| c.endpoints = vec!["http://a b".into()], "a b"),
        (|c| c.timeout = "soon".into(), "timeout"),
        (|c| c.timeout = "0s".into(), "above zero"),
        (|c| c.tls_ca_file = "/nowhere/ca".into(), "/nowhere/ca"),
        (|c| c.tls_ca = "-----BEGIN NOTHING-----".into(), "tls-ca"),
        (|c| c.tls_cert = "-----BEGIN CERTIFICATE-----".into(), "both"),
    ] {
        let message = refused(change);
        assert!(message.contains(part), "{message} does not say {part}");
    }
}

#[tokio::test]
async fn schemes_are_chosen_as_go_does() {
    let uri = |endpoint: &str| {
        let config = Config {
            endpoints: vec![endpoint.to_owned()],
            ..Config::new("")
        };
        endpoints(&config).unwrap()[0].uri().to_string()
    };
    assert_eq!(uri("10.1.2.3:2379"), "http://10.1.2.3:2379/");
    assert_eq!(uri("http://[::1]:2379"), "http://[::1]:2379/");
}
