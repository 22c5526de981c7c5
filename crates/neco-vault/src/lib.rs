//! The part of Vault's API that Neco uses: AppRole, PKI, key-value version 1, and a few of the system's endpoints.
//!
//! ```no_run
//! # async fn example() -> Result<(), neco_vault::Error> {
//! use neco_vault::{AppRole, Endpoint, Vault};
//! let role = AppRole { role_id: "...".to_owned(), secret_id: "...".into() };
//! let vault = Vault::login(&Endpoint::new("https://10.0.0.1:8200"), role).await?;
//! let keys = vault.kv_read("cke/secrets/ssh").await?;
//! # Ok(()) }
//! ```
//!
//! It promises: a login stays good for as long as a clone of the [`Vault`] lives, in the background and after a token was
//! revoked; errors tell a sealed, an unreachable and a refusing server apart; tokens, keys and secrets are [`Secret`]s.
//! It is *not* a general client: paths and options of engines that nobody here mounts are missing. OpenBao serves the same.

mod approle;
mod auth;
mod body;
mod client;
mod endpoint;
mod error;
mod kv;
mod pki;
mod renewal;
mod request;
mod sys;

pub use approle::AppRoleOptions;
pub use auth::{AppRole, Login};
pub use client::Vault;
pub use endpoint::Endpoint;
pub use error::Error;
pub use neco_secret::Secret;
pub use pki::{Issued, Options};
pub use sys::{Health, Mount};
