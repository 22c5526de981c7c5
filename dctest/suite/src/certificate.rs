//! An authority of a site's own, and its servers' certificates.

use std::net::IpAddr;
use std::path::Path;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, SanType};

/// Writes `ca.crt`, `server.crt` and `server.key` for servers with these addresses to a folder.
///
/// # Panics
/// When they cannot be made or written.
pub fn write(dir: &Path, addresses: &[&str]) {
    let authority_key = KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).expect("a key");
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority
        .distinguished_name
        .push(DnType::CommonName, "a site's authority");
    let certificate = authority.self_signed(&authority_key).expect("a CA");
    let issuer = Issuer::new(authority, authority_key);

    // Firmware that boots by HTTPS knows no elliptic curves.
    let key = KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).expect("a key");
    let mut server = CertificateParams::default();
    for address in addresses {
        let address: IpAddr = address.parse().expect("an address");
        server.subject_alt_names.push(SanType::IpAddress(address));
    }
    let signed = server.signed_by(&key, &issuer).expect("a certificate");
    for (name, text) in [
        ("ca.crt", certificate.pem()),
        ("server.crt", signed.pem()),
        ("server.key", key.serialize_pem()),
    ] {
        std::fs::write(dir.join(name), text).expect("write a certificate");
    }
}
