//! Machines as sabakan answers them.

use gojson::GoTime;
use serde::{Deserialize, Deserializer};

/// A machine of the inventory.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
pub struct Machine {
    /// What defines it.
    pub spec: Spec,
    /// Its state.
    pub status: Status,
}

/// What defines a machine.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Spec {
    /// Serial.
    pub serial: String,
    /// Labels.
    #[serde(deserialize_with = "or_default")]
    pub labels: Vec<Label>,
    /// Logical rack number.
    pub rack: i64,
    /// Position in the rack.
    pub index_in_rack: i64,
    /// Role.
    pub role: String,
    /// IPv4 addresses; the first is that of the node.
    #[serde(deserialize_with = "or_default")]
    pub ipv4: Vec<String>,
    /// When it was registered.
    pub register_date: GoTime,
    /// When it is to be retired.
    pub retire_date: GoTime,
    /// Its management controller.
    pub bmc: Bmc,
}

/// A label of a machine.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct Label {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// The management controller of a machine.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Bmc {
    /// Type, by which repairs are chosen.
    pub bmc_type: String,
}

/// The state of a machine.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default)]
pub struct Status {
    /// The state.
    pub state: State,
    /// For how long, in seconds.
    pub duration: f64,
}

impl Machine {
    /// The address that identifies the node; `None` for a machine that has none.
    #[must_use]
    pub fn address(&self) -> Option<&str> {
        self.spec.ipv4.first().map(String::as_str)
    }

    /// Whether its state is healthy.
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        self.status.state == State::Healthy
    }
}

/// A state under the name that GraphQL has for it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names are sabakan's: its life cycle describes them")]
pub enum State {
    Uninitialized,
    Healthy,
    Unhealthy,
    Unreachable,
    Updating,
    Retiring,
    Retired,
    /// A state of a later sabakan: neither healthy nor anything that a decision knows.
    Unknown(String),
}

impl State {
    const NAMES: [(&'static str, State); 7] = [
        ("UNINITIALIZED", State::Uninitialized),
        ("HEALTHY", State::Healthy),
        ("UNHEALTHY", State::Unhealthy),
        ("UNREACHABLE", State::Unreachable),
        ("UPDATING", State::Updating),
        ("RETIRING", State::Retiring),
        ("RETIRED", State::Retired),
    ];

    /// The name in GraphQL.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            State::Unknown(name) => name,
            known => Self::NAMES
                .iter()
                .find(|(_, state)| state == known)
                .map_or("", |(name, _)| *name),
        }
    }
}

impl Default for State {
    fn default() -> Self {
        State::Unknown(String::new())
    }
}

impl From<&str> for State {
    fn from(name: &str) -> Self {
        let known = Self::NAMES.into_iter().find(|(known, _)| *known == name);
        known.map_or_else(|| State::Unknown(name.to_owned()), |(_, state)| state)
    }
}

impl<'de> Deserialize<'de> for State {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Ok(State::from(&*name))
    }
}

/// `null` is what an empty list is.
fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(deserializer: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}
