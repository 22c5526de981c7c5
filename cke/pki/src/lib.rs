//! The certificates and keys of a cluster: issuing them, turning what a plan calls a file into its bytes, rotating, tidying, and
//! preparing Vault.
//!
//! - [`Profile`] says, as data, what is asked of Vault for each [`cke_model::certificate::Certificate`].
//! - [`Issuer`] asks for it, many at a time within a bound, and resolves the content of files for nodes.
//! - [`encryption`] holds the keys that encrypt Secrets in etcd, [`kubeconfig`] the text of kubeconfigs.
//! - [`init`] is `ckecli vault init` as steps; [`expiry`] finds what ends soon.
//!
//! It promises: no private key is written to a disk here, and no error or `Debug` shows one. It does *not* decide when a file
//! is made again.

pub mod encryption;
mod error;
pub mod expiry;
pub mod init;
mod issuer;
pub mod kubeconfig;
mod people;
mod profile;
mod resolve;
mod service_account;
mod settings;
mod ssh;
mod tidy;

pub use error::Error;
pub use issuer::{Issuer, KeyPair};
pub use people::KubernetesUser;
pub use profile::{Profile, ProfileError};
pub use settings::{InvalidSettings, connect, validate};
pub use ssh::SshKeys;
pub use tidy::Tidied;
