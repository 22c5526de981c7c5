//! `index`, `slice` and `len`.

use std::sync::Arc;

use crate::value::{List, Named, Value};

/// `index x 1 "a"`: `x[1]["a"]`.
pub(crate) fn index(item: &Value, indexes: &[Value]) -> Result<Value, String> {
    if matches!(item, Value::Nil) {
        return Err("index of untyped nil".into());
    }
    indexes.iter().try_fold(item.clone(), |item, index| one(&item, index))
}

fn one(item: &Value, index: &Value) -> Result<Value, String> {
    match item.plain() {
        Value::List(list) => {
            let at = position(index, list.items().len())?;
            list.items().get(at).cloned().ok_or_else(|| out_of_range(at))
        }
        Value::Str(bytes) => {
            let at = position(index, bytes.len())?;
            bytes
                .get(at)
                .map(|byte| Value::byte(*byte))
                .ok_or_else(|| out_of_range(at))
        }
        Value::Map(map) => {
            let key = match index {
                Value::Str(key) => String::from_utf8_lossy(key),
                Value::Nil => return Err("value is nil; should be of type string".into()),
                other => return Err(format!("value has type {}; should be string", other.type_name())),
            };
            Ok(map.get(&key).cloned().unwrap_or_else(|| map.element.zero()))
        }
        Value::Nil => Err("index of nil pointer".into()),
        _ => Err(format!("can't index item of type {}", item.type_name())),
    }
}

/// An index from 0 to `limit`.
fn position(index: &Value, limit: usize) -> Result<usize, String> {
    let Some(i) = index.as_int() else {
        let found = if matches!(index, Value::Nil) {
            "nil".to_owned()
        } else {
            format!("type {}", index.type_name())
        };
        return Err(format!("cannot index slice/array with {found}"));
    };
    usize::try_from(i)
        .ok()
        .filter(|at| *at <= limit)
        .ok_or_else(|| format!("index out of range: {i}"))
}

fn out_of_range(at: usize) -> String {
    format!("index out of range: {at}")
}

/// `slice x 1 2`: `x[1:2]`; without the second number to the end.
pub(crate) fn slice(item: &Value, indexes: &[Value]) -> Result<Value, String> {
    if indexes.len() > 3 {
        return Err(format!("too many slice indexes: {}", indexes.len()));
    }
    let len = match item.plain() {
        Value::Nil => return Err("slice of untyped nil".into()),
        Value::Str(_) if indexes.len() == 3 => return Err("cannot 3-index slice a string".into()),
        Value::Str(bytes) => bytes.len(),
        Value::List(list) => list.items().len(),
        _ => return Err(format!("can't slice item of type {}", item.type_name())),
    };
    let mut ends = [0, len, len];
    for (end, index) in ends.iter_mut().zip(indexes) {
        *end = position(index, len)?;
    }
    let [from, to, capacity] = ends;
    for (low, high) in [(from, to), (to, capacity)] {
        if low > high {
            return Err(format!("invalid slice index: {low} > {high}"));
        }
    }
    Ok(cut(item, from, to))
}

fn cut(item: &Value, from: usize, to: usize) -> Value {
    match item {
        Value::Str(bytes) => Value::str(bytes.get(from..to).unwrap_or_default()),
        Value::List(list) => {
            let items = list
                .items
                .as_ref()
                .map(|items| items.get(from..to).unwrap_or_default().to_vec());
            Value::List(Arc::new(List {
                element: list.element.clone(),
                items,
            }))
        }
        Value::Named(named) => {
            let value = cut(&named.value, from, to);
            Value::Named(Arc::new(Named {
                ty: Arc::clone(&named.ty),
                value,
            }))
        }
        other => other.clone(),
    }
}

/// How many elements, entries or bytes there are.
pub(crate) fn length(item: &Value) -> Result<Value, String> {
    let len = match item.plain() {
        Value::Nil => return Err("len of nil pointer".into()),
        Value::Str(bytes) => bytes.len(),
        Value::List(list) => list.items().len(),
        Value::Map(map) => map.len(),
        _ => return Err(format!("len of type {}", item.type_name())),
    };
    Ok(Value::Int(i64::try_from(len).unwrap_or(i64::MAX)))
}
