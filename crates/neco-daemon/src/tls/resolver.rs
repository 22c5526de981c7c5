//! The server's own certificate.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::crypto::aws_lc_rs;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject as _;

use super::TlsError;
use super::files::{self, Watched};

/// Certificate and key, the newest that could be read together.
#[derive(Debug)]
pub(super) struct Certificate {
    certificate: PathBuf,
    key: PathBuf,
    files: Watched,
    current: ArcSwap<CertifiedKey>,
}

impl Certificate {
    pub(super) fn load(certificate: PathBuf, key: PathBuf) -> Result<Certificate, TlsError> {
        let files = Watched::new(vec![certificate.clone(), key.clone()]);
        let current = ArcSwap::from_pointee(read(&certificate, &key)?);
        Ok(Certificate {
            certificate,
            key,
            files,
            current,
        })
    }

    /// Key exchange over a finite field is signed with RSA alone.
    pub(super) fn warn_without_rsa(&self) {
        if self.current.load().key.algorithm() != rustls::SignatureAlgorithm::RSA {
            tracing::warn!(
                file = %self.key.display(),
                "firmware without elliptic curves cannot connect: the key of the TLS port is not an RSA key"
            );
        }
    }

    pub(super) fn reload_if_changed(&self) -> bool {
        if !self.files.changed() {
            return false;
        }
        match read(&self.certificate, &self.key) {
            Ok(fresh) => {
                self.current.store(Arc::new(fresh));
                tracing::info!(file = %self.certificate.display(), "TLS certificate read again");
            }
            // Written one after the other, they do not fit for a moment: the second change is seen at the next look.
            Err(error) => tracing::error!(
                error = &error as &dyn std::error::Error,
                "the changed TLS certificate is not used; the old one stays"
            ),
        }
        true
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current.load_full())
    }
}

fn read(certificate: &Path, key: &Path) -> Result<CertifiedKey, TlsError> {
    let chain = files::certificates(certificate)?;
    let private = PrivateKeyDer::from_pem_file(key).map_err(|source| TlsError::Read {
        path: key.to_owned(),
        source,
    })?;
    CertifiedKey::from_der(chain, private, &aws_lc_rs::default_provider()).map_err(|source| TlsError::Pair {
        certificate: certificate.to_owned(),
        key: key.to_owned(),
        source,
    })
}
