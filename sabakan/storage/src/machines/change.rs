//! Changes of one machine.

use super::{ATTEMPTS, Fresh};
use crate::answer::first_kv;
use crate::audit::{Actor, AuditDraft};
use crate::{Storage, StorageError, keys};
use neco_etcd::{Outcome, Txn};
use sabakan_model::machine::{is_valid_label_name, is_valid_label_value};
use sabakan_model::{AuditCategory, GoTime, Machine, MachineState, to_go_json};

/// A machine after a change.
#[derive(Debug, Clone)]
pub struct Changed {
    /// The machine as it is now.
    pub machine: Machine,
    /// The revision at which it is so.
    pub revision: i64,
}

/// What a change comes to.
enum Edit {
    /// Nothing is to be written.
    Same,
    /// The machine is to be written, with this said about it.
    Write(AuditDraft),
}

impl Storage {
    /// Moves a machine to another state. The state that it has already changes nothing, not even its timestamp.
    ///
    /// # Errors
    /// [`StorageError::Forbidden`] for a transition that the lifecycle does not have;
    /// [`StorageError::EncryptionKeyExists`] on the way to `retired`.
    pub async fn set_state(&self, actor: &Actor, serial: &str, state: MachineState) -> Result<Changed, StorageError> {
        let now = self.now();
        self.change(actor, serial, state == MachineState::Retired, |machine| {
            let from = machine.status.state;
            let forbidden = |_| StorageError::Forbidden {
                from: from.to_string(),
                to: state.to_string(),
            };
            Ok(if machine.set_state(state, now).map_err(forbidden)? {
                Edit::Write(draft(serial, "set-state", format!("{from} -> {state}")))
            } else {
                Edit::Same
            })
        })
        .await
    }

    /// Adds or replaces a label.
    ///
    /// # Errors
    /// [`StorageError::BadRequest`] when name or value break Kubernetes' rules.
    pub async fn put_label(
        &self,
        actor: &Actor,
        serial: &str,
        name: &str,
        value: &str,
    ) -> Result<Changed, StorageError> {
        if !is_valid_label_name(name) || !is_valid_label_value(value) {
            return Err(StorageError::BadRequest(format!("invalid label {name:?}={value:?}")));
        }
        self.change(actor, serial, false, |machine| {
            machine.put_label(name, value);
            Ok(Edit::Write(draft(serial, "put-label", format!("{name}/{value}"))))
        })
        .await
    }

    /// Removes a label.
    ///
    /// # Errors
    /// [`StorageError::NotFound`] when there is no such label.
    pub async fn delete_label(&self, actor: &Actor, serial: &str, name: &str) -> Result<Changed, StorageError> {
        self.change(actor, serial, false, |machine| {
            machine
                .delete_label(name)
                .map_err(|_| StorageError::not_found("label", name))?;
            Ok(Edit::Write(draft(serial, "delete-label", name.to_owned())))
        })
        .await
    }

    /// Sets the date at which a machine is to be retired.
    ///
    /// # Errors
    /// Those of every change.
    pub async fn set_retire_date(&self, actor: &Actor, serial: &str, date: GoTime) -> Result<Changed, StorageError> {
        self.change(actor, serial, false, |machine| {
            machine.spec.retire_date = date;
            Ok(Edit::Write(draft(serial, "set-retire-date", date.go_string())))
        })
        .await
    }

    async fn change(
        &self,
        actor: &Actor,
        serial: &str,
        only_without_keys: bool,
        edit: impl Fn(&mut Machine) -> Result<Edit, StorageError>,
    ) -> Result<Changed, StorageError> {
        let key = keys::machine(serial);
        for _ in 0..ATTEMPTS {
            let Fresh {
                mut machine,
                guard,
                revision,
                ..
            } = self.fresh(serial).await?;
            let Edit::Write(draft) = edit(&mut machine)? else {
                return Ok(Changed { machine, revision });
            };
            let value = to_go_json(&machine).map_err(StorageError::encode)?;
            let mut txn = Txn::new()
                .if_mod_revision(&key, guard)
                .put(&key, value)
                .or_else_get(&key);
            if only_without_keys {
                txn = txn.if_prefix_absent(keys::crypts_of(serial));
            }
            let outcome = self.commit_audited_at(actor, &draft, &txn, revision).await?;
            if outcome.succeeded {
                return Ok(Changed {
                    machine,
                    revision: outcome.revision,
                });
            }
            if only_without_keys && unchanged(&outcome, guard) {
                return Err(StorageError::EncryptionKeyExists {
                    serial: serial.to_owned(),
                });
            }
        }
        Err(StorageError::Contention {
            op: "changing a machine",
            attempts: ATTEMPTS,
        })
    }
}

/// True when the machine was as it had been read, so that another guard did not hold.
fn unchanged(outcome: &Outcome, guard: i64) -> bool {
    first_kv(outcome, 0).is_some_and(|kv| kv.mod_revision == guard)
}

fn draft(serial: &str, action: &str, detail: String) -> AuditDraft {
    AuditDraft::new(AuditCategory::MACHINES, serial, action, detail)
}
