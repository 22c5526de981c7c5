//! The HTTP side: from a request to its answer.
//!
//! [`service`] is the way of every request: route, policy, a place, the handler that [`dispatch`] picks. Handlers are plain
//! functions of [`App`] and [`Call`]; what they answer is made by [`reply`], what they refuse is an [`ApiError`].

mod app;
pub mod body;
mod boot;
mod boot_log;
mod call;
mod config;
mod crypts;
mod dispatch;
mod error;
mod ignitions;
mod images;
mod info;
mod logs;
mod machines;
pub mod metrics;
mod overload;
pub mod query;
pub mod reply;
mod sending;
mod service;
mod storage_error;

pub use app::{App, origin_of};
pub use call::{Call, Origin};
pub use error::ApiError;
pub use info::API_VERSION;
