//! Certificates that change under a running server, and clients that show theirs, over real sockets.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use neco_daemon::tls::{ClientAuthority, KeyExchange, PeerIdentity, ServerTls};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{TlsAcceptor, TlsConnector};

type Ca = CertifiedIssuer<'static, KeyPair>;

fn ca() -> Ca {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

fn leaf(ca: &Ca, name: &str) -> (String, String) {
    leaf_with(KeyPair::generate().unwrap(), ca, name)
}

fn leaf_with(key: KeyPair, ca: &Ca, name: &str) -> (String, String) {
    let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    (params.signed_by(&key, ca).unwrap().pem(), key.serialize_pem())
}

fn write(folder: &Path, name: &str, (certificate, key): (String, String)) {
    std::fs::write(folder.join(format!("{name}.crt")), certificate).unwrap();
    std::fs::write(folder.join(format!("{name}.key")), key).unwrap();
}

/// Answers each connection with who the client is.
async fn serve(tls: ServerTls) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let Ok(mut stream) = TlsAcceptor::from(tls.config()).accept(stream).await else {
                continue;
            };
            let identity = tls.identity(stream.get_ref().1.peer_certificates().unwrap_or_default());
            stream.write_all(format!("{identity:?}").as_bytes()).await.ok();
            stream.shutdown().await.ok();
        }
    });
    address
}

/// What the server says of the client, and the certificate that it showed.
async fn ask(
    address: SocketAddr,
    trusted: &Ca,
    own: Option<(String, String)>,
) -> std::io::Result<(String, CertificateDer<'static>)> {
    neco_daemon::install_crypto_provider();
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(trusted.pem().as_bytes()).unwrap())
        .unwrap();
    let builder = ClientConfig::builder().with_root_certificates(roots);
    let config = match own {
        None => builder.with_no_client_auth(),
        Some((certificate, key)) => {
            let chain = vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()];
            builder
                .with_client_auth_cert(chain, PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap())
                .unwrap()
        }
    };
    let stream = TcpStream::connect(address).await?;
    let name = ServerName::try_from("localhost").unwrap();
    let mut stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await?;
    let shown = stream.get_ref().1.peer_certificates().unwrap()[0].clone().into_owned();
    let mut said = String::new();
    stream.read_to_string(&mut said).await?;
    Ok((said, shown))
}

#[tokio::test]
async fn a_new_certificate_is_served_and_a_broken_one_is_not() {
    let (folder, ca) = (tempfile::tempdir().unwrap(), ca());
    let path = |name: &str| folder.path().join(name);
    write(folder.path(), "server", leaf(&ca, "first"));
    let tls = ServerTls::load(path("server.crt"), path("server.key"), vec![]).unwrap();
    let address = serve(tls.clone()).await;
    let (_, first) = ask(address, &ca, None).await.unwrap();
    assert!(!tls.reload_if_changed());

    write(folder.path(), "server", leaf(&ca, "second"));
    assert!(tls.reload_if_changed());
    let (_, second) = ask(address, &ca, None).await.unwrap();
    assert_ne!(first, second);

    std::fs::write(path("server.crt"), "nonsense").unwrap();
    assert!(tls.reload_if_changed());
    assert_eq!(ask(address, &ca, None).await.unwrap().1, second);
    std::fs::write(path("server.key"), leaf(&ca, "other").1).unwrap();
    tls.reload_if_changed();
    assert_eq!(ask(address, &ca, None).await.unwrap().1, second);
    std::fs::remove_file(path("server.crt")).unwrap();
    tls.reload_if_changed();
    assert_eq!(ask(address, &ca, None).await.unwrap().1, second);
}

