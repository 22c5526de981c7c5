//! `rivers`: a TCP proxy to several upstream servers, which are as good as each other.
//!
//! A client is given to a healthy upstream at random. What it does so that a client does not notice an upstream that goes:
//!
//! - A connection that cannot be made, or is not made at once, is tried with the next upstream ([`dial`]).
//! - A TLS client whose upstream closes before it said a word is moved to the next one with what it sent so far ([`proxy`]).
//! - While no upstream is healthy a client waits for one, as long as a connection may take.
//! - Upstreams are looked at when rivers starts, every `--check-interval`, at once after a connection to them failed, and within fractions
//!   of a second while none is healthy ([`health`]).
//!
//! It looks at no byte above TCP but the first two of a client, which tell TLS.

pub mod dial;
pub mod duration;
pub mod health;
pub mod log;
pub mod options;
pub mod pool;
pub mod proxy;
pub mod server;

use std::process::ExitCode;
use std::sync::Arc;

use log::{Level, Log};
pub use options::RIVERS;
use options::{Options, OptionsError};

use crate::flags::Arguments;
use crate::program::chain;

/// Threads that carry bytes: more would not make a node's proxy faster.
const THREADS: usize = 4;

/// Why rivers ends.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The command line.
    #[error(transparent)]
    Options(#[from] OptionsError),
    /// No runtime.
    #[error("failed to start")]
    Start(#[source] std::io::Error),
    /// The address to listen at cannot be had.
    #[error("failed to listen at {address}")]
    Listen {
        /// The address.
        address: String,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
}

/// The whole program: until a signal.
#[must_use]
pub fn run(args: &Arguments) -> ExitCode {
    let log = Arc::new(Log::of(args));
    match serve(args, &log) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            log.write(Level::Error, &chain(&error), &[]);
            ExitCode::FAILURE
        }
    }
}

fn serve(args: &Arguments, log: &Arc<Log>) -> Result<(), Error> {
    let options = Options::of(args)?;
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(THREADS);
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime
        .worker_threads(threads)
        .enable_all()
        .build()
        .map_err(Error::Start)?;
    let result = runtime.block_on(server::serve(options, Arc::clone(log)));
    runtime.shutdown_background();
    result
}
