//! The GraphQL query for machines, and what its variables are where operators set none. What they set is read by [`cke_model::sabakan`].

use crate::machine::State;
use cke_model::sabakan::{MachineParams, QueryVariables};
use gojson::{JsonError, Strict as _, decode_stored};
use serde::Serialize;

/// The query. Where no variables are sent, boot servers and retired machines are left out.
pub const QUERY: &str = "query ckeSearch($having: MachineParams = null, \
     $notHaving: MachineParams = {roles: [\"boot\"], states: [RETIRED]}) { \
     searchMachines(having: $having, notHaving: $notHaving) { \
     spec { serial labels { name value } rack indexInRack role ipv4 registerDate retireDate bmc { bmcType } } \
     status { state duration } } }";

/// The member of the answer's data that holds the machines.
pub const FIELD: &str = "searchMachines";

/// The variables that are stored: members that nobody knows are left out, as sabakan would refuse them. What is missing is sent as
/// `null`: no condition, and not the query's default.
///
/// # Errors
/// When it is no object of the right shape.
pub fn stored(text: &[u8]) -> Result<QueryVariables, JsonError> {
    let mut variables: QueryVariables = decode_stored(text)?;
    variables.forget_unknown();
    Ok(variables)
}

/// The variables for automatic repair where none are stored: unhealthy and unreachable machines that are no boot servers.
#[must_use]
pub fn non_healthy() -> QueryVariables {
    let states = [State::Unhealthy, State::Unreachable].map(|state| state.as_str().to_owned());
    let having = MachineParams {
        states: Some(states.to_vec()),
        ..MachineParams::default()
    };
    let not_having = MachineParams {
        roles: Some(vec!["boot".to_owned()]),
        ..MachineParams::default()
    };
    QueryVariables {
        having: Some(having),
        not_having: Some(not_having),
        ..QueryVariables::default()
    }
}

/// The body of the request.
#[derive(Debug, Clone, Serialize)]
pub struct Body<'a> {
    /// [`QUERY`].
    pub query: &'static str,
    /// Left out where none are set: the query has defaults of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variables: Option<&'a QueryVariables>,
}

/// The request for machines.
#[must_use]
pub fn body(variables: Option<&QueryVariables>) -> Body<'_> {
    Body {
        query: QUERY,
        variables,
    }
}
