//! What one SSH command tells of a node.

mod parse;
mod script;

#[cfg(test)]
mod tests;

pub use parse::{Seen, Unclear, parse};
pub use script::script;

use cke_model::names::path;
use jiff::Timestamp;

/// Configuration files that are read back, by the tag of their lines and with the API version that they should have.
pub(crate) const CONFIGS: [Config; 3] = [
    Config {
        tag: "scheduler",
        path: path::SCHEDULER_CONFIG,
        api_version: "kubescheduler.config.k8s.io/v1",
    },
    Config {
        tag: "proxy",
        path: "/etc/kubernetes/proxy/config.yml",
        api_version: "kubeproxy.config.k8s.io/v1alpha1",
    },
    Config {
        tag: "kubelet",
        path: "/etc/kubernetes/kubelet/config.yml",
        api_version: "kubelet.config.k8s.io/v1beta1",
    },
];

/// A configuration file on a node.
#[derive(Debug)]
pub(crate) struct Config {
    tag: &'static str,
    path: &'static str,
    api_version: &'static str,
}

/// How many seconds a clock is ahead of ours, which was read before it and after it.
pub(crate) fn ahead(clock: i64, before: Timestamp, after: Timestamp) -> i64 {
    let (before, after) = (before.as_second(), after.as_second());
    clock - clock.clamp(before.min(after), after)
}
