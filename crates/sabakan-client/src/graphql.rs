//! GraphQL: the search that programs use, the change of a state, and any other query.

use crate::{Client, Error};
use http::Method;
use sabakan_model::{GoTime, MachineState};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

/// What to look for; `None` is no condition.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MachineParams {
    /// Labels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub labels: Option<Vec<Label>>,
    /// Logical rack numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub racks: Option<Vec<i64>>,
    /// Roles.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub roles: Option<Vec<String>>,
    /// States.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub states: Option<Vec<State>>,
    /// Whole days until the retire date, at least.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_days_before_retire: Option<i64>,
}

/// A label.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// A state under the name that GraphQL has for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct State(pub MachineState);

impl From<State> for String {
    fn from(state: State) -> Self {
        state.0.as_str().to_uppercase()
    }
}

impl TryFrom<String> for State {
    type Error = sabakan_model::state::UnknownState;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        name.to_lowercase().parse().map(Self)
    }
}

/// A machine as the search answers it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Machine {
    /// What defines it.
    pub spec: Spec,
    /// Its state.
    pub status: Status,
}

/// What defines a machine.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Spec {
    /// Serial.
    pub serial: String,
    /// Labels.
    pub labels: Option<Vec<Label>>,
    /// Logical rack number.
    pub rack: u64,
    /// Position in the rack.
    pub index_in_rack: u64,
    /// Role.
    pub role: String,
    /// IPv4 addresses.
    pub ipv4: Vec<String>,
    /// When it was registered.
    pub register_date: GoTime,
    /// When it is to be retired.
    pub retire_date: GoTime,
}

/// The state of a machine.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Status {
    /// The state.
    pub state: State,
    /// Since when.
    pub timestamp: GoTime,
    /// Seconds since then.
    pub duration: f64,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    data: Value,
    #[serde(default)]
    errors: Vec<Value>,
}

const STATUS: &str = "state timestamp duration";
const SPEC: &str = "serial labels { name value } rack indexInRack role ipv4 registerDate retireDate";

impl Client {
    /// Runs a query or mutation and returns the member `field` of its data.
    ///
    /// # Errors
    /// [`Error::Graphql`] when the server answers with errors.
    pub async fn graphql<T: DeserializeOwned>(&self, query: &str, variables: Value, field: &str) -> Result<T, Error> {
        let body = json!({ "query": query, "variables": variables });
        let url = self.root_url("graphql");
        let answer: Answer = self
            .read_json(self.request(Method::POST, url.clone()).json(&body))
            .await?;
        if let Some(first) = answer.errors.first() {
            let message = |e: &Value| e["message"].as_str().map_or_else(|| e.to_string(), str::to_owned);
            let kind = first["extensions"]["type"].as_str().map(str::to_owned);
            return Err(Error::Graphql {
                messages: answer.errors.iter().map(message).collect(),
                kind,
            });
        }
        let text = answer.data[field].to_string();
        sabakan_model::decode_stored(text.as_bytes()).map_err(|source| Error::Decode {
            url: url.to_string(),
            source,
        })
    }

    /// Machines that have all of `having` and nothing of `not_having`.
    ///
    /// # Errors
    /// When the server refuses the search.
    pub async fn search(&self, having: &MachineParams, not_having: &MachineParams) -> Result<Vec<Machine>, Error> {
        let query = format!(
            "query ($having: MachineParams, $notHaving: MachineParams) {{ \
             searchMachines(having: $having, notHaving: $notHaving) {{ spec {{ {SPEC} }} status {{ {STATUS} }} }} }}"
        );
        self.graphql(
            &query,
            json!({ "having": having, "notHaving": not_having }),
            "searchMachines",
        )
        .await
    }

    /// Puts a machine into a state.
    ///
    /// # Errors
    /// With kind `MACHINE_NOT_FOUND`, `INVALID_STATE_TRANSITION` or `ENCRYPTION_KEY_EXISTS`.
    pub async fn set_machine_state(&self, serial: &str, state: MachineState) -> Result<Status, Error> {
        let query = format!(
            "mutation ($serial: ID!, $state: MachineState!) {{ setMachineState(serial: $serial, state: $state) {{ {STATUS} }} }}"
        );
        self.graphql(
            &query,
            json!({ "serial": serial, "state": State(state) }),
            "setMachineState",
        )
        .await
    }
}
