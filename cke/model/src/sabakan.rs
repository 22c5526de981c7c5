//! What CKE asks of sabakan, as operators give it: variables of queries, and templates of clusters.

use crate::cluster::{Cluster, Invalid, Purpose};
use crate::names::kube;
use std::collections::BTreeSet;

record! {
    /// Variables of the query for machines, stored as the text that was given.
    pub struct QueryVariables {
        /// What machines must have.
        "having" having: Option<MachineParams>,
        /// What machines must not have.
        "notHaving" not_having: Option<MachineParams>,
    }
}

record! {
    /// Conditions on machines, as sabakan's GraphQL names them.
    pub struct MachineParams {
        /// Labels, all of them.
        "labels" labels: Option<Vec<LabelParam>>,
        /// Numbers of racks.
        "racks" racks: Option<Vec<i64>>,
        /// Roles.
        "roles" roles: Option<Vec<String>>,
        /// States in capital letters.
        "states" states: Option<Vec<String>>,
        /// Days before the machine is to be retired.
        "minDaysBeforeRetire" (omitempty) min_days_before_retire: Option<i64>,
    }
}

record! {
    /// A label.
    pub struct LabelParam {
        /// Name.
        "name" name: String,
        /// Value.
        "value" value: String,
    }
}

/// States of machines in sabakan's GraphQL.
pub const STATES: [&str; 7] = [
    "UNINITIALIZED",
    "HEALTHY",
    "UNHEALTHY",
    "UNREACHABLE",
    "UPDATING",
    "RETIRING",
    "RETIRED",
];

/// Variables that sabakan would not take.
#[derive(Debug, thiserror::Error)]
pub enum InvalidVariables {
    /// No JSON of the right form, or a member that the schema does not have.
    #[error(transparent)]
    Json(#[from] gojson::JsonError),
    /// A state that machines do not have.
    #[error("{place}: {state:?} is none of {}", STATES.join(", "))]
    State {
        /// Path of the value.
        place: String,
        /// The value.
        state: String,
    },
}

impl QueryVariables {
    /// Reads variables and holds them against sabakan's schema.
    ///
    /// # Errors
    /// With the place of what is wrong.
    pub fn parse(json: &[u8]) -> Result<Self, InvalidVariables> {
        let variables: Self = gojson::decode_api(json)?;
        for (name, params) in [("having", &variables.having), ("notHaving", &variables.not_having)] {
            let states = params.iter().flat_map(|params| params.states.iter().flatten());
            if let Some((at, state)) = states.enumerate().find(|(_, state)| !STATES.contains(&state.as_str())) {
                return Err(InvalidVariables::State {
                    place: format!("{name}.states[{at}]"),
                    state: state.clone(),
                });
            }
        }
        Ok(variables)
    }
}

impl Cluster {
    /// Whether clusters can be generated from it: one control plane, and at least one other node; where there are several, each
    /// has a role of its own.
    ///
    /// # Errors
    /// The first rule that it breaks.
    pub fn validate_template(&self) -> Result<(), Invalid> {
        let refuse = |problem: &str| Err(Invalid::new("nodes", problem));
        if self.nodes.len() < 2 {
            return refuse("template must contain at least two nodes");
        }
        if self.control_planes().count() != 1 {
            return refuse("template must contain only one control plane node");
        }
        let role = |node: &crate::Node| {
            node.labels
                .as_ref()?
                .get(kube::ROLE)
                .filter(|role| !role.is_empty())
                .cloned()
        };
        let roles: BTreeSet<_> = self.workers().filter_map(role).collect();
        let workers = self.workers().count();
        if workers >= 2 && workers != roles.len() {
            return refuse("non-control plane nodes must be associated with unique roles");
        }
        self.validate(Purpose::Template)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::QueryVariables;
    use crate::Cluster;

    #[test]
    fn variables_are_held_against_the_schema() {
        let good = r#"{"having":{"labels":[{"name":"a","value":"b"}],"racks":[0],"states":["HEALTHY"],"minDaysBeforeRetire":90},"notHaving":{}}"#;
        assert!(QueryVariables::parse(good.as_bytes()).is_ok());
        let cases = [
            (r#"{"having":{"states":["HEALTHY","healthy"]}}"#, "having.states[1]"),
            (r#"{"have":{}}"#, "have"),
            (r#"{"having":{"racks":["a"]}}"#, "having.racks[0]"),
            (r#"{"notHaving":{"role":["a"]}}"#, "notHaving.role"),
            ("[]", ""),
        ];
        for (json, want) in cases {
            let error = QueryVariables::parse(json.as_bytes()).unwrap_err().to_string();
            assert!(error.starts_with(want), "{json}: {error}");
        }
    }

    #[test]
    fn templates_have_one_control_plane_and_roles() {
        let template = |nodes: &str| {
            Cluster::parse(&format!("name: a\nservice_subnet: 10.0.0.0/16\nnodes: [{nodes}]"))
                .unwrap()
                .0
        };
        let (control_plane, worker) = ("{user: a, control_plane: true}", "{user: a}");
        let role = |role: &str| format!("{{user: a, labels: {{cke.cybozu.com/role: {role}}}}}");
        let cases = [
            (control_plane.to_owned(), false),
            (format!("{control_plane}, {worker}"), true),
            (format!("{worker}, {worker}"), false),
            (format!("{control_plane}, {control_plane}, {worker}"), false),
            (format!("{control_plane}, {worker}, {worker}"), false),
            (format!("{control_plane}, {}, {}", role("x"), role("x")), false),
            (format!("{control_plane}, {}, {}", role("x"), role("y1")), true),
            (format!("{control_plane}, {{user: a, address: 10.0.0.1}}"), false),
        ];
        for (nodes, want) in cases {
            assert_eq!(template(&nodes).validate_template().is_ok(), want, "{nodes}");
        }
    }
}
