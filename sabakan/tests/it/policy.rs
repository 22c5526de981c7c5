//! Who may do what, over real addresses.

use crate::lab::{self, Lab, OPERATOR, READER, STRANGER, Server, send};

/// The machine `c1` in rack 0 has this address; `c2` stands in rack 1.
const MACHINE: &str = "10.69.0.4";
/// An address that DHCP leases in rack 0.
const LEASE: &str = "10.69.0.40";
const OTHER_MACHINE: &str = "10.69.0.196";
/// The machine `c3` stands beside `c1`.
const NEIGHBOUR: &str = "10.69.0.5";

async fn furnish(server: &Server) {
    server
        .register(&[("c1", 0, "cs"), ("c2", 1, "cs"), ("c3", 0, "cs")])
        .await;
    let template = r#"{"version":"2.3","template":{"ignition":{"version":"2.3.0"}},"meta":{}}"#;
    server.put("/api/v1/ignitions/cs/1.0.0", template).await.expect(201);
    let put = server
        .request(OPERATOR, "PUT", "/api/v1/assets/tool")
        .header("content-type", "text/plain")
        .body("tool");
    send(put).await.expect(201);
}

async fn status(server: &Server, from: &str, method: &str, path: &str) -> u16 {
    server.call(from, method, path, "").await.status
}

#[test]
fn each_caller_gets_what_is_its_own() {
    lab::run_one(async |_lab, server| {
        furnish(&server).await;
        let callers = [OPERATOR, READER, MACHINE, LEASE, NEIGHBOUR, OTHER_MACHINE, STRANGER];
        let expect = async |method: &str, path: &str, wanted: [u16; 7]| {
            for (from, wanted) in callers.iter().zip(wanted) {
                assert_eq!(
                    status(&server, from, method, path).await,
                    wanted,
                    "{method} {path} from {from}"
                );
            }
        };
        expect("GET", "/api/v1/machines", [200, 200, 403, 403, 403, 403, 403]).await;
        expect("GET", "/api/v1/logs", [200, 403, 403, 403, 403, 403, 403]).await;
        expect("GET", "/api/v1/ignitions/cs/1.0.0", [200, 403, 403, 403, 403, 403, 403]).await;
        expect("GET", "/api/v1/boot/coreos/ipxe/c1", [200; 7]).await;
        expect("GET", "/api/v1/boot/ipxe.efi", [200; 7]).await;
        expect("GET", "/api/v1/cryptsetup", [200; 7]).await;
        expect("GET", "/health", [200; 7]).await;
        expect("GET", "/api/v1/assets/tool", [200, 403, 200, 200, 200, 200, 403]).await;
        expect(
            "GET",
            "/api/v1/boot/ignitions/c1/1.0.0",
            [200, 403, 200, 200, 403, 403, 403],
        )
        .await;
        expect("GET", "/api/v1/crypts/c1/sda", [404, 403, 404, 404, 403, 403, 403]).await;
        expect("DELETE", "/api/v1/machines/nobody", [404, 403, 403, 403, 403, 403, 403]).await;
        expect("DELETE", "/api/v1/crypts/c1", [500, 403, 403, 403, 403, 403, 403]).await;
        let refused = server.call(STRANGER, "GET", "/api/v1/machines", "").await.json();
        assert!(refused["error"].as_str().unwrap().contains("read-ips"), "{refused}");
        assert!(
            server
                .metrics()
                .await
                .contains("sabakan_policy_count{action=\"refuse\",path=\"/api/v1/machines\",reason=\"needs-reader\"}")
        );
    });
}

#[test]
fn a_page_of_another_site_changes_nothing_from_an_operators_browser() {
    lab::run_one(async |_lab, server| {
        furnish(&server).await;
        let from = async |origin: String| {
            let put = server.request(OPERATOR, "PUT", "/api/v1/labels/c1/x");
            send(put.header("origin", origin).body("y")).await.status
        };
        assert_eq!(from("http://evil.example".into()).await, 403);
        assert_eq!(from(format!("http://{}:10080", server.ip)).await, 200);
        let socket = server
            .request(OPERATOR, "GET", "/graphql")
            .header("origin", "http://evil.example")
            .header("connection", "upgrade")
            .header("upgrade", "websocket");
        send(socket).await.expect(403);
    });
}

