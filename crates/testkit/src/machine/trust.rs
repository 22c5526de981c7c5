//! What firmware trusts for HTTPS boot: a list of signatures as UEFI stores it (UEFI specification 2.10, section 32.4.1), which OVMF
//! reads from QEMU.

use anyhow::{Context as _, Result};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use std::path::Path;

/// `EFI_CERT_X509_GUID`, a5c059a1-94e4-4aa7-87b5-ab155c2bf072.
const X509: [u8; 16] = [
    0xa1, 0x59, 0xc0, 0xa5, 0xe4, 0x94, 0xa7, 0x4a, 0x87, 0xb5, 0xab, 0x15, 0x5c, 0x2b, 0xf0, 0x72,
];
/// Whose entry it is; firmware does not care.
const OWNER: [u8; 16] = *b"neco-testkit-ca.";

/// The list with the certificate of a PEM file.
pub(super) fn signature_list(pem: &Path) -> Result<Vec<u8>> {
    let text = std::fs::read(pem).with_context(|| pem.display().to_string())?;
    let certificate = CertificateDer::from_pem_slice(&text).with_context(|| pem.display().to_string())?;
    let signature = u32::try_from(OWNER.len() + certificate.len())?;
    let mut list = X509.to_vec();
    list.extend((28 + signature).to_le_bytes());
    list.extend(0_u32.to_le_bytes());
    list.extend(signature.to_le_bytes());
    list.extend(OWNER);
    list.extend_from_slice(&certificate);
    Ok(list)
}
