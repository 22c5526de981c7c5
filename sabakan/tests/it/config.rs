//! Configuration by file and by flags, the sample and the unit.

use crate::lab::{self, Lab, OPERATOR, STRANGER};
use std::process::Command;

fn refused(args: &[&str]) -> (i32, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_sabakan")).args(args).output().unwrap();
    (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn a_file_takes_the_place_of_all_flags_but_logging() {
    lab::run(async |lab: Lab| {
        let ip = lab::FIRST;
        let yaml = format!(
            "http: {ip}:10080\nhttps: {ip}:10443\nmetrics: {ip}:10081\ndhcp-bind: {ip}:10067\n\
             data-dir: {data}\nadvertise-url: http://{ip}:10080\nadvertise-url-https: https://{ip}:10443\n\
             allow-ips: [{OPERATOR}]\nserver-cert: {crt}\nserver-key: {key}\nenable-playground: true\n\
             limits:\n  search: 1\netcd:\n  endpoints: [{etcd}]\n",
            data = lab.path(&format!("data-{ip}")),
            crt = lab.path("server.crt"),
            key = lab.path("server.key"),
            etcd = lab.etcd.endpoints().join(", "),
        );
        std::fs::write(lab.file("sabakan.yml"), yaml).unwrap();
        let file = lab.path("sabakan.yml");
        let args = [
            "-config-file",
            &file,
            "-http",
            "10.9.9.9:1",
            "-allow-ips",
            STRANGER,
            "--logformat=json",
        ]
        .map(str::to_owned);
        let server = lab.start(ip, &args).await;
        server.put("/api/v1/config/ipam", lab::IPAM).await.expect(200);
        server
            .call(STRANGER, "PUT", "/api/v1/config/ipam", lab::IPAM)
            .await
            .expect(403);
        assert!(server.get("/playground").await.expect(200).text().contains("/graphql"));
        let line: serde_json::Value = serde_json::from_str(server.log().lines().next().unwrap()).unwrap();
        assert_eq!(line["topic"], "sabakan");
    });
}

#[test]
fn wrong_configuration_ends_with_2_and_the_key() {
    let (code, words) = refused(&["-data-dir", "relative"]);
    assert_eq!(code, 2);
    assert!(words.contains("data-dir"), "{words}");
    assert_eq!(refused(&["--no-such-flag"]).0, 2);
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "http: 127.0.0.1:1\nhtps: x\n").unwrap();
    let (code, words) = refused(&["--config-file", file.path().to_str().unwrap()]);
    assert_eq!(code, 2);
    assert!(words.contains("htps") && words.contains('2'), "{words}");
}

#[test]
fn the_unit_is_one_that_systemd_takes() {
    let unit = concat!(env!("CARGO_MANIFEST_DIR"), "/../etc/sabakan.service");
    let text = std::fs::read_to_string(unit).unwrap();
    let dir = tempfile::tempdir().unwrap();
    // The verifier wants the program to exist.
    let program = env!("CARGO_BIN_EXE_sabakan");
    let shown = text.replace("/usr/bin/sabakan", program);
    assert_ne!(shown, text);
    let copy = dir.path().join("sabakan.service");
    std::fs::write(&copy, shown).unwrap();
    let output = Command::new("systemd-analyze")
        .arg("verify")
        .arg("--man=no")
        .arg(&copy)
        .output()
        .expect("systemd-analyze");
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    let complaints: Vec<&str> = words.lines().filter(|line| line.contains("sabakan.service")).collect();
    assert!(complaints.is_empty(), "{words}");
    assert!(text.contains("WatchdogSec=") && text.contains("CAP_NET_BIND_SERVICE"));
}

#[test]
fn it_runs_with_the_one_capability_that_its_container_has() {
    lab::run(async |lab: Lab| {
        let ip = lab::FIRST;
        std::fs::create_dir_all(lab.file(&format!("data-{ip}"))).unwrap();
        // The low ports want the capability; nothing else may be needed.
        let mut args = lab.args(ip);
        args.extend(["-dhcp-bind".to_owned(), format!("{ip}:67")]);
        let by = [
            "setpriv",
            "--inh-caps=-all,+net_bind_service",
            "--bounding-set=-all,+net_bind_service",
            "--no-new-privs",
        ];
        let server = lab.start_by(&by, ip, &args).await;
        server.put("/api/v1/config/ipam", lab::IPAM).await.expect(200);
        let relay =
            testkit::dhcp::Port::relay("10.69.0.1".parse().unwrap(), &[format!("{ip}:67").parse().unwrap()]).unwrap();
        server.put("/api/v1/config/dhcp", "{}").await.expect(200);
        let lease = relay.client([2, 0, 0, 0, 0, 9]).lease().await;
        assert!(!lease.yiaddr().is_unspecified());
    });
}

#[test]
fn https_boot_wants_an_rsa_key_and_says_so() {
    lab::run(async |lab: Lab| {
        let words = "the key of the TLS port is not an RSA key";
        // The laboratory's own certificate is one of elliptic curves.
        let server = lab.server(lab::FIRST, &["--https-boot"]).await;
        assert!(server.log().contains(words), "{}", server.log());
        drop(server);
        let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap();
        let certificate = rcgen::CertificateParams::new(vec![lab::SECOND.to_owned()]).unwrap();
        std::fs::write(lab.file("server.crt"), certificate.self_signed(&key).unwrap().pem()).unwrap();
        std::fs::write(lab.file("server.key"), key.serialize_pem()).unwrap();
        let server = lab.server(lab::SECOND, &["--https-boot"]).await;
        assert!(!server.log().contains(words), "{}", server.log());
    });
}
