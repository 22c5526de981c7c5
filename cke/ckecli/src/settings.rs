//! The configuration file, which the server reads as well: the keys of etcd as the original has them, and ours beside.

use crate::exit::warn;
use cke_model::{Images, yaml};
use cke_storage::PREFIX;
use neco_etcd::Config;
use neco_ssh::Policy;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use std::path::{Path, PathBuf};

/// What the file says.
#[derive(Debug)]
pub(crate) struct Settings {
    /// Where CKE's etcd is.
    pub(crate) etcd: Config,
    /// Container images.
    pub(crate) images: Images,
    /// Which SSH host keys are taken.
    pub(crate) ssh_host_keys: Policy,
}

/// A file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SettingsError {
    #[error("cannot read {}", .path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("{}: {problem}", .path.display())]
    Parse { path: PathBuf, problem: String },
}

/// Keys of etcd.
const ETCD: [&str; 11] = [
    "endpoints",
    "prefix",
    "timeout",
    "username",
    "password",
    "tls-ca",
    "tls-ca-file",
    "tls-cert",
    "tls-cert-file",
    "tls-key",
    "tls-key-file",
];

pub(crate) fn load(path: &Path) -> Result<Settings, SettingsError> {
    let text = std::fs::read_to_string(path).map_err(|source| SettingsError::Read {
        path: path.to_owned(),
        source,
    })?;
    parse(path, &text).map_err(|problem| SettingsError::Parse {
        path: path.to_owned(),
        problem,
    })
}

fn parse(path: &Path, text: &str) -> Result<Settings, String> {
    let mut members = match yaml::parse(text, &mut Vec::new()).map_err(|error| error.to_string())? {
        Value::Object(members) => members,
        Value::Null => Map::new(),
        _ => return Err("not a mapping".to_owned()),
    };
    let images = take(&mut members, "images")?;
    let ssh_host_keys = take(&mut members, "ssh-host-keys")?;
    let unknown: Vec<_> = members
        .keys()
        .filter(|key| !ETCD.contains(&key.as_str()))
        .cloned()
        .collect();
    for key in unknown {
        warn(&format!("{}: {key}: unknown key, ignored", path.display()));
        members.remove(&key);
    }
    let etcd: Config = serde_json::from_value(Value::Object(members)).map_err(|error| error.to_string())?;
    Ok(Settings {
        etcd: etcd.with_default_prefix(PREFIX),
        images,
        ssh_host_keys,
    })
}

fn take<T: DeserializeOwned + Default>(members: &mut Map<String, Value>, key: &str) -> Result<T, String> {
    let value = members.remove(key).filter(|value| !value.is_null());
    value.map_or_else(
        || Ok(T::default()),
        |value| serde_json::from_value(value).map_err(|error| format!("{key}: {error}")),
    )
}
