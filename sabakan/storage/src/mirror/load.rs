//! Reading the world at one revision when a server starts.

use super::absorb;
use crate::world::World;
use crate::{StorageError, keys};
use neco_etcd::Etcd;

/// Keys read at once: about a megabyte of machines.
const PAGE: i64 = 1000;

/// What is kept in memory. Registrations come first: they say which machines are hidden.
const SECTIONS: [&str; 6] = [
    keys::REGISTRATIONS,
    keys::IPAM,
    keys::DHCP,
    keys::MACHINES,
    keys::IGNITIONS,
    keys::KERNEL_PARAMS,
];

/// Reads the world and the revision that it was read at.
pub(crate) async fn load(etcd: &Etcd) -> Result<(World, i64), StorageError> {
    let mut world = World::default();
    let mut revision = 0;
    for section in SECTIONS {
        revision = load_section(etcd, section, revision, &mut world).await?;
    }
    Ok((world, revision))
}

async fn load_section(etcd: &Etcd, section: &str, revision: i64, world: &mut World) -> Result<i64, StorageError> {
    let (mut from, to) = bounds(section);
    let mut revision = revision;
    loop {
        let page = etcd.read_range(&from, &to, PAGE, revision).await;
        let page = page.map_err(StorageError::etcd("reading the state at start"))?;
        revision = if revision == 0 { page.revision } else { revision };
        for kv in &page.kvs {
            absorb(world, kv);
        }
        match page.kvs.last() {
            Some(last) if page.more => from = format!("{}\0", last.key),
            _ => return Ok(revision),
        }
    }
}

/// The range of a section: a prefix ends with a slash, anything else is one key.
fn bounds(section: &str) -> (String, String) {
    match section.strip_suffix('/') {
        // '0' follows '/'.
        Some(stem) => (section.to_owned(), format!("{stem}0")),
        None => (section.to_owned(), format!("{section}\0")),
    }
}
