//! From version 1 to 2: the gateway's offset moves from DHCP's settings to the address formulas, and machines get `info`.

use super::{Version, commit};
use crate::{StorageError, keys};
use neco_etcd::{Etcd, Kv};
use sabakan_model::{DhcpConfig, IpamConfig, Machine, decode_stored, to_go_json};

/// Machines converted in one transaction: a guard and a write for each.
const PER_TXN: usize = 100;

/// Does all of it. `false`: another server was at it, look at the version again.
pub(super) async fn convert(etcd: &Etcd, version: &Version) -> Result<bool, StorageError> {
    let Some(ipam) = convert_ipam(etcd, version).await? else {
        return Ok(false);
    };
    let machines = etcd
        .read_prefix(keys::MACHINES)
        .await
        .map_err(StorageError::etcd("reading machines to convert"))?;
    for group in machines.kvs.chunks(PER_TXN) {
        let mut txn = version.guarded();
        for kv in group {
            let value = with_info(kv, &ipam)?;
            txn = txn.if_mod_revision(&kv.key, kv.mod_revision).put(&kv.key, value);
        }
        if !commit(etcd, txn).await? {
            return Ok(false);
        }
    }
    commit(etcd, version.guarded().put(keys::VERSION, "2")).await
}

/// The converted address formulas; `None` when another server changed something.
async fn convert_ipam(etcd: &Etcd, version: &Version) -> Result<Option<IpamConfig>, StorageError> {
    const OP: &str = "reading configurations to convert";
    let (ipam_kv, dhcp_kv) = (
        etcd.get(keys::IPAM).await.map_err(StorageError::etcd(OP))?,
        etcd.get(keys::DHCP).await.map_err(StorageError::etcd(OP))?,
    );
    // Version 1 is only told from a new store by the formulas, so they are there, unless they go this very moment.
    let Some(ipam_kv) = ipam_kv else { return Ok(None) };
    let mut ipam: IpamConfig = read(&ipam_kv)?;
    let Some(dhcp_kv) = dhcp_kv else { return Ok(Some(ipam)) };
    let dhcp: DhcpConfig = read(&dhcp_kv)?;
    ipam.node_gateway_offset = dhcp.gateway_offset;
    let value = to_go_json(&ipam).map_err(StorageError::encode)?;
    let txn = version
        .guarded()
        .if_mod_revision(keys::IPAM, ipam_kv.mod_revision)
        .put(keys::IPAM, value);
    Ok(commit(etcd, txn).await?.then_some(ipam))
}

/// The machine with its addresses computed.
fn with_info(kv: &Kv, ipam: &IpamConfig) -> Result<Vec<u8>, StorageError> {
    let mut machine: Machine = read(kv)?;
    ipam.fill_addresses(&mut machine)
        .map_err(|e| StorageError::unreadable(&kv.key, e))?;
    to_go_json(&machine).map_err(StorageError::encode)
}

fn read<T: serde::de::DeserializeOwned>(kv: &Kv) -> Result<T, StorageError> {
    decode_stored(&kv.value).map_err(|e| StorageError::unreadable(&kv.key, e))
}
