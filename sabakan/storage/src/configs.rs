//! The two configurations of a site: address formulas and DHCP.

use crate::answer::first_kv;
use crate::audit::{Actor, AuditDraft};
use crate::{Storage, StorageError, keys};
use neco_etcd::Txn;
use sabakan_model::json::to_go_string;
use sabakan_model::{AuditCategory, DhcpConfig, IpamConfig};

impl Storage {
    /// Sets the address formulas. Returns the revision.
    ///
    /// # Errors
    /// [`StorageError::Conflict`] once machines exist: their addresses follow from the formulas.
    pub async fn put_ipam(&self, actor: &Actor, config: &IpamConfig) -> Result<i64, StorageError> {
        config.validate().map_err(|e| StorageError::BadRequest(e.to_string()))?;
        let value = to_go_string(config).map_err(StorageError::encode)?;
        let draft = AuditDraft::new(AuditCategory::IPAM, "config", "put", &value);
        let txn = Txn::new()
            .if_prefix_absent(keys::MACHINES)
            .if_prefix_absent(keys::REGISTRATIONS)
            .put(keys::IPAM, value.into_bytes());
        let outcome = self.commit_audited(actor, draft, txn).await?;
        if outcome.succeeded {
            return Ok(outcome.revision);
        }
        Err(StorageError::Conflict(
            "machines already exist: the address formulas cannot be changed any more".to_owned(),
        ))
    }

    /// Sets what DHCP tells its clients. Returns the revision.
    ///
    /// # Errors
    /// [`StorageError::BadRequest`] for settings that cannot be.
    pub async fn put_dhcp(&self, actor: &Actor, config: &DhcpConfig) -> Result<i64, StorageError> {
        config.validate().map_err(|e| StorageError::BadRequest(e.to_string()))?;
        let value = to_go_string(config).map_err(StorageError::encode)?;
        let draft = AuditDraft::new(AuditCategory::DHCP, "config", "put", &value);
        let outcome = self
            .commit_audited(actor, draft, Txn::new().put(keys::DHCP, value.into_bytes()))
            .await?;
        Ok(outcome.revision)
    }

    /// Sets the kernel parameters of an operating system. Returns the revision.
    ///
    /// # Errors
    /// [`StorageError::BadRequest`] for a name that cannot be part of a key.
    pub async fn put_kernel_params(
        &self,
        actor: &Actor,
        os: &str,
        params: &sabakan_model::KernelParams,
    ) -> Result<i64, StorageError> {
        if !keys::is_segment(os) {
            return Err(StorageError::BadRequest(format!(
                "{os:?} is not the name of an operating system"
            )));
        }
        let draft = AuditDraft::new(AuditCategory::KERNEL_PARAMS, os, "put", params.as_str());
        let txn = Txn::new().put(keys::kernel_params(os), params.as_str());
        Ok(self.commit_audited(actor, draft, txn).await?.revision)
    }

    /// The kernel parameters of an operating system, as known here.
    #[must_use]
    pub fn kernel_params(&self, os: &str) -> Option<String> {
        self.inner.world.read().kernel_params.get(os).cloned()
    }

    /// The kernel parameters of an operating system by a linearizable read.
    ///
    /// # Errors
    /// [`StorageError::NotFound`]; trouble of etcd.
    pub async fn fresh_kernel_params(&self, os: &str) -> Result<String, StorageError> {
        let not_found = || StorageError::not_found("kernel parameters of", os);
        if !keys::is_segment(os) {
            return Err(not_found());
        }
        let key = keys::kernel_params(os);
        let outcome = self.etcd().commit(Txn::new().get(&key)).await;
        let outcome = outcome.map_err(StorageError::etcd("reading kernel parameters"))?;
        let value = first_kv(&outcome, 0).ok_or_else(not_found)?.value.clone();
        String::from_utf8(value).map_err(|e| StorageError::unreadable(&key, e))
    }
}
