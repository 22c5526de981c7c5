#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use super::*;
use crate::policy::Networks;
use clap::Parser;

#[derive(Parser)]
#[command(args_override_self = true)]
struct Cli {
    #[command(flatten)]
    flags: Flags,
}

fn flags(args: &[&str]) -> FileConfig {
    Cli::try_parse_from([&["sabakan"], args].concat())
        .unwrap()
        .flags
        .into_config()
}

const URLS: [&str; 4] = [
    "--advertise-url",
    "http://10.0.0.1:10080",
    "--advertise-url-https",
    "https://10.0.0.1:10443",
];

#[test]
fn flags_and_file_say_the_same() {
    let by_flags = flags(
        &[
            &URLS[..],
            &[
                "--http",
                "127.0.0.1:0",
                "--allow-ips",
                "127.0.0.1,10.0.0.0/8",
                "--enable-playground",
            ],
            &[
                "--etcd-endpoints",
                "http://a:2379,http://b:2379",
                "--boot-token",
                "require",
            ],
        ]
        .concat(),
    );
    let by_file = FileConfig::from_yaml(
        "advertise-url: http://10.0.0.1:10080\n\
         advertise-url-https: https://10.0.0.1:10443\n\
         http: 127.0.0.1:0\n\
         allow-ips: [127.0.0.1, 10.0.0.0/8]\n\
         enable-playground: true\n\
         boot-token: require\n\
         etcd:\n  endpoints: [\"http://a:2379\", \"http://b:2379\"]\n",
    )
    .unwrap();
    assert_eq!(by_flags, by_file);
}

#[test]
fn an_empty_file_is_the_defaults_and_unknown_keys_are_refused_with_their_line() {
    assert_eq!(FileConfig::from_yaml("# nothing\n\n").unwrap(), FileConfig::default());
    let error = FileConfig::from_yaml("http: 127.0.0.1:1\nalow-ips: []\n").unwrap_err();
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(source.contains("alow-ips") && source.contains('2'), "{source}");
    assert!(FileConfig::from_yaml("etcd:\n  endpoint: x\n").is_err());
}

#[test]
fn values_are_checked_with_their_key() {
    let wrong = |args: &[&str]| Settings::validate(flags(args)).unwrap_err().to_string();
    assert_eq!(wrong(&[]), "advertise-url must be specified");
    assert_eq!(wrong(&URLS[..2]), "advertise-url-https must be specified");
    let with = |more: &[&str]| wrong(&[&URLS[..], more].concat());
    assert!(with(&["--data-dir", "data"]).starts_with("data-dir: "));
    assert!(with(&["--http", "10080"]).starts_with("http: "));
    assert!(with(&["--allow-ips", "10.0.0.0/33"]).starts_with("allow-ips: "));
    assert!(with(&["--advertise-url", "10.0.0.1:10080"]).starts_with("advertise-url: "));
    assert!(with(&["--require-machine-identity"]).contains("needs machine-ca"));
    assert!(with(&["--etcd-timeout", "fast"]).starts_with("etcd timeout: "));
}

#[test]
fn listen_addresses_are_gos() {
    let all = Listen::parse("http", ":10080").unwrap();
    assert_eq!((all.host.as_str(), all.port), ("", 10080));
    assert_eq!(Listen::parse("http", "[::1]:80").unwrap().to_string(), "[::1]:80");
    assert_eq!(
        Listen::parse("http", "localhost:80").unwrap().to_string(),
        "localhost:80"
    );
    assert!(Listen::parse("http", "::1:80:").is_err());
}

#[test]
fn an_address_alone_is_one_host() {
    let mut config = flags(&URLS);
    config.allow_ips = vec!["::1".into(), String::new()];
    let settings = Settings::validate(config).unwrap();
    assert_eq!(settings.allow, Networks::parse(&["::1/128"]).unwrap());
}

#[test]
fn the_sample_in_etc_is_made_from_the_type() {
    let made = sample().unwrap();
    testkit::golden!("../etc/sabakan.yml", made);
    Settings::validate(FileConfig::from_yaml(&made).unwrap()).unwrap();
}