#[tokio::test]
async fn a_client_is_known_by_the_authority_that_vouches_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let (server_ca, operators, machines, strangers) = (ca(), ca(), ca(), ca());
    write(folder.path(), "server", leaf(&server_ca, "server"));
    std::fs::write(path("operators.crt"), operators.pem()).unwrap();
    std::fs::write(path("machines.crt"), machines.pem()).unwrap();
    let authority = |name: &str| ClientAuthority {
        name: name.to_owned(),
        file: path(&format!("{name}s.crt")),
    };
    let authorities = vec![authority("operator"), authority("machine")];
    let tls = ServerTls::load(path("server.crt"), path("server.key"), authorities).unwrap();
    let address = serve(tls.clone()).await;

    let machine = PeerIdentity {
        authority: "machine".to_owned(),
        common_name: "1234abcd".to_owned(),
        dns_names: vec!["localhost".to_owned()],
    };
    let (said, _) = ask(address, &server_ca, Some(leaf(&machines, "1234abcd")))
        .await
        .unwrap();
    assert_eq!(said, format!("{:?}", Some(machine)));
    let (said, _) = ask(address, &server_ca, Some(leaf(&operators, "root"))).await.unwrap();
    assert!(said.contains("operator"), "{said}");
    assert_eq!(ask(address, &server_ca, None).await.unwrap().0, "None");
    ask(address, &server_ca, Some(leaf(&strangers, "root")))
        .await
        .unwrap_err();

    // The operators get a new CA: the old one counts no more, without a restart.
    std::fs::write(path("operators.crt"), strangers.pem()).unwrap();
    assert!(tls.reload_if_changed());
    ask(address, &server_ca, Some(leaf(&operators, "root")))
        .await
        .unwrap_err();
    let (said, _) = ask(address, &server_ca, Some(leaf(&strangers, "root"))).await.unwrap();
    assert!(said.contains("operator"), "{said}");
}

/// What OpenSSL, told to take these suites of TLS 1.2 alone, says of a connection.
async fn openssl(address: SocketAddr, authority: &Path, suites: &str) -> String {
    let mut command = tokio::process::Command::new("openssl");
    command.args(["s_client", "-tls1_2", "-verify_return_error", "-cipher", suites]);
    command.args([
        "-verify_hostname",
        "localhost",
        "-connect",
        &address.to_string(),
        "-CAfile",
    ]);
    let output = command.arg(authority).stdin(std::process::Stdio::null()).output();
    let output = output.await.unwrap();
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// As UEFI firmware is: RFC 7919's groups, or none named at all, and no curves.
#[tokio::test]
async fn a_client_without_elliptic_curves_is_served_where_it_is_asked_for() {
    let (folder, ca) = (tempfile::tempdir().unwrap(), ca());
    let path = |name: &str| folder.path().join(name);
    let rsa = KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap();
    write(folder.path(), "server", leaf_with(rsa, &ca, "server"));
    std::fs::write(path("ca.crt"), ca.pem()).unwrap();
    let load = |exchange| ServerTls::load_with(exchange, path("server.crt"), path("server.key"), vec![]).unwrap();

    let address = serve(load(KeyExchange::FiniteField)).await;
    for suite in ["DHE-RSA-AES256-GCM-SHA384", "DHE-RSA-AES128-GCM-SHA256"] {
        let said = openssl(address, &path("ca.crt"), suite).await;
        assert!(said.contains(&format!("Cipher is {suite}")), "{said}");
        assert!(said.contains("Server Temp Key: DH, 3072 bits"), "{said}");
        assert!(said.contains("Verify return code: 0 (ok)"), "{said}");
        assert!(said.contains("None"), "what the server sends arrives: {said}");
    }
    let both = openssl(
        address,
        &path("ca.crt"),
        "DHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-AES128-GCM-SHA256",
    )
    .await;
    assert!(
        both.contains("Cipher is ECDHE-RSA-AES128-GCM-SHA256"),
        "curves go first: {both}"
    );
    assert_eq!(ask(address, &ca, None).await.unwrap().0, "None");

    let address = serve(load(KeyExchange::Curves)).await;
    let said = openssl(address, &path("ca.crt"), "DHE-RSA-AES256-GCM-SHA384").await;
    assert!(said.contains("handshake failure"), "{said}");
}

#[test]
fn what_cannot_be_used_is_named() {
    let (folder, ca) = (tempfile::tempdir().unwrap(), ca());
    let path = |name: &str| folder.path().join(name);
    write(folder.path(), "server", leaf(&ca, "server"));
    let missing = ServerTls::load(path("none.crt"), path("server.key"), vec![]).unwrap_err();
    assert!(missing.to_string().contains("none.crt"), "{missing}");
    write(folder.path(), "other", leaf(&ca, "other"));
    let unfit = ServerTls::load(path("server.crt"), path("other.key"), vec![]).unwrap_err();
    assert!(unfit.to_string().contains("other.key"), "{unfit}");
    std::fs::write(path("empty.crt"), "").unwrap();
    let empty = ServerTls::load(path("empty.crt"), path("server.key"), vec![]).unwrap_err();
    assert!(empty.to_string().contains("empty.crt"), "{empty}");
}
