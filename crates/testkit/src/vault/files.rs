//! The files that a server of Vault's API starts with.

use std::fs;
use std::net::Ipv4Addr;
use std::path::Path;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, SanType,
};

use super::{Builder, PORT, STATUS_PORT};

pub(super) const CONFIG: &str = "vault.hcl";

/// Writes configuration and certificates; gives the CA's certificate.
pub(super) fn write(folder: &Path, host: Ipv4Addr, options: &Builder) -> String {
    let ca = certificates(folder, host);
    fs::write(folder.join(CONFIG), config(folder, host, options)).expect("write vault's configuration");
    ca
}

fn config(folder: &Path, host: Ipv4Addr, options: &Builder) -> String {
    let storage = if options.durable {
        let data = folder.join("data");
        fs::create_dir_all(&data).expect("create vault's data folder");
        // One member elects itself; the multiplier 1 keeps the time-outs at their smallest.
        format!(
            "storage \"raft\" {{\n path = \"{}\"\n node_id = \"v0\"\n performance_multiplier = 1\n}}",
            data.display()
        )
    } else {
        "storage \"inmem\" {}".to_owned()
    };
    let tls = if options.tls {
        format!(
            "tls_cert_file = \"{0}/server.crt\"\n tls_key_file = \"{0}/server.key\"",
            folder.display()
        )
    } else {
        "tls_disable = true".to_owned()
    };
    format!(
        "{storage}\n\
         listener \"tcp\" {{\n address = \"{host}:{PORT}\"\n {tls}\n}}\n\
         listener \"tcp\" {{\n address = \"{host}:{STATUS_PORT}\"\n tls_disable = true\n}}\n\
         api_addr = \"http://{host}:{STATUS_PORT}\"\ncluster_addr = \"https://{host}:8201\"\n"
    )
}

fn certificates(folder: &Path, host: Ipv4Addr) -> String {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, "vault's CA");
    let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("a CA");
    let mut leaf = CertificateParams::default();
    leaf.distinguished_name.push(DnType::CommonName, "vault");
    leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    leaf.subject_alt_names = [host, Ipv4Addr::LOCALHOST]
        .map(|ip| SanType::IpAddress(ip.into()))
        .to_vec();
    let key = KeyPair::generate().expect("a key");
    let signed = leaf.signed_by(&key, &ca).expect("a certificate");
    fs::write(folder.join("server.crt"), signed.pem()).expect("write a certificate");
    fs::write(folder.join("server.key"), key.serialize_pem()).expect("write a key");
    ca.pem()
}
