//! Ignition templates as stored, and the order of their IDs.
//!
//! What the template says and how it renders is for the crate `sabakan-ignition`; here it is text.

mod id;

use crate::json::RawJson;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

pub use id::{IgnitionId, IgnitionIdError};

/// Newest templates kept a role.
pub const MAX_IGNITIONS: usize = 10;

record! {
    /// A template with its metadata.
    pub struct IgnitionTemplate {
        /// Version of the Ignition specification as `major.minor`.
        "version" version: String,
        /// The template in that version's JSON, its text kept.
        "template" template: RawJson,
        /// Metadata for the template's functions.
        "meta" meta: Option<Metadata>,
    }
}

/// A JSON object whose numbers are all floating point, as Go decodes one without a schema: a template that prints
/// 1234567 gets `1.234567e+06`, and large integers lose digits when written again.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Metadata(pub Map<String, Value>);

impl serde::Serialize for Metadata {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Metadata {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut map = Map::deserialize(deserializer)?;
        map.values_mut().for_each(to_floats);
        Ok(Self(map))
    }
}

impl crate::json::Strict for Metadata {
    fn first_unknown(&self) -> Option<String> {
        None
    }
}

fn to_floats(value: &mut Value) {
    match value {
        Value::Number(n) => {
            if let Some(float) = n.as_f64().and_then(serde_json::Number::from_f64) {
                *n = float;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(to_floats),
        Value::Object(map) => map.values_mut().for_each(to_floats),
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
}

/// The IDs that must go so that the newest [`MAX_IGNITIONS`] stay.
#[must_use]
pub fn surplus(mut ids: Vec<IgnitionId>) -> Vec<IgnitionId> {
    ids.sort();
    ids.truncate(ids.len().saturating_sub(MAX_IGNITIONS));
    ids
}

#[cfg(test)]
mod tests;
