//! Files that commands read.

use crate::exit::warn;
use anyhow::Context;
use cke_component::config;
use cke_model::Cluster;
pub(crate) use neco_terminal::input::bytes;
use std::path::Path;

/// Warnings of a file that are shown one by one: each of thousands of nodes may have the same mistake.
const SHOWN: usize = 20;

/// Reads a text file, or standard input for `-`.
pub(crate) fn text(path: &Path) -> anyhow::Result<String> {
    let bytes = bytes(path)?;
    String::from_utf8(bytes).with_context(|| format!("{} is not text in UTF-8", path.display()))
}

/// Reads a declared cluster or a template. It is not validated.
pub(crate) fn cluster(path: &Path) -> anyhow::Result<Cluster> {
    let text = text(path)?;
    let (cluster, warnings) = Cluster::parse(&text).with_context(|| path.display().to_string())?;
    for warning in warnings.iter().take(SHOWN) {
        warn(&format!("{}: {warning}", path.display()));
    }
    if warnings.len() > SHOWN {
        warn(&format!("{}: {} more warnings", path.display(), warnings.len() - SHOWN));
    }
    for unknown in configurations(&cluster).with_context(|| path.display().to_string())? {
        warn(&format!("{}: {unknown}: unknown field is ignored", path.display()));
    }
    Ok(cluster)
}

/// Checks what is declared for the components' own configuration files; the places of fields that nobody knows.
fn configurations(cluster: &Cluster) -> anyhow::Result<Vec<String>> {
    let options = &cluster.options;
    let declared = [
        (&config::KUBELET, "options.kubelet.config", &options.kubelet.config),
        (&config::PROXY, "options.kube-proxy.config", &options.kube_proxy.config),
        (
            &config::SCHEDULER,
            "options.kube-scheduler.config",
            &options.kube_scheduler.config,
        ),
    ];
    let mut unknown = Vec::new();
    for (schema, place, value) in declared {
        if let Some(value) = value {
            unknown.extend(schema.check(place, value)?);
        }
    }
    Ok(unknown)
}
