//! The skeleton of every daemon: what happens around a program's own work.
//!
//! - [`args`]: Go-style flags (`-http X`) rewritten for clap; [`config`]: configuration files with the place of what is wrong.
//! - [`log`]: lines on stderr in the original's three formats, with one request id through all lines of a request.
//! - [`lifecycle`]: signals, the delay before draining, draining, and what systemd is told.
//! - [`http`]: request ids, access log, places by class ([`http::Places`]), `/health`, `/version`.
//! - [`tls`]: certificates that are read again when their files change, and who the peer is.
//! - [`metrics`]: the `process_*` family.
//!
//! It knows nothing of sabakan: a program composes these in its `main`.

pub mod args;
pub mod config;
pub mod http;
pub mod lifecycle;
pub mod log;
pub mod metrics;
pub mod tls;

/// Installs the one provider of cryptography. First thing in every `main`: TLS libraries panic without it.
pub fn install_crypto_provider() {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // Losing a race against another thread is as good.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    }
}
