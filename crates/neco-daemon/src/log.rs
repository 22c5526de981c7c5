//! Log lines as cybozu-go/log writes them: `plain`, `logfmt` or `json`, to stderr or a file.
//!
//! Every line has `topic` (the program), `logged_at`, `severity`, `utsname` (the host) and `message`, then the fields of
//! the event and of the spans around it: a request's span gives `request_id` to each of its lines.

mod format;
mod layer;
mod sink;

#[cfg(test)]
mod tests;

use std::path::PathBuf;

use clap::Args;
use serde::Deserialize;
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

pub use format::Format;
pub use sink::reopen;

/// What a configuration file says about logs; empty is the default. The keys are those of cybozu-go/well's `LogConfig`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogConfig {
    /// File to append to instead of stderr.
    pub filename: String,
    /// The least severity: `critical`, `error`, `warning`, `info` (the default) or `debug`.
    pub level: String,
    /// `plain` (the default), `logfmt` or `json`.
    pub format: String,
}

/// The flags of the same; they win over the file.
#[derive(Args, Debug, Clone, Default, PartialEq, Eq)]
#[command(next_help_heading = "Logs")]
pub struct LogArgs {
    /// File to write logs to, instead of stderr
    #[arg(long, global = true, value_name = "FILE")]
    pub logfile: Option<String>,
    /// Least severity to log: critical, error, warning, info or debug [default: info]
    #[arg(long, global = true, value_name = "LEVEL")]
    pub loglevel: Option<String>,
    /// Format of log lines: plain, logfmt or json [default: plain]
    #[arg(long, global = true, value_name = "FORMAT")]
    pub logformat: Option<String>,
}

/// What is wrong with how logs are configured.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// No such level.
    #[error("invalid log level {0:?}: it is one of critical, error, warning, info, debug")]
    Level(String),
    /// No such format.
    #[error("invalid log format {0:?}: it is one of plain, logfmt, json")]
    Format(String),
    /// The file cannot be opened.
    #[error("cannot open the log file {path}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// Another logger was installed already.
    #[error("logs are set up twice")]
    Twice(#[source] tracing_subscriber::util::TryInitError),
}

impl LogArgs {
    /// The configuration with the flags over it; an empty flag counts as not given, as in the original.
    pub fn apply(&self, config: LogConfig) -> LogConfig {
        let given = |flag: &Option<String>, value: String| flag.clone().filter(|f| !f.is_empty()).unwrap_or(value);
        LogConfig {
            filename: given(&self.logfile, config.filename),
            level: given(&self.loglevel, config.level),
            format: given(&self.logformat, config.format),
        }
    }
}

/// Sets up the process's log.
///
/// # Errors
/// See [`LogError`].
pub fn init(config: &LogConfig) -> Result<(), LogError> {
    let level = level(&config.level)?;
    let format = Format::parse(&config.format).ok_or_else(|| LogError::Format(config.format.clone()))?;
    let sink = sink::Sink::open(&config.filename)?;
    let lines = layer::Lines::new(format, format::Origin::of_process(), sink);
    tracing_subscriber::registry()
        .with(lines.with_filter(quiet_libraries(level)))
        .try_init()
        .map_err(LogError::Twice)?;
    std::panic::set_hook(Box::new(log_panic));
    Ok(())
}

/// A panic as a line like any other, so that who reads the log by machine sees it.
fn log_panic(panic: &std::panic::PanicHookInfo<'_>) {
    let payload = panic.payload_as_str().unwrap_or_default();
    let location = panic.location().map(ToString::to_string).unwrap_or_default();
    let backtrace = std::backtrace::Backtrace::capture();
    let backtrace = (backtrace.status() == std::backtrace::BacktraceStatus::Captured).then(|| backtrace.to_string());
    tracing::error!(location, payload, backtrace, "panic: a defect");
}

fn level(name: &str) -> Result<LevelFilter, LogError> {
    Ok(match name {
        // tracing knows nothing above an error.
        "critical" | "error" => LevelFilter::ERROR,
        "warning" | "warn" => LevelFilter::WARN,
        "" | "info" | "information" => LevelFilter::INFO,
        "debug" => LevelFilter::DEBUG,
        other => return Err(LogError::Level(other.to_owned())),
    })
}

/// What libraries say at debug about each frame and packet helps nobody.
fn quiet_libraries(level: LevelFilter) -> Targets {
    const NOISY: [&str; 8] = [
        "h2",
        "hyper",
        "hyper_util",
        "rustls",
        "tonic",
        "tower",
        "netlink_proto",
        "rtnetlink",
    ];
    let quiet = level.min(LevelFilter::INFO);
    NOISY.iter().fold(Targets::new().with_default(level), |all, name| {
        all.with_target(*name, quiet)
    })
}
