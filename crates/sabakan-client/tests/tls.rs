//! Certificates: whom the client trusts, and what it shows.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use axum_server::tls_rustls::RustlsConfig;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{RootCertStore, ServerConfig, server::WebPkiClientVerifier};
use sabakan_client::{Client, Error, Identity, Options};
use std::sync::Arc;

struct Site {
    ca: CertifiedIssuer<'static, KeyPair>,
    url: String,
}

fn leaf(
    ca: &CertifiedIssuer<'static, KeyPair>,
    purpose: ExtendedKeyUsagePurpose,
) -> (CertificateDer<'static>, String, KeyPair) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec!["localhost".into()]).unwrap();
    params.extended_key_usages = vec![purpose];
    let cert = params.signed_by(&key, ca).unwrap();
    (cert.der().clone(), cert.pem(), key)
}

/// A server that wants certificates of its own CA from its clients.
async fn serve() -> Site {
    // The provider may have been installed by another test of this process.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, "test CA");
    let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let (cert, _, key) = leaf(&ca, ExtendedKeyUsagePurpose::ServerAuth);
    let mut roots = RootCertStore::empty();
    roots.add(ca.der().clone()).unwrap();
    let clients = WebPkiClientVerifier::builder(Arc::new(roots)).build().unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder()
        .with_client_cert_verifier(clients)
        .with_single_cert(vec![cert], key)
        .unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    let app = axum::Router::new().fallback(|| async { r#"{"version":"1"}"# });
    let server = axum_server::from_tcp_rustls(listener, RustlsConfig::from_config(Arc::new(config))).unwrap();
    tokio::spawn(server.serve(app.into_make_service()));
    Site { ca, url }
}

impl Site {
    fn identity(&self) -> Identity {
        let (_, cert_pem, key) = leaf(&self.ca, ExtendedKeyUsagePurpose::ClientAuth);
        Identity {
            cert_pem,
            key_pem: key.serialize_pem(),
        }
    }

    async fn call(&self, change: impl FnOnce(&mut Options)) -> Result<String, Error> {
        let mut options = Options::new(self.url.clone());
        change(&mut options);
        Client::new(&options)?.version().await
    }
}

#[tokio::test]
async fn a_known_server_and_a_known_client() {
    let site = serve().await;
    let answer = site.call(|o| {
        o.ca_pem = Some(site.ca.pem());
        o.identity = Some(site.identity());
    });
    assert_eq!(answer.await.unwrap(), "1");
}

#[tokio::test]
async fn a_server_of_another_ca_is_refused_unless_told_otherwise() {
    let site = serve().await;
    let error = site.call(|o| o.identity = Some(site.identity())).await.unwrap_err();
    let Error::Transport { source, .. } = &error else {
        panic!("{error}")
    };
    let mut causes = std::iter::successors(Some(&**source as &dyn std::error::Error), |e| e.source());
    assert!(
        causes.any(|cause| cause.to_string().contains("certificate")),
        "{source:?}"
    );
    let answer = site.call(|o| {
        o.insecure = true;
        o.identity = Some(site.identity());
    });
    assert_eq!(answer.await.unwrap(), "1");
}

#[tokio::test]
async fn without_a_certificate_of_its_own_the_client_is_refused() {
    let site = serve().await;
    let error = site.call(|o| o.ca_pem = Some(site.ca.pem())).await.unwrap_err();
    assert!(error.is_unreachable(), "{error}");
}

#[tokio::test]
async fn certificates_that_are_none_are_refused_at_once() {
    let site = serve().await;
    let identity = Identity {
        cert_pem: "x".into(),
        key_pem: "y".into(),
    };
    let error = site.call(|o| o.identity = Some(identity)).await.unwrap_err();
    assert!(matches!(error, Error::Setup(_)), "{error}");
}