#[test]
fn an_etcd_of_the_original_starts_with_reports() {
    lab::run(async |lab: Lab| {
        lab.etcd.ctl(&["put", "/sabakan/version", "3"]);
        let server = lab.server(lab::FIRST, &[]).await;
        server.put("/api/v1/config/ipam", lab::IPAM).await.expect(200);
        furnish(&server).await;
        assert_eq!(status(&server, STRANGER, "GET", "/api/v1/machines").await, 200);
        assert_eq!(status(&server, STRANGER, "GET", "/api/v1/crypts/c1/sda").await, 404);
        assert_eq!(status(&server, STRANGER, "PUT", "/api/v1/state/c1").await, 403);
        assert!(
            server
                .metrics()
                .await
                .contains("sabakan_policy_count{action=\"report\",path=\"/api/v1/machines\"")
        );
        assert!(server.log().contains("the policy does not allow this request"));
        drop(server);
        let strict = lab.server(lab::FIRST, &["--policy", "enforce"]).await;
        assert_eq!(status(&strict, STRANGER, "GET", "/api/v1/machines").await, 403);
        drop(strict);
        let again = lab.server(lab::FIRST, &[]).await;
        assert_eq!(
            status(&again, STRANGER, "GET", "/api/v1/machines").await,
            200,
            "the first decision stays"
        );
    });
}

#[test]
fn a_boot_token_can_be_required() {
    lab::run(async |lab: Lab| {
        let server = lab.server(lab::FIRST, &["--boot-token", "require"]).await;
        server.put("/api/v1/config/ipam", lab::IPAM).await.expect(200);
        furnish(&server).await;
        let ignition = "/api/v1/boot/ignitions/c1/1.0.0";
        assert_eq!(status(&server, LEASE, "GET", ignition).await, 403);
        let script = server
            .call(LEASE, "GET", "/api/v1/boot/coreos/ipxe/c1", "")
            .await
            .expect(200);
        let token = script
            .text()
            .split("?token=")
            .nth(1)
            .and_then(|rest| rest.split(' ').next())
            .expect("a token")
            .to_owned();
        assert_eq!(
            status(&server, LEASE, "GET", &format!("{ignition}?token={token}")).await,
            200
        );
        for (header, by_url, wanted) in [
            ("", token.as_str(), 200),
            ("none", token.as_str(), 200),
            (token.as_str(), "", 200),
            ("", "", 403),
            ("none", "none", 403),
        ] {
            let get = server.request(LEASE, "GET", &format!("{ignition}?token={by_url}"));
            let answer = send(get.header("x-sabakan-boot-token", header)).await;
            assert_eq!(answer.status, wanted, "header `{header}`, URL `{by_url}`");
        }
        let key = server
            .request(MACHINE, "PUT", "/api/v1/crypts/c1/sda")
            .header("x-sabakan-boot-token", token.clone())
            .body("k");
        send(key).await.expect(201);
        assert_eq!(
            status(
                &server,
                OTHER_MACHINE,
                "GET",
                &format!("/api/v1/boot/ignitions/c2/1.0.0?token={token}")
            )
            .await,
            403
        );
        let elsewhere = server
            .call(STRANGER, "GET", "/api/v1/boot/coreos/ipxe/c1", "")
            .await
            .expect(200);
        assert!(
            !elsewhere.text().contains("token="),
            "who reads a script from elsewhere gets no token"
        );
    });
}

