//! The `process_*` family, as Go's client library names it: dashboards for any Go daemon fit.

mod process;

#[cfg(test)]
mod tests;

pub use process::ProcessCollector;

/// All metrics of a registry in Prometheus' text format.
///
/// # Errors
/// When two collectors contradict each other.
pub fn text(registry: &prometheus::Registry) -> Result<String, prometheus::Error> {
    prometheus::TextEncoder::new().encode_to_string(&registry.gather())
}

/// The content type of [`text`].
pub const CONTENT_TYPE: &str = prometheus::TEXT_FORMAT;
