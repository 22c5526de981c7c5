//! Mutations.

use super::app;
use super::query::{not_found, typed};
use super::types::{MachineObject, State, StatusOfMachine};
use async_graphql::{Context, ID, Object};
use sabakan_storage::{Actor, StorageError};

/// The root of mutations.
#[derive(Debug, Clone, Copy)]
pub struct Mutation;

#[Object]
impl Mutation {
    /// Moves a machine to another state of its life.
    async fn set_machine_state(
        &self,
        ctx: &Context<'_>,
        serial: ID,
        state: State,
    ) -> async_graphql::Result<StatusOfMachine> {
        let app = app(ctx)?;
        let actor = ctx.data::<Actor>()?;
        let changed = app
            .storage
            .set_state(actor, &serial, state.into())
            .await
            .map_err(|error| failure(&error, &serial))?;
        let revision = changed.revision;
        app.storage
            .wait_for_revision(revision)
            .await
            .map_err(|error| failure(&error, &serial))?;
        let entry = app.storage.machine(&serial).ok_or_else(|| not_found(&serial))?;
        Ok(StatusOfMachine(MachineObject { entry, now: app.now() }))
    }
}

/// The kinds of error that clients of the original know.
fn failure(error: &StorageError, serial: &str) -> async_graphql::Error {
    match error {
        StorageError::NotFound { .. } => not_found(serial),
        StorageError::EncryptionKeyExists { .. } => typed(error, "ENCRYPTION_KEY_EXISTS", serial),
        StorageError::Forbidden { .. } => typed(error, "INVALID_STATE_TRANSITION", serial),
        _ => typed(error, "INTERNAL_SERVER_ERROR", serial),
    }
}
