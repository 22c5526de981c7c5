//! A JSON value kept as its text.

use serde::{Deserialize, Deserializer, Serialize, Serializer, ser::Error};
use serde_json::value::RawValue;

/// A JSON value as text: numbers, order and doubled members stay as they were.
///
/// Written through [`super::to_go_json`] it loses white space and gets Go's escapes, as Go's `json.RawMessage` does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawJson(Box<str>);

impl RawJson {
    /// Takes `text` when it is one JSON value.
    ///
    /// # Errors
    /// With line and column, when it is not.
    pub fn new(text: impl Into<String>) -> Result<Self, super::JsonError> {
        let text = text.into();
        let checked: Result<&RawValue, _> = serde_json::from_str(&text);
        checked.map_err(|e| super::JsonError::Malformed {
            path: String::new(),
            problem: e.to_string(),
        })?;
        Ok(Self(text.trim().into()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for RawJson {
    /// `null`, as a nil `json.RawMessage` is written.
    fn default() -> Self {
        Self("null".into())
    }
}

impl Serialize for RawJson {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let raw: &RawValue = serde_json::from_str(&self.0).map_err(S::Error::custom)?;
        raw.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for RawJson {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        Ok(Self(Box::<str>::from(raw)))
    }
}
