//! What a field of a configuration holds, as far as comparing and merging need to know.

use serde_json::Value;

/// The fields of an object, sorted by name.
pub type Fields = &'static [(&'static str, Shape)];

/// The type of a field.
#[derive(Debug, Clone, Copy)]
pub enum Shape {
    /// `true` or `false`; missing means `false`.
    Bool,
    /// A whole number; missing means 0.
    Int,
    /// Any number; missing means 0.
    Number,
    /// Text; missing means empty.
    Text,
    /// A duration as Go writes it, `1m30s`; missing means `0s`.
    Duration,
    /// A duration, or a number of nanoseconds.
    Nanoseconds,
    /// A quantity, `64Ki`; missing means 0.
    Quantity,
    /// Anything, compared as it is.
    Any,
    /// A list; missing means empty.
    List(&'static Shape),
    /// Values by names that are not fixed; missing means empty.
    Map(&'static Shape),
    /// An object with these fields; missing means that all of them are missing.
    Object(Fields),
    /// A field for which missing differs from every value.
    Pointer(&'static Shape),
}

/// The shape of a field; names are compared as Go's decoder does: exactly, or else without case.
pub(super) fn field(fields: Fields, name: &str) -> Option<&'static (&'static str, Shape)> {
    match fields.binary_search_by(|(known, _)| (*known).cmp(name)) {
        Ok(index) => fields.get(index),
        Err(_) => fields.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)),
    }
}

impl Shape {
    /// Whether the value says no more than a missing field would.
    pub(super) fn is_unset(&self, value: &Value) -> bool {
        match (self, value) {
            (_, Value::Null) => true,
            (Self::Pointer(_), _) => false,
            (Self::Duration | Self::Nanoseconds, value) => super::duration::nanoseconds(value) == Some(0),
            (Self::Quantity, value) => super::quantity::same(value, &Value::from(0)),
            (Self::Object(fields), Value::Object(object)) => object
                .iter()
                .all(|(name, value)| field(fields, name).is_none_or(|(_, shape)| shape.is_unset(value))),
            (Self::Any, _) => false,
            (_, Value::Bool(value)) => !value,
            (_, Value::Number(value)) => value.as_f64() == Some(0.0),
            (_, Value::String(value)) => value.is_empty(),
            (_, Value::Array(value)) => value.is_empty(),
            (_, Value::Object(value)) => value.is_empty(),
        }
    }
}
