//! Boot images and assets of sabakan: the files behind a network boot, and the fast way to send them.
//!
//! - [`Files`] follows etcd, keeps whole and checked copies on the disk, pulls what lacks from peers, and takes uploads.
//! - [`front`] sends files by `sendfile(2)` and hands all other requests to hyper.
//! - [`peer`] answers what peers and booting machines ask for.
//!
//! It knows no access rules, no sessions and no JSON of errors: that is the program's that serves it.

pub mod archive;
pub mod assets;
pub mod content;
pub mod disk;
pub mod error;
pub mod front;
pub mod images;
mod intake;
pub mod metrics;
mod options;
pub mod peer;
mod peer_tls;
mod pull;
mod service;
mod state;

pub use error::FilesError;
pub use options::Options;
pub use peer_tls::PeerTls;
pub use service::{Files, OpenError};
