//! Checking what operators declare for a component's configuration file, before it is stored.

use super::shape::{Fields, Shape, field};
use super::{Object, Schema};
use serde_json::Value;

/// A declared configuration cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// It is no object.
    #[error("{at}: a {kind} is an object")]
    NotAnObject {
        /// Place in the cluster, `options.kubelet.config`.
        at: String,
        /// Kind that was expected.
        kind: &'static str,
    },
    /// Another version of the API.
    #[error("{at}.apiVersion: {found:?} is not {wanted}")]
    ApiVersion {
        /// Place in the cluster.
        at: String,
        /// What is declared; empty where nothing is.
        found: String,
        /// The only version that is taken.
        wanted: &'static str,
    },
    /// Another kind of object.
    #[error("{at}.kind: {found:?} is not {wanted}")]
    Kind {
        /// Place in the cluster.
        at: String,
        /// What is declared; empty where nothing is.
        found: String,
        /// The kind of this file.
        wanted: &'static str,
    },
    /// A field of another type.
    #[error("{at}: {found} where {wanted} is expected")]
    Type {
        /// Place in the cluster.
        at: String,
        /// The value, shortened.
        found: String,
        /// What is expected, in words.
        wanted: &'static str,
    },
}

impl Schema {
    /// Checks a declared configuration; returns the places of fields that nobody knows, which are left out.
    ///
    /// # Errors
    /// Names the place of the first thing that a component's program would refuse.
    pub fn check(&self, at: &str, declared: &Value) -> Result<Vec<String>, ConfigError> {
        let Value::Object(object) = declared else {
            return Err(ConfigError::NotAnObject {
                at: at.to_owned(),
                kind: self.kind,
            });
        };
        let text = |name: &str| object.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        if text("apiVersion") != self.api_version {
            return Err(ConfigError::ApiVersion {
                at: at.to_owned(),
                found: text("apiVersion"),
                wanted: self.api_version,
            });
        }
        if text("kind") != self.kind {
            return Err(ConfigError::Kind {
                at: at.to_owned(),
                found: text("kind"),
                wanted: self.kind,
            });
        }
        let mut unknown = Vec::new();
        check_object(self.fields, at, object, &mut unknown)?;
        unknown.retain(|place| *place != format!("{at}.apiVersion") && *place != format!("{at}.kind"));
        Ok(unknown)
    }
}

fn check_object(fields: Fields, at: &str, object: &Object, unknown: &mut Vec<String>) -> Result<(), ConfigError> {
    for (name, value) in object {
        let at = format!("{at}.{name}");
        match field(fields, name) {
            Some((_, shape)) => check_value(shape, &at, value, unknown)?,
            None => unknown.push(at),
        }
    }
    Ok(())
}

fn check_value(shape: &Shape, at: &str, value: &Value, unknown: &mut Vec<String>) -> Result<(), ConfigError> {
    match (shape, value) {
        (_, Value::Null) => Ok(()),
        (Shape::Pointer(inner), value) => check_value(inner, at, value, unknown),
        (Shape::Object(fields), Value::Object(object)) => check_object(fields, at, object, unknown),
        (Shape::Map(inner), Value::Object(object)) => object
            .iter()
            .try_for_each(|(name, value)| check_value(inner, &format!("{at}.{name}"), value, unknown)),
        (Shape::List(inner), Value::Array(items)) => items
            .iter()
            .enumerate()
            .try_for_each(|(index, value)| check_value(inner, &format!("{at}[{index}]"), value, unknown)),
        (shape, value) if shape.takes(value) => Ok(()),
        (shape, value) => Err(ConfigError::Type {
            at: at.to_owned(),
            found: shortened(value),
            wanted: shape.in_words(),
        }),
    }
}

impl Shape {
    /// Whether a single value has this type.
    fn takes(&self, value: &Value) -> bool {
        match self {
            Self::Bool => value.is_boolean(),
            Self::Int => value.as_i64().is_some(),
            Self::Number => value.is_number(),
            Self::Text => value.is_string(),
            Self::Duration => value
                .as_str()
                .is_some_and(|text| super::duration::parse(text).is_some()),
            Self::Nanoseconds => super::duration::nanoseconds(value).is_some(),
            Self::Quantity => super::quantity::is_quantity(value),
            Self::Any => true,
            Self::List(_) | Self::Map(_) | Self::Object(_) | Self::Pointer(_) => false,
        }
    }

    fn in_words(&self) -> &'static str {
        match self {
            Self::Bool => "true or false",
            Self::Int => "a whole number",
            Self::Number => "a number",
            Self::Text => "text",
            Self::Duration => "a duration like 1m30s",
            Self::Nanoseconds => "a duration like 1m30s or a number of nanoseconds",
            Self::Quantity => "a quantity like 64Ki",
            Self::Any => "anything",
            Self::List(_) => "a list",
            Self::Map(_) | Self::Object(_) => "an object",
            Self::Pointer(inner) => inner.in_words(),
        }
    }
}

/// A value for a message: the whole of it could be pages.
fn shortened(value: &Value) -> String {
    const SHOWN: usize = 40;
    let text = value.to_string();
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}...", text.get(..end).unwrap_or_default()),
        None => text,
    }
}
