//! Laying one configuration over another, as Go's decoder fills a value that has defaults.

use super::Object;
use super::shape::{Fields, Shape, field};
use serde_json::{Map, Value};

/// Puts `over` over `base`: objects and maps are merged, all else is replaced. `null` unsets what can be unset and leaves
/// the rest; fields that nobody knows are left out, and so are values that say no more than a missing field.
pub fn merge(fields: Fields, base: &mut Object, over: &Object) {
    for (name, value) in over {
        let Some((name, shape)) = field(fields, name) else {
            continue;
        };
        merge_field(shape, base, name, value);
    }
}

fn merge_field(shape: &Shape, base: &mut Object, name: &str, over: &Value) {
    if over.is_null() {
        if matches!(shape, Shape::Pointer(_) | Shape::List(_) | Shape::Map(_) | Shape::Any) {
            base.remove(name);
        }
        return;
    }
    let merged = merged(shape, base.remove(name), over);
    if !shape.is_unset(&merged) {
        base.insert(name.to_owned(), merged);
    }
}

fn merged(shape: &Shape, base: Option<Value>, over: &Value) -> Value {
    match (shape, over) {
        (Shape::Pointer(inner), over) => merged(inner, base, over),
        (Shape::Object(fields), Value::Object(over)) => {
            let mut base = object(base);
            merge(fields, &mut base, over);
            Value::Object(base)
        }
        (Shape::Map(inner), Value::Object(over)) => {
            let mut base = object(base);
            for (name, value) in over {
                base.insert(name.clone(), merged(inner, None, value));
            }
            Value::Object(base)
        }
        (Shape::List(inner), Value::Array(over)) => over.iter().map(|item| merged(inner, None, item)).collect(),
        (_, over) => over.clone(),
    }
}

fn object(value: Option<Value>) -> Object {
    match value {
        Some(Value::Object(object)) => object,
        _ => Map::new(),
    }
}
