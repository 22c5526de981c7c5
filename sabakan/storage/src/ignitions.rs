//! Ignition templates: the newest ten of each role.

use crate::answer::first_kv;
use crate::audit::{Actor, AuditDraft};
use crate::world::StoredTemplate;
use crate::{Storage, StorageError, keys};
use neco_etcd::{Guard, MAX_REQUEST_BYTES, Txn};
use sabakan_model::ignition::{MAX_IGNITIONS, surplus};
use sabakan_model::{AuditCategory, IgnitionId, IgnitionTemplate, to_go_json};
use std::sync::Arc;

/// How often a change begins anew because others changed the same role's templates.
const ATTEMPTS: u32 = 16;

/// Bytes of a stored template, at most: it travels with its audit entry in one request to etcd.
pub const MAX_TEMPLATE: usize = MAX_REQUEST_BYTES - 32 * 1024;

impl Storage {
    /// Stores a template, once, and drops the oldest beyond ten of the role. Returns the revision.
    ///
    /// # Errors
    /// [`StorageError::Conflict`] when the ID is taken, or older than the ten that are kept.
    pub async fn put_template(
        &self,
        actor: &Actor,
        role: &str,
        id: &IgnitionId,
        template: &IgnitionTemplate,
    ) -> Result<i64, StorageError> {
        check_role(role)?;
        let value = to_go_json(template).map_err(StorageError::encode)?;
        if value.len() > MAX_TEMPLATE {
            let what = format!("{} bytes of a template (etcd takes 1.5 MiB in a request)", value.len());
            return Err(StorageError::Quota {
                what,
                limit: MAX_TEMPLATE,
            });
        }
        for _ in 0..ATTEMPTS {
            let revision = self.revision();
            let (txn, dropped) = self.putting_template(role, id, value.clone())?;
            // What is known here decides what is dropped, so nothing may have been added since.
            let txn = txn.guard(Guard::PrefixUnchangedSince(keys::ignitions_of(role), revision));
            let draft = AuditDraft::new(AuditCategory::IGNITION, role, "put", detail(id, &dropped));
            let outcome = self.commit_audited(actor, draft, txn).await?;
            if outcome.succeeded {
                return Ok(outcome.revision);
            }
            if first_kv(&outcome, 0).is_some() {
                return Err(taken(role, id));
            }
            self.wait_for_revision(outcome.revision).await?;
        }
        Err(StorageError::Contention {
            op: "storing a template",
            attempts: ATTEMPTS,
        })
    }

    fn putting_template(
        &self,
        role: &str,
        id: &IgnitionId,
        value: Vec<u8>,
    ) -> Result<(Txn, Vec<IgnitionId>), StorageError> {
        let mut ids = self.template_ids(role);
        if ids.iter().any(|other| other.as_str() == id.as_str()) {
            return Err(taken(role, id));
        }
        ids.push(id.clone());
        let dropped = surplus(ids);
        if dropped.iter().any(|old| old.as_str() == id.as_str()) {
            return Err(StorageError::Conflict(format!(
                "template {id} is older than the {MAX_IGNITIONS} templates of role {role} that are kept"
            )));
        }
        let target = keys::ignition(role, id.as_str());
        let mut txn = Txn::new().if_absent(&target).put(&target, value).or_else_get(target);
        for old in &dropped {
            txn = txn.delete(keys::ignition(role, old.as_str()));
        }
        Ok((txn, dropped))
    }

    /// Deletes a template. Returns the revision.
    ///
    /// # Errors
    /// [`StorageError::NotFound`].
    pub async fn delete_template(&self, actor: &Actor, role: &str, id: &str) -> Result<i64, StorageError> {
        let not_found = || StorageError::not_found("template", format!("{role}/{id}"));
        if !keys::is_segment(role) || !keys::is_segment(id) {
            return Err(not_found());
        }
        let key = keys::ignition(role, id);
        let draft = AuditDraft::new(AuditCategory::IGNITION, role, "delete", id);
        let outcome = self
            .commit_audited(actor, draft, Txn::new().if_exists(&key).delete(&key))
            .await?;
        if outcome.succeeded {
            Ok(outcome.revision)
        } else {
            Err(not_found())
        }
    }

    /// The IDs of a role's templates, oldest version first, as known here.
    #[must_use]
    pub fn template_ids(&self, role: &str) -> Vec<IgnitionId> {
        let world = self.inner.world.read();
        let from = (role.to_owned(), String::new());
        let of_role = world.ignitions.range(from..).take_while(|((r, _), _)| r == role);
        let mut ids: Vec<IgnitionId> = of_role.filter_map(|((_, id), _)| id.parse().ok()).collect();
        ids.sort();
        ids
    }

    /// A template, as known here.
    #[must_use]
    pub fn template(&self, role: &str, id: &str) -> Option<Arc<StoredTemplate>> {
        self.inner
            .world
            .read()
            .ignitions
            .get(&(role.to_owned(), id.to_owned()))
            .cloned()
    }
}

fn check_role(role: &str) -> Result<(), StorageError> {
    if sabakan_model::machine::is_valid_role(role) {
        Ok(())
    } else {
        Err(StorageError::BadRequest(format!("invalid role name: {role:?}")))
    }
}

fn taken(role: &str, id: &IgnitionId) -> StorageError {
    StorageError::Conflict(format!("template {id} of role {role} exists already"))
}

/// The ID, as the original logs it, and what went for it.
fn detail(id: &IgnitionId, dropped: &[IgnitionId]) -> String {
    let old: Vec<_> = dropped.iter().map(IgnitionId::as_str).collect();
    if old.is_empty() {
        id.to_string()
    } else {
        format!("{id} (dropped {})", old.join(", "))
    }
}
