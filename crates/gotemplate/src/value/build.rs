//! Making values, and taking them apart.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use super::{List, Map, Named, NamedType, Type, Value};

fn bare(name: &str, base: Type) -> Arc<NamedType> {
    Arc::new(NamedType {
        name: name.to_owned(),
        base,
        methods: Vec::new(),
    })
}

static INT64: LazyLock<Arc<NamedType>> = LazyLock::new(|| bare("int64", Type::Int));
static UINT8: LazyLock<Arc<NamedType>> = LazyLock::new(|| bare("uint8", Type::Uint));

impl Value {
    /// A string.
    pub fn str(text: impl AsRef<[u8]>) -> Self {
        Value::Str(Arc::from(text.as_ref()))
    }

    /// An `int64`, which for a function that takes an `int` is another type.
    pub fn int64(i: i64) -> Self {
        Value::Named(Arc::new(Named {
            ty: Arc::clone(&INT64),
            value: Value::Int(i),
        }))
    }

    /// An `uint8`: what indexing a string gives.
    pub fn byte(b: u8) -> Self {
        Value::Named(Arc::new(Named {
            ty: Arc::clone(&UINT8),
            value: Value::Uint(u64::from(b)),
        }))
    }

    /// A value of a named type.
    pub fn named(ty: &Arc<NamedType>, value: Value) -> Self {
        Value::Named(Arc::new(Named {
            ty: Arc::clone(ty),
            value,
        }))
    }

    /// A list.
    pub fn list(element: Type, items: Vec<Value>) -> Self {
        Value::List(Arc::new(List {
            element,
            items: Some(items),
        }))
    }

    /// A map.
    pub fn map(element: Type, entries: BTreeMap<String, Value>) -> Self {
        Value::Map(Arc::new(Map {
            element,
            entries: Some(entries),
        }))
    }

    /// A `[]string`.
    pub fn strings<S: AsRef<[u8]>>(items: impl IntoIterator<Item = S>) -> Self {
        Value::list(Type::Str, items.into_iter().map(Value::str).collect())
    }

    /// What Go's `encoding/json` makes of a document without a type: `map[string]interface {}`, `[]interface {}`, and every
    /// number a `float64`.
    pub fn from_json(json: &serde_json::Value) -> Self {
        match json {
            serde_json::Value::Null => Value::Nil,
            serde_json::Value::Bool(b) => Value::Bool(*b),
            serde_json::Value::Number(n) => Value::Float(n.as_f64().unwrap_or(f64::NAN)),
            serde_json::Value::String(s) => Value::str(s),
            serde_json::Value::Array(items) => Value::list(Type::Any, items.iter().map(Value::from_json).collect()),
            serde_json::Value::Object(entries) => {
                let entries = entries
                    .iter()
                    .map(|(key, value)| (key.clone(), Value::from_json(value)));
                Value::map(Type::Any, entries.collect())
            }
        }
    }

    /// The text of a string, with broken bytes replaced; empty for anything else.
    pub fn as_text(&self) -> String {
        match self.plain() {
            Value::Str(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            _ => String::new(),
        }
    }

    /// An integer of any type that fits 64 bits with sign. An unsigned one wraps, as a conversion in Go does.
    pub fn as_int(&self) -> Option<i64> {
        match self.plain() {
            Value::Int(i) => Some(*i),
            Value::Uint(u) => Some(u.cast_signed()),
            _ => None,
        }
    }

    /// A float.
    pub fn as_float(&self) -> Option<f64> {
        match self.plain() {
            Value::Float(f) => Some(*f),
            _ => None,
        }
    }
}
