//! Sees and changes Kubernetes through its API.
//!
//! - [`Kubernetes`] keeps one connection for each API server: all requests of a loop share it, and a healthy loop makes no
//!   handshake. A request that is not answered within [`REQUEST_LIMIT`] fails.
//! - [`Kubernetes::observe`] gives the [`cke_model::observed::KubernetesStatus`] of a loop. Node objects come from a watch,
//!   everything else from a few concurrent reads; what this value wrote itself is seen by its next observation.
//! - [`Kubernetes::apply`] does what the `Kube*` actions order, each of them idempotent.
//! - [`drain`] empties a node: which pod is evicted, deleted, left alone or waited for is decided by [`pods`], which is pure.
//!
//! What is *not* here: what to do (`cke-plan`), what the objects look like (`cke-component`), the queues in etcd
//! (`cke-storage`), and where certificates come from: the caller gives an [`Identity`] and [`WebhookCertificates`].

mod apply;
mod client;
mod connection;
mod convert;
mod definition;
pub mod drain;
mod error;
mod mapping;
mod node_watch;
mod observe;
pub mod pods;
mod selector;
mod webhook;

pub use apply::{ApplyContext, node_name};
pub use client::{ApiServer, Kubernetes};
pub use connection::{API_PORT, Identity, REQUEST_LIMIT};
pub use error::{BoxError, Error, Failure};
pub use selector::{Selector, SelectorError};
pub use webhook::{KeyPair, WebhookCertificates};
