//! What the script's output means.

use super::{CONFIGS, Config};
use cke_model::names::{container, volume};
use cke_model::observed::{ComponentStatus, EtcdStatus, NodeStatus, ServiceStatus};
use cke_model::service::ContainerLabel;
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Why the output tells nothing of the node.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unclear {
    /// The script did not come to its end.
    #[error("its answer was cut off")]
    CutOff,
    /// docker did not answer in time.
    #[error("docker does not answer: its client was stopped after some seconds")]
    DockerHangs,
    /// docker's client failed; these are its words.
    #[error("docker does not work: {0}")]
    Docker(String),
}

/// What was seen on a node; health is not in it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Seen {
    containers: BTreeMap<String, ServiceStatus>,
    volumes: BTreeSet<String>,
    configs: BTreeMap<&'static str, Value>,
    /// Its clock, in seconds since 1970; none where it was not understood.
    pub(crate) clock: Option<i64>,
}

/// Reads the output of [`super::script`].
///
/// # Errors
/// [`Unclear`], where docker or the script itself failed. A file that is missing, or is no YAML, is no error.
pub fn parse(output: &[u8]) -> Result<Seen, Unclear> {
    let text = String::from_utf8_lossy(output);
    let mut lines = Lines::default();
    for (tag, line) in text.lines().filter_map(|line| line.split_once(':')) {
        lines.0.entry(tag).or_default().push(line);
    }
    if !lines.0.contains_key("end") {
        return Err(Unclear::CutOff);
    }
    let mut seen = Seen {
        containers: containers(lines.of("container"))?,
        volumes: volumes(lines.of("volume"))?,
        configs: BTreeMap::new(),
        clock: lines.of("clock").first().and_then(|line| line.trim().parse().ok()),
    };
    for config in &CONFIGS {
        // The original reads the configuration of what runs, and of nothing else.
        if seen.service(container_of(config)).running
            && let Some(value) = decode(config, &lines.of(config.tag).join("\n"))
        {
            seen.configs.insert(config.tag, value);
        }
    }
    Ok(seen)
}

/// Lines by tag.
#[derive(Debug, Default)]
struct Lines<'a>(BTreeMap<&'a str, Vec<&'a str>>);

impl<'a> Lines<'a> {
    fn of(&self, tag: &str) -> &[&'a str] {
        self.0.get(tag).map(Vec::as_slice).unwrap_or_default()
    }
}

/// One line of `docker container inspect`.
#[derive(Debug, Deserialize)]
struct Inspected {
    name: String,
    image: String,
    running: bool,
    #[serde(default)]
    label: Option<String>,
}

fn containers(lines: &[&str]) -> Result<BTreeMap<String, ServiceStatus>, Unclear> {
    let mut containers = BTreeMap::new();
    let mut words = Vec::new();
    let (lines, status) = ended(lines)?;
    for line in lines {
        match serde_json::from_str::<Inspected>(line) {
            Ok(inspected) => {
                containers.insert(inspected.name.trim_start_matches('/').to_owned(), service(inspected));
            }
            Err(_) => words.push(*line),
        }
    }
    // The client fails when one of several is missing, and says so of each.
    words.retain(|line| !line.trim().is_empty() && !line.contains("o such container"));
    if status != "0" && !words.is_empty() {
        return Err(Unclear::Docker(words.join(" | ")));
    }
    Ok(containers)
}

fn volumes(lines: &[&str]) -> Result<BTreeSet<String>, Unclear> {
    let (lines, status) = ended(lines)?;
    let lines = lines.iter().copied().filter(|line| !line.is_empty());
    if status != "0" {
        return Err(Unclear::Docker(lines.collect::<Vec<_>>().join(" | ")));
    }
    Ok(lines.map(str::to_owned).collect())
}

/// What a client wrote, and its exit status.
fn ended<'a, 'b>(lines: &'a [&'b str]) -> Result<(&'a [&'b str], &'b str), Unclear> {
    let (last, lines) = lines.split_last().ok_or(Unclear::CutOff)?;
    match last.strip_prefix("exit ").ok_or(Unclear::CutOff)? {
        // That of timeout(1), in its two ways to stop a program.
        "124" | "137" | "143" => Err(Unclear::DockerHangs),
        status => Ok((lines, status)),
    }
}

/// The status of a container. One without our label, or with one that is not understood, has no parameters at all:
/// it will be found to differ from what is wanted, and be replaced.
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

fn container_of(config: &Config) -> &'static str {
    match config.tag {
        "scheduler" => container::SCHEDULER,
        "proxy" => container::PROXY,
        _ => container::KUBELET,
    }
}

/// The object of a configuration file, without `apiVersion` and `kind` where they are the expected ones.
fn decode(config: &Config, yaml: &str) -> Option<Value> {
    let Value::Object(mut object) = serde_saphyr::from_str(yaml).ok()? else {
        return None;
    };
    if object
        .get("apiVersion")
        .is_some_and(|version| version == config.api_version)
    {
        object.remove("apiVersion");
        object.remove("kind");
    }
    Some(Value::Object(object))
}

impl Seen {
    fn service(&self, name: &str) -> ServiceStatus {
        self.containers.get(name).cloned().unwrap_or_default()
    }

    fn component(&mut self, name: &str, config: &str) -> ComponentStatus {
        ComponentStatus {
            service: self.take(name),
            config: self.configs.remove(config),
            ..ComponentStatus::default()
        }
    }

    fn take(&mut self, name: &str) -> ServiceStatus {
        self.containers.remove(name).unwrap_or_default()
    }

    /// The status of the node, in which nothing is healthy yet.
    #[must_use]
    pub fn into_status(mut self, etcd_volume: &str) -> NodeStatus {
        let has_data = self.volumes.contains(etcd_volume);
        NodeStatus {
            ssh_connected: true,
            unreachable_because: None,
            clock_ahead: None,
            etcd: EtcdStatus {
                service: self.take(container::ETCD),
                has_data,
                is_added_member: has_data && self.volumes.contains(volume::ETCD_ADDED_MEMBER),
            },
            rivers: self.take(container::RIVERS),
            etcd_rivers: self.take(container::ETCD_RIVERS),
            api_server: self.component(container::API_SERVER, ""),
            controller_manager: self.component(container::CONTROLLER_MANAGER, ""),
            scheduler: self.component(container::SCHEDULER, "scheduler"),
            proxy: self.component(container::PROXY, "proxy"),
            kubelet: self.component(container::KUBELET, "kubelet"),
        }
    }
}
