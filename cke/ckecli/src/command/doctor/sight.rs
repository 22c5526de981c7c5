//! What was seen, as plain data: the input of every judgement. What could not be seen is the reason in words.

use cke_etcd::MemberState;
use cke_model::Freeze;
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use x509_parser::pem::parse_x509_pem;

/// What was asked, or why there is no answer.
pub(super) type Answer<T> = Result<T, String>;

/// All that was seen.
#[derive(Debug)]
pub(super) struct Sight {
    /// When, by the clock of this machine.
    pub(super) now: Timestamp,
    /// CKE's etcd.
    pub(super) storage: Answer<StorageSight>,
    /// Vault; none where CKE's etcd does not say how to reach it.
    pub(super) vault: Option<Answer<VaultSight>>,
    /// What was built; none where it was not to be looked at.
    pub(super) cluster: Option<Answer<ClusterSight>>,
}

/// CKE's etcd.
#[derive(Debug, Clone, Default)]
pub(super) struct StorageSight {
    pub(super) leader: LeaderSight,
    pub(super) stored: StoredSight,
}

/// The leader, as it shows itself.
#[derive(Debug, Clone, Default)]
pub(super) struct LeaderSight {
    /// Host name; none while nobody leads.
    pub(super) name: Option<String>,
    /// Its phase, and when it read the cluster last.
    pub(super) status: Option<(String, Timestamp)>,
    /// The step that it is at, and since when.
    pub(super) step: Option<(String, Timestamp)>,
}

/// What is stored.
#[derive(Debug, Clone, Default)]
pub(super) struct StoredSight {
    /// Keys whose values cannot be read, and why.
    pub(super) unreadable: Vec<(String, String)>,
    /// The number of declared nodes, or what is wrong with the declaration.
    pub(super) cluster: Option<Answer<usize>>,
    /// The brake.
    pub(super) frozen: Option<Freeze>,
}

/// Vault.
#[derive(Debug, Clone, Default)]
pub(super) struct VaultSight {
    pub(super) url: String,
    /// When authorities end, by their names.
    pub(super) authorities: Vec<(&'static str, Answer<Timestamp>)>,
    /// Whether there are SSH keys.
    pub(super) ssh_keys: Option<Answer<bool>>,
    /// Why there is no key to encrypt Secrets.
    pub(super) no_encryption_key: Option<String>,
}

/// What CKE built.
#[derive(Debug, Clone, Default)]
pub(super) struct ClusterSight {
    pub(super) etcd: EtcdSight,
    /// API servers by address: healthy, or why not.
    pub(super) api_servers: BTreeMap<String, Answer<()>>,
    /// Nodes by address.
    pub(super) nodes: BTreeMap<String, Answer<NodeSight>>,
}

/// The cluster's etcd.
#[derive(Debug, Clone, Default)]
pub(super) struct EtcdSight {
    /// Addresses of the declared control planes.
    pub(super) declared: BTreeSet<String>,
    /// Names of its members; the reason where no majority answers.
    pub(super) members: Option<Answer<BTreeSet<String>>>,
    /// What members and declared control planes say of themselves, by name.
    pub(super) states: BTreeMap<String, Answer<MemberState>>,
}

/// A node that answers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct NodeSight {
    /// Its clock minus ours in seconds.
    pub(super) skew: Option<i64>,
    /// The version of docker; none where it does not answer.
    pub(super) docker: Option<String>,
    /// Containers of CKE that should run and do not.
    pub(super) stopped: Vec<String>,
    /// Images of the table that docker does not have.
    pub(super) missing_images: Vec<String>,
    /// File systems: where, what is counted (`space`, `inodes`), and how full in percent.
    pub(super) disks: Vec<(String, &'static str, u32)>,
    /// Certificates that could be read.
    pub(super) certificates: Vec<CertificateSight>,
}

/// A certificate in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CertificateSight {
    pub(super) path: String,
    pub(super) begins: Timestamp,
    pub(super) ends: Timestamp,
}

impl CertificateSight {
    /// Of the file's text; none where it holds no certificate.
    pub(super) fn of(path: &str, pem: &str) -> Option<Self> {
        let (_, block) = parse_x509_pem(pem.as_bytes()).ok()?;
        let validity = block.parse_x509().ok()?.validity().clone();
        Some(Self {
            path: path.to_owned(),
            begins: Timestamp::from_second(validity.not_before.timestamp()).ok()?,
            ends: Timestamp::from_second(validity.not_after.timestamp()).ok()?,
        })
    }
}
