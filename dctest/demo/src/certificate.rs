//! An authority for this demo, and sabakan's certificate from it.

use std::net::IpAddr;
use std::path::Path;

use anyhow::Result;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, SanType};

use crate::network::BOOT_SERVER;

/// Writes `ca.crt`, `server.crt` and `server.key` to a folder.
pub(crate) fn write(dir: &Path) -> Result<()> {
    let authority_key = KeyPair::generate()?;
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.distinguished_name.push(DnType::CommonName, "neco demo");
    let authority_certificate = authority.self_signed(&authority_key)?;
    let issuer = Issuer::new(authority, authority_key);

    let key = KeyPair::generate()?;
    let mut server = CertificateParams::new(vec!["localhost".to_owned()])?;
    for address in [BOOT_SERVER, "127.0.0.1"] {
        server
            .subject_alt_names
            .push(SanType::IpAddress(address.parse::<IpAddr>()?));
    }
    let certificate = server.signed_by(&key, &issuer)?;

    std::fs::write(dir.join("ca.crt"), authority_certificate.pem())?;
    std::fs::write(dir.join("server.crt"), certificate.pem())?;
    Ok(std::fs::write(dir.join("server.key"), key.serialize_pem())?)
}
