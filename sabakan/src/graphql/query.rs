//! Queries.

use super::app;
use super::fast::MachineList;
use super::types::{MachineObject, MachineParams};
use async_graphql::{Context, ErrorExtensions as _, ID, Object};
use sabakan_model::query::{Conditions, LabelExclusion};

/// The root of queries.
#[derive(Debug, Clone, Copy)]
pub struct Query;

#[Object]
impl Query {
    /// One machine.
    async fn machine(&self, ctx: &Context<'_>, serial: ID) -> async_graphql::Result<MachineObject> {
        let app = app(ctx)?;
        let entry = app.storage.machine(&serial).ok_or_else(|| not_found(&serial))?;
        Ok(MachineObject { entry, now: app.now() })
    }

    /// Machines that have all of `having` and none of `notHaving`, sorted by serial.
    async fn search_machines(
        &self,
        ctx: &Context<'_>,
        #[graphql(default)] having: Option<MachineParams>,
        #[graphql(default)] not_having: Option<MachineParams>,
    ) -> async_graphql::Result<MachineList> {
        let app = app(ctx)?;
        let query = search(having, not_having);
        let now = app.now();
        let found = app.storage.search(&query);
        Ok(MachineList(
            found.into_iter().map(|entry| MachineObject { entry, now }).collect(),
        ))
    }
}

/// The error for a machine that is not there, as clients of the original tell it.
pub(super) fn not_found(serial: &str) -> async_graphql::Error {
    typed("not found", "MACHINE_NOT_FOUND", serial)
}

/// An error with the extensions `type` and `serial`.
pub(super) fn typed(message: impl std::fmt::Display, kind: &'static str, serial: &str) -> async_graphql::Error {
    async_graphql::Error::new(message.to_string()).extend_with(|_error, extensions| {
        extensions.set("serial", serial);
        extensions.set("type", kind);
    })
}

/// The search that two sets of parameters mean.
pub(super) fn search(having: Option<MachineParams>, not_having: Option<MachineParams>) -> sabakan_model::Query {
    let impossible = |params: &Option<MachineParams>| {
        params
            .as_ref()
            .and_then(|p| p.racks.as_ref())
            .is_some_and(|racks| !racks.is_empty() && racks.iter().all(|r| *r < 0))
    };
    let nowhere = impossible(&having);
    let mut query = sabakan_model::Query {
        having: having.map(conditions).unwrap_or_default(),
        without: not_having.map(conditions).unwrap_or_default(),
        label_exclusion: LabelExclusion::Any,
    };
    if nowhere {
        // No machine stands in a negative rack: the list must not become empty, which would mean any rack.
        query.having.racks = vec![u64::MAX];
    }
    query
}

fn conditions(params: MachineParams) -> Conditions {
    let labels = params.labels.unwrap_or_default();
    Conditions {
        labels: labels.into_iter().map(|label| (label.name, label.value)).collect(),
        racks: params
            .racks
            .unwrap_or_default()
            .into_iter()
            .filter_map(|rack| u64::try_from(rack).ok())
            .collect(),
        roles: params.roles.unwrap_or_default(),
        states: params.states.unwrap_or_default().into_iter().map(Into::into).collect(),
        min_days_before_retire: params.min_days_before_retire,
        ..Conditions::default()
    }
}
