//! What runs on this host, by its docker.

#[cfg(test)]
mod tests;

use crate::{UNBOUND, UNBOUND_CONF};
use cke_model::names::container::PROXY;
use cke_model::observed::{ComponentStatus, ServiceStatus};
use cke_model::service::{ContainerLabel, LABEL};
use neco_ssh::{NodeAddress, Output, Runner};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;

/// How long looking may take.
const DEADLINE: Duration = Duration::from_secs(20);

const PROXY_CONFIG: &str = "/etc/kubernetes/proxy/config.yml";
const PROXY_KUBECONFIG: &str = "/etc/kubernetes/proxy/kubeconfig";

/// Why nothing is known of this host.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// docker does not work.
    #[error("docker does not answer")]
    Docker(#[from] neco_ssh::Error),
    /// What docker says is not understood.
    #[error("docker's answer is not understood: {line}")]
    Answer {
        /// The line.
        line: String,
        /// Why not.
        #[source]
        source: serde_json::Error,
    },
}

/// This host.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Host {
    /// kube-proxy, with its configuration file.
    pub proxy: ComponentStatus,
    /// The address of the API server in its kubeconfig, where that can be read.
    pub proxy_api_server: Option<String>,
    /// unbound.
    pub unbound: ServiceStatus,
    /// Its configuration file.
    pub unbound_conf: Option<String>,
}

/// Looks at both containers and their files.
///
/// # Errors
/// When docker does not answer. A file that cannot be read is no error.
pub async fn observe(runner: &impl Runner, host: &NodeAddress) -> Result<Host, Error> {
    let listed = runner.run(host, &inspect(), None, DEADLINE).await?.successful(host)?;
    let mut containers = containers(&listed)?;
    let config = read(runner, host, PROXY_CONFIG).await?;
    let kubeconfig = read(runner, host, PROXY_KUBECONFIG).await?;
    Ok(Host {
        proxy: ComponentStatus {
            service: containers.remove(PROXY).unwrap_or_default(),
            config: config.as_deref().and_then(proxy_config),
            ..ComponentStatus::default()
        },
        proxy_api_server: kubeconfig.as_deref().and_then(api_server),
        unbound: containers.remove(UNBOUND).unwrap_or_default(),
        unbound_conf: read(runner, host, UNBOUND_CONF).await?,
    })
}

/// A container that does not exist makes `inspect` fail, so that those that do are asked for first.
fn inspect() -> String {
    let format = format!(
        r#"{{"name":{{{{json .Name}}}},"image":{{{{json .Config.Image}}}},"running":{{{{json .State.Running}}}},"label":{{{{json (index .Config.Labels "{LABEL}")}}}}}}"#
    );
    let filters = [PROXY, UNBOUND].map(|name| format!("--filter 'name=^/{name}$'"));
    format!(
        "there=$(docker container ls --all --format '{{{{.Names}}}}' {}) || exit 1\n\
         [ -z \"$there\" ] || exec docker container inspect --format '{format}' $there",
        filters.join(" ")
    )
}

#[derive(Deserialize)]
struct Inspected {
    name: String,
    image: String,
    running: bool,
    #[serde(default)]
    label: Option<String>,
}

fn containers(output: &Output) -> Result<BTreeMap<String, ServiceStatus>, Error> {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    let container = |line: &str| {
        let inspected: Inspected = serde_json::from_str(line).map_err(|source| Error::Answer {
            line: line.to_owned(),
            source,
        })?;
        Ok((inspected.name.trim_start_matches('/').to_owned(), service(inspected)))
    };
    lines.map(container).collect()
}

/// A container without our label, or with one that is not understood, has no parameters: it differs from what is wanted.
fn service(inspected: Inspected) -> ServiceStatus {
    let label = inspected.label.unwrap_or_default();
    let label: ContainerLabel = gojson::decode_stored(label.as_bytes()).unwrap_or_default();
    ServiceStatus {
        running: inspected.running,
        image: inspected.image,
        built_in: label.builtin,
        extra: label.extra_params,
    }
}

async fn read(runner: &impl Runner, host: &NodeAddress, path: &str) -> Result<Option<String>, Error> {
    let output = runner.run(host, &format!("exec cat {path}"), None, DEADLINE).await?;
    Ok((output.status == 0).then(|| String::from_utf8_lossy(&output.stdout).into_owned()))
}

/// The object of kube-proxy's configuration file, without its type where that is the expected one.
fn proxy_config(yaml: &str) -> Option<Value> {
    let Value::Object(mut object) = serde_saphyr::from_str(yaml).ok()? else {
        return None;
    };
    if object
        .get("apiVersion")
        .is_some_and(|version| version == "kubeproxy.config.k8s.io/v1alpha1")
    {
        object.remove("apiVersion");
        object.remove("kind");
    }
    Some(Value::Object(object))
}

/// The host in the only `server` of a kubeconfig.
fn api_server(kubeconfig: &str) -> Option<String> {
    let config: Value = serde_saphyr::from_str(kubeconfig).ok()?;
    let url = config.pointer("/clusters/0/cluster/server")?.as_str()?;
    let (host, _) = url.strip_prefix("https://")?.trim_end_matches('/').rsplit_once(':')?;
    Some(host.trim_start_matches('[').trim_end_matches(']').to_owned())
}
