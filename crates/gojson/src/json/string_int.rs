//! Integers that travel as strings (`"rev":"12"`), Go's `json:",string"`.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// An integer written as a JSON string.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct StringInt(pub i64);

impl From<i64> for StringInt {
    fn from(value: i64) -> Self {
        Self(value)
    }
}

impl std::fmt::Display for StringInt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for StringInt {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for StringInt {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let value = text
            .parse()
            .map_err(|_| de::Error::custom(format!("{text:?} is not an integer in a string")))?;
        Ok(Self(value))
    }
}
