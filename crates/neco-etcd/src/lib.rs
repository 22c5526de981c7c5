//! The one way to talk to etcd: a client that outlives the members it talks to.
//!
//! It is built on `etcd-client` for the protocol, and adds what that crate leaves to its user:
//!
//! - **One active member.** Requests go to one endpoint until it fails, then to the next ([`Etcd::connect`]).
//! - **Retries of what is safe.** Reads are retried on another member within a bounded time. A write is sent again only
//!   when it is known not to have happened; when nobody can know, it is [`Error::Ambiguous`].
//! - **Watches that resume.** [`Etcd::watch`] goes on after a lost stream from the last revision that it delivered; when
//!   that is compacted away, or etcd was restored from a backup, it hands out a whole new [`Snapshot`].
//! - **Leases and elections** whose leadership is a guard for transactions ([`Leadership::guard`]).
//! - **The configuration of the original**: [`Config`] and [`EtcdArgs`].
//!
//! Keys that go in and come out are relative to the configured prefix. What is *not* here: any idea of what the values
//! mean, and any cache.

mod auth;
mod channel;
mod client;
mod cluster;
mod config;
mod convert;
mod election;
mod error;
mod failure;
mod kv;
mod lease;
mod retry;
mod single;
mod txn;
mod watch;

pub use client::{Etcd, Health};
pub use config::{
    Config, ConfigError, DEFAULT_ENDPOINT, DEFAULT_TIMEOUT, EtcdArgs, InvalidDuration, Secret, parse_go_duration,
};
pub use election::{Election, Leadership};
pub use error::Error;
pub use kv::{Kv, Page, Snapshot};
pub use lease::Lease;
pub use single::single_client;
pub use txn::{Guard, MAX_REQUEST_BYTES, MAX_TXN_OPERATIONS, Op, Outcome, Response, Txn};
pub use watch::{Event, Progress, Watch, WatchItem};
