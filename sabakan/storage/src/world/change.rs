//! From a key and its value to what it means for the world; the costly part of following etcd, done outside of locks.

use super::StoredTemplate;
use crate::journal::{self, Header};
use crate::{MachineEntry, keys};
use neco_etcd::Kv;
use sabakan_model::{DhcpConfig, IpamConfig, Machine, decode_stored};
use serde::de::DeserializeOwned;
use std::sync::Arc;

/// What one key means.
#[derive(Debug)]
pub(crate) enum Change {
    Machine(Arc<MachineEntry>),
    MachineGone(String),
    /// A chunk of a registration was written at `revision`.
    Chunk {
        id: String,
        key: String,
        revision: i64,
    },
    ChunkGone(String),
    Journal(String, Option<(Header, i64)>),
    /// Something of a registration was written or deleted.
    JournalStep(String),
    Ipam(Option<(Arc<IpamConfig>, i64)>),
    Dhcp(Option<Arc<DhcpConfig>>),
    Ignition((String, String), Option<Arc<StoredTemplate>>),
    KernelParams(String, Option<String>),
    Nothing,
}

impl Change {
    /// What a written key means.
    ///
    /// # Errors
    /// Why the value cannot be read.
    pub(crate) fn put(kv: &Kv) -> Result<Self, String> {
        Ok(match Key::of(&kv.key) {
            Key::Machine(serial) => Self::Machine(Arc::new(machine(serial, kv)?)),
            Key::Chunk(id) => Self::Chunk {
                id: id.to_owned(),
                key: kv.key.clone(),
                revision: kv.create_revision,
            },
            Key::JournalStep(id) => Self::JournalStep(id.to_owned()),
            Key::Journal(id) => Self::Journal(id.to_owned(), Some((json(&kv.value)?, kv.mod_revision))),
            Key::Ipam => Self::Ipam(Some((Arc::new(ipam(&kv.value)?), kv.mod_revision))),
            Key::Dhcp => Self::Dhcp(Some(Arc::new(json(&kv.value)?))),
            Key::Ignition(role, id) => {
                let template = StoredTemplate {
                    template: json(&kv.value)?,
                    revision: kv.mod_revision,
                };
                Self::Ignition((role.to_owned(), id.to_owned()), Some(Arc::new(template)))
            }
            Key::KernelParams(os) => Self::KernelParams(os.to_owned(), Some(text(&kv.value)?)),
            Key::Other => Self::Nothing,
        })
    }

    /// What a deleted key means.
    pub(crate) fn deleted(key: &str) -> Self {
        match Key::of(key) {
            Key::Machine(serial) => Self::MachineGone(serial.to_owned()),
            Key::Chunk(_) => Self::ChunkGone(key.to_owned()),
            Key::JournalStep(id) => Self::JournalStep(id.to_owned()),
            Key::Journal(id) => Self::Journal(id.to_owned(), None),
            Key::Ipam => Self::Ipam(None),
            Key::Dhcp => Self::Dhcp(None),
            Key::Ignition(role, id) => Self::Ignition((role.to_owned(), id.to_owned()), None),
            Key::KernelParams(os) => Self::KernelParams(os.to_owned(), None),
            Key::Other => Self::Nothing,
        }
    }

    /// What an unreadable value means. Settings keep their last good value: without them nothing would boot.
    pub(crate) fn unreadable(key: &str) -> Self {
        match Key::of(key) {
            Key::Ipam | Key::Dhcp | Key::Journal(_) => Self::Nothing,
            _ => Self::deleted(key),
        }
    }
}

/// A key, taken apart.
enum Key<'a> {
    Machine(&'a str),
    Chunk(&'a str),
    Journal(&'a str),
    JournalStep(&'a str),
    Ipam,
    Dhcp,
    Ignition(&'a str, &'a str),
    KernelParams(&'a str),
    Other,
}

impl<'a> Key<'a> {
    fn of(key: &'a str) -> Self {
        if let Some(serial) = key.strip_prefix(keys::MACHINES) {
            return Self::Machine(serial);
        }
        if let Some(rest) = key.strip_prefix(keys::REGISTRATIONS) {
            return match journal::part_of(rest) {
                journal::Part::Header(id) => Self::Journal(id),
                journal::Part::Chunk(id) => Self::Chunk(id),
                journal::Part::Other(id) => Self::JournalStep(id),
            };
        }
        if let Some(rest) = key.strip_prefix(keys::IGNITIONS) {
            return rest
                .split_once('/')
                .map_or(Self::Other, |(role, id)| Self::Ignition(role, id));
        }
        match (key, key.strip_prefix(keys::KERNEL_PARAMS)) {
            (_, Some(os)) => Self::KernelParams(os),
            (keys::IPAM, _) => Self::Ipam,
            (keys::DHCP, _) => Self::Dhcp,
            _ => Self::Other,
        }
    }
}

fn json<T: DeserializeOwned>(value: &[u8]) -> Result<T, String> {
    decode_stored(value).map_err(|e| e.to_string())
}

fn text(value: &[u8]) -> Result<String, String> {
    String::from_utf8(value.to_vec()).map_err(|e| e.to_string())
}

fn ipam(value: &[u8]) -> Result<IpamConfig, String> {
    let config: IpamConfig = json(value)?;
    config.validate().map_err(|e| e.to_string())?;
    Ok(config)
}

fn machine(serial: &str, kv: &Kv) -> Result<MachineEntry, String> {
    let machine: Machine = json(&kv.value)?;
    if machine.spec.serial != serial {
        return Err(format!("it holds the machine {:?}", machine.spec.serial));
    }
    MachineEntry::new(machine, kv.mod_revision, kv.create_revision).map_err(|e| e.to_string())
}
