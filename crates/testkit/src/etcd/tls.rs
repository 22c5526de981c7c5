//! Certificates for an etcd that speaks TLS.

use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, SanType,
};

/// The files of a CA, of the servers and of a client, and whether the client must show its own.
#[derive(Clone)]
pub struct TlsFiles {
    /// The CA's certificate.
    pub ca: PathBuf,
    /// The client's certificate.
    pub client_cert: PathBuf,
    /// The client's key.
    pub client_key: PathBuf,
    server_cert: PathBuf,
    server_key: PathBuf,
    mutual: bool,
    authority: Arc<CertifiedIssuer<'static, KeyPair>>,
}

impl std::fmt::Debug for TlsFiles {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TlsFiles").field("ca", &self.ca).finish_non_exhaustive()
    }
}

impl TlsFiles {
    pub(super) fn create(folder: &Path, hosts: &[Ipv4Addr], mutual: bool, user: &str) -> TlsFiles {
        let ca = Arc::new(authority());
        let files = TlsFiles {
            ca: folder.join("ca.crt"),
            client_cert: folder.join("client.crt"),
            client_key: folder.join("client.key"),
            server_cert: folder.join("server.crt"),
            server_key: folder.join("server.key"),
            mutual,
            authority: Arc::clone(&ca),
        };
        fs::write(&files.ca, ca.pem()).expect("write the CA");
        let server = leaf("etcd", ExtendedKeyUsagePurpose::ServerAuth, hosts);
        issue(server, &ca, &files.server_cert, &files.server_key);
        let client = leaf(user, ExtendedKeyUsagePurpose::ClientAuth, &[]);
        issue(client, &ca, &files.client_cert, &files.client_key);
        files
    }

    /// Certificate and key of another user, in PEM.
    pub fn user(&self, name: &str) -> (String, String) {
        let pair = KeyPair::generate().expect("a key");
        let params = leaf(name, ExtendedKeyUsagePurpose::ClientAuth, &[]);
        let signed = params.signed_by(&pair, &self.authority).expect("a certificate");
        (signed.pem(), pair.serialize_pem())
    }

    /// Peers show the servers' certificate to each other.
    pub(super) fn peer_arguments(&self) -> Vec<String> {
        vec![
            format!("--peer-cert-file={}", self.server_cert.display()),
            format!("--peer-key-file={}", self.server_key.display()),
            "--peer-client-cert-auth".to_owned(),
            format!("--peer-trusted-ca-file={}", self.ca.display()),
        ]
    }

    pub(super) fn server_arguments(&self) -> Vec<String> {
        let mut arguments = vec![
            format!("--cert-file={}", self.server_cert.display()),
            format!("--key-file={}", self.server_key.display()),
        ];
        if self.mutual {
            arguments.push("--client-cert-auth".to_owned());
            arguments.push(format!("--trusted-ca-file={}", self.ca.display()));
        }
        arguments
    }

    pub(super) fn client_arguments(&self) -> Vec<String> {
        let mut arguments = vec![format!("--cacert={}", self.ca.display())];
        if self.mutual {
            arguments.push(format!("--cert={}", self.client_cert.display()));
            arguments.push(format!("--key={}", self.client_key.display()));
        }
        arguments
    }
}

fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, "test CA");
    CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("a CA")
}

fn leaf(name: &str, usage: ExtendedKeyUsagePurpose, hosts: &[Ipv4Addr]) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    // etcd's own gateway is a client of the server's certificate.
    params.extended_key_usages = vec![usage, ExtendedKeyUsagePurpose::ClientAuth];
    params.subject_alt_names = hosts.iter().map(|host| SanType::IpAddress(IpAddr::V4(*host))).collect();
    params
}

fn issue(params: CertificateParams, ca: &CertifiedIssuer<'static, KeyPair>, cert: &Path, key: &Path) {
    let pair = KeyPair::generate().expect("a key");
    let signed = params.signed_by(&pair, ca).expect("a certificate");
    fs::write(cert, signed.pem()).expect("write a certificate");
    fs::write(key, pair.serialize_pem()).expect("write a key");
}
