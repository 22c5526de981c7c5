//! Who a client is, by its certificate and the CA that it is from.

use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{WebPkiSupportedAlgorithms, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{DigitallySignedStruct, DistinguishedName, Error, RootCertStore, SignatureScheme};
use rustls_pki_types::{CertificateDer, UnixTime};
use x509_parser::prelude::{FromDer as _, GeneralName, X509Certificate};

use super::files::{self, Watched};
use super::{ClientAuthority, TlsError};

/// A client with a certificate that counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerIdentity {
    /// The name of the CA that it is from.
    pub authority: String,
    /// The subject's common name; empty when it has none.
    pub common_name: String,
    /// The DNS names among the subject's alternative names.
    pub dns_names: Vec<String>,
}

type Verifier = Arc<dyn ClientCertVerifier>;

/// The CAs of clients, each with its verifier, in the order of the configuration.
#[derive(Debug)]
pub(super) struct Clients {
    authorities: Vec<ClientAuthority>,
    files: Watched,
    verifiers: ArcSwap<Vec<(String, Verifier)>>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl Clients {
    pub(super) fn load(authorities: Vec<ClientAuthority>) -> Result<Clients, TlsError> {
        let files = Watched::new(authorities.iter().map(|a| a.file.clone()).collect());
        let verifiers = ArcSwap::from_pointee(verifiers(&authorities)?);
        let algorithms = aws_lc_rs::default_provider().signature_verification_algorithms;
        Ok(Clients {
            authorities,
            files,
            verifiers,
            algorithms,
        })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.authorities.is_empty()
    }

    pub(super) fn reload_if_changed(&self) -> bool {
        if !self.files.changed() {
            return false;
        }
        match verifiers(&self.authorities) {
            Ok(fresh) => {
                self.verifiers.store(Arc::new(fresh));
                tracing::info!("CA certificates of clients read again");
            }
            Err(error) => tracing::error!(
                error = &error as &dyn std::error::Error,
                "the changed CA certificates are not used; the old ones stay"
            ),
        }
        true
    }

    /// The identity, when one of the CAs vouches for it now.
    pub(super) fn identity(&self, shown: &[CertificateDer<'_>]) -> Option<PeerIdentity> {
        let (leaf, chain) = shown.split_first()?;
        let authority = self.vouching(leaf, chain, UnixTime::now()).ok()?;
        let (_, certificate) = X509Certificate::from_der(leaf).ok()?;
        let common_name = certificate.subject().iter_common_name().next();
        let common_name = common_name
            .and_then(|name| name.as_str().ok())
            .unwrap_or_default()
            .to_owned();
        Some(PeerIdentity {
            authority,
            common_name,
            dns_names: dns_names(&certificate),
        })
    }

    fn vouching(
        &self,
        leaf: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<String, Error> {
        let mut refusal = Error::NoCertificatesPresented;
        for (name, verifier) in self.verifiers.load().iter() {
            match verifier.verify_client_cert(leaf, chain, now) {
                Ok(_) => return Ok(name.clone()),
                Err(error) => refusal = error,
            }
        }
        Err(refusal)
    }
}

fn verifiers(authorities: &[ClientAuthority]) -> Result<Vec<(String, Verifier)>, TlsError> {
    authorities
        .iter()
        .map(|authority| Ok((authority.name.clone(), verifier(authority)?)))
        .collect()
}

fn verifier(authority: &ClientAuthority) -> Result<Verifier, TlsError> {
    let refused = |reason: String| TlsError::Authority {
        path: authority.file.clone(),
        reason,
    };
    let mut roots = RootCertStore::empty();
    for certificate in files::certificates(&authority.file)? {
        roots.add(certificate).map_err(|e| refused(e.to_string()))?;
    }
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
    let verifier = builder
        .allow_unauthenticated()
        .build()
        .map_err(|e| refused(e.to_string()))?;
    Ok(verifier)
}

fn dns_names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let Ok(Some(names)) = certificate.subject_alternative_name() else {
        return Vec::new();
    };
    let dns = |name: &GeneralName<'_>| match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        _ => None,
    };
    names.value.general_names.iter().filter_map(dns).collect()
}

impl ClientCertVerifier for Clients {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    /// No hints: they could not follow the files, and clients choose well without.
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        leaf: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        self.vouching(leaf, chain, now).map(|_| ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