#[test]
fn a_certificate_can_be_required_for_keys_and_opens_the_api_to_operators() {
    lab::run(async |lab: Lab| {
        let ca = Ca::new();
        std::fs::write(lab.file("ca.crt"), ca.certificate.pem()).unwrap();
        let (path, path2) = (lab.path("ca.crt"), lab.path("operators.crt"));
        let operators = Ca::new();
        std::fs::write(lab.file("operators.crt"), operators.certificate.pem()).unwrap();
        let more = [
            "--machine-ca",
            path.as_str(),
            "--require-machine-identity",
            "--operator-ca",
            path2.as_str(),
        ];
        let server = lab.server(lab::FIRST, &more).await;
        server.put("/api/v1/config/ipam", lab::IPAM).await.expect(200);
        furnish(&server).await;
        let url = server.url("/api/v1/crypts/c1/sda");
        assert_eq!(status(&server, MACHINE, "GET", "/api/v1/crypts/c1/sda").await, 403);
        let by = |identity: reqwest::Identity| {
            let from: std::net::IpAddr = STRANGER.parse().unwrap();
            let builder = reqwest::Client::builder()
                .no_proxy()
                .local_address(from)
                .identity(identity);
            builder.danger_accept_invalid_certs(true).build().unwrap()
        };
        send(by(ca.issue("c1")).put(&url).body("key")).await.expect(201);
        assert_eq!(send(by(ca.issue("c1")).get(&url)).await.expect(200).text(), "key");
        send(by(ca.issue("c2")).get(&url)).await.expect(403);
        let machines = format!("https://{}:10443/api/v1/machines", lab::FIRST);
        send(by(operators.issue("ann")).get(&machines)).await.expect(200);
        send(by(ca.issue("c1")).get(&machines)).await.expect(404);
        let label = format!("https://{}:10443/api/v1/labels/c1/x", lab::FIRST);
        send(by(operators.issue("ann")).put(&label).body("y")).await.expect(200);
        assert!(
            server.get("/api/v1/logs").await.text().contains(r#""user":"ann""#),
            "the audit log names the certificate's subject"
        );
    });
}

#[test]
fn peers_pull_assets_with_certificates_where_they_are_required() {
    const PEERS: &str = "10.69.0.3,10.69.0.195,10.3.3.3";
    lab::run(async |lab: Lab| {
        let ca = Ca::new();
        std::fs::write(lab.file("ca.crt"), ca.certificate.pem()).unwrap();
        ca.certify_servers(&lab);
        let path = lab.path("ca.crt");
        let more = [
            "--peer-ca",
            &path,
            "--require-peer-identity",
            "--pull-jitter",
            "100ms",
            "--policy",
            "enforce",
            "--peer-ips",
            PEERS,
        ];
        let first = lab.server(lab::FIRST, &more).await;
        let second = lab.server(lab::SECOND, &more).await;
        first.put("/api/v1/config/ipam", lab::IPAM).await.expect(200);
        let upload = first.request(lab::OPERATOR, "PUT", "/api/v1/assets/secret.txt");
        let upload = upload.header("content-type", "text/plain").body("for peers");
        send(upload).await.expect(201);
        testkit::wait::wait_for(
            "the other server to have the asset",
            testkit::wait::PATIENCE,
            || async {
                let answer = second.get("/api/v1/assets/secret.txt").await;
                testkit::wait::holds(answer.text() == "for peers", answer.text())
            },
        )
        .await;
        let plain = lab::client(STRANGER).get(format!("http://{}:10080/api/v1/assets/secret.txt", lab::FIRST));
        send(plain).await.expect(403);
        let log = second.log();
        let pulled = log.lines().find(|line| line.contains("pulled an asset")).unwrap();
        assert!(pulled.contains("https://10.69.0.3:10443/"), "{pulled}");
    });
}

struct Ca {
    certificate: rcgen::Certificate,
    issuer: rcgen::Issuer<'static, rcgen::KeyPair>,
}

impl Ca {
    fn new() -> Self {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut parameters = rcgen::CertificateParams::new(Vec::new()).unwrap();
        parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let certificate = parameters.self_signed(&key).unwrap();
        Self {
            certificate,
            issuer: rcgen::Issuer::new(parameters, key),
        }
    }

    /// A certificate for the servers, good for both ends of a connection between them.
    fn certify_servers(&self, lab: &Lab) {
        let key = rcgen::KeyPair::generate().unwrap();
        let names = vec![lab::FIRST.to_owned(), lab::SECOND.to_owned()];
        let mut parameters = rcgen::CertificateParams::new(names).unwrap();
        parameters.extended_key_usages = vec![
            rcgen::ExtendedKeyUsagePurpose::ServerAuth,
            rcgen::ExtendedKeyUsagePurpose::ClientAuth,
        ];
        let certificate = parameters.signed_by(&key, &self.issuer).unwrap();
        std::fs::write(lab.file("server.crt"), certificate.pem()).unwrap();
        std::fs::write(lab.file("server.key"), key.serialize_pem()).unwrap();
    }

    fn issue(&self, name: &str) -> reqwest::Identity {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut parameters = rcgen::CertificateParams::new(Vec::new()).unwrap();
        parameters.distinguished_name.push(rcgen::DnType::CommonName, name);
        parameters
            .extended_key_usages
            .push(rcgen::ExtendedKeyUsagePurpose::ClientAuth);
        let certificate = parameters.signed_by(&key, &self.issuer).unwrap();
        reqwest::Identity::from_pem(format!("{}{}", certificate.pem(), key.serialize_pem()).as_bytes()).unwrap()
    }
}
