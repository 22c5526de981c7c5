//! The one authority of a test's Kubernetes, and what it signs.

use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, SanType,
};

/// A certificate and its key, in PEM.
#[derive(Debug, Clone)]
pub struct Pair {
    /// The certificate.
    pub certificate: String,
    /// The key.
    pub key: String,
}

pub(super) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    certificate: String,
    folder: PathBuf,
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Authority").finish_non_exhaustive()
    }
}

impl Authority {
    pub(super) fn create(folder: &Path) -> Authority {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "test Kubernetes CA");
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("a CA");
        let certificate = issuer.pem();
        let authority = Authority {
            issuer,
            certificate,
            folder: folder.to_owned(),
        };
        fs::write(authority.path("ca.crt"), &authority.certificate).expect("write the CA");
        let accounts = KeyPair::generate().expect("a key");
        fs::write(authority.key_path(), accounts.serialize_pem()).expect("write a key");
        fs::write(authority.path("accounts.pub"), accounts.public_key_pem()).expect("write a key");
        authority
    }

    pub(super) fn certificate(&self) -> &str {
        &self.certificate
    }

    /// The key that signs tokens of service accounts.
    pub(super) fn key_path(&self) -> PathBuf {
        self.path("accounts.key")
    }

    pub(super) fn client(&self, name: &str, group: Option<&str>) -> Pair {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        if let Some(group) = group {
            params.distinguished_name.push(DnType::OrganizationName, group);
        }
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self.sign(params)
    }

    /// The arguments of kube-apiserver on a host, its certificate made.
    pub(super) fn api_server_arguments(&self, host: Ipv4Addr, etcd: &[String]) -> Vec<String> {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "kubernetes");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.subject_alt_names = vec![
            SanType::IpAddress(IpAddr::V4(host)),
            SanType::IpAddress(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        ];
        let pair = self.sign(params);
        let (certificate, key) = (self.path(&format!("{host}.crt")), self.path(&format!("{host}.key")));
        fs::write(&certificate, pair.certificate).expect("write a certificate");
        fs::write(&key, pair.key).expect("write a key");
        let file = |name: &str| self.path(name).display().to_string();
        vec![
            format!("--etcd-servers={}", etcd.join(",")),
            format!("--bind-address={host}"),
            format!("--secure-port={}", super::API_PORT),
            // Loopback addresses are refused here; nobody connects to this one.
            "--advertise-address=192.0.2.1".to_owned(),
            "--endpoint-reconciler-type=none".to_owned(),
            format!("--tls-cert-file={}", certificate.display()),
            format!("--tls-private-key-file={}", key.display()),
            format!("--client-ca-file={}", file("ca.crt")),
            "--authorization-mode=Node,RBAC".to_owned(),
            format!("--service-cluster-ip-range={}", super::SERVICE_SUBNET),
            "--service-account-issuer=https://kubernetes.default.svc".to_owned(),
            format!("--service-account-key-file={}", file("accounts.pub")),
            format!("--service-account-signing-key-file={}", file("accounts.key")),
            // Pods are made without kubelets and without the controller that makes service accounts; and no node reports
            // that it is ready, which would put a taint on each.
            "--disable-admission-plugins=ServiceAccount,TaintNodesByCondition".to_owned(),
        ]
    }

    fn sign(&self, params: CertificateParams) -> Pair {
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate").pem();
        Pair {
            certificate,
            key: key.serialize_pem(),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}
