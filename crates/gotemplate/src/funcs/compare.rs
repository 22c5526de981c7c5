//! `eq`, `ne`, `lt`, `le`, `gt`, `ge`: only values of like kinds compare; integers also across signs.

use std::cmp::Ordering;

use crate::value::Value;

/// Whether the first equals any of the others.
pub(crate) fn equal_any(first: &Value, others: &[Value]) -> Result<bool, String> {
    if others.is_empty() {
        return Err("missing argument for comparison".into());
    }
    for other in others {
        if equal(first, other)? {
            return Ok(true);
        }
    }
    Ok(false)
}

#[allow(clippy::float_cmp, reason = "the language compares floats exactly")]
pub(crate) fn equal(a: &Value, b: &Value) -> Result<bool, String> {
    Ok(match (a.plain(), b.plain()) {
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::Int(a), Value::Int(b)) => a == b,
        (Value::Uint(a), Value::Uint(b)) => a == b,
        (Value::Int(a), Value::Uint(b)) | (Value::Uint(b), Value::Int(a)) => u64::try_from(*a) == Ok(*b),
        (Value::Float(a), Value::Float(b)) => a == b,
        (Value::Complex(a, b), Value::Complex(c, d)) => a == c && b == d,
        (Value::Str(a), Value::Str(b)) => a == b,
        (Value::Nil, _) | (_, Value::Nil) => a.is_nil() && b.is_nil(),
        (x, y) if is_basic(x) || is_basic(y) => return incompatible(a, b),
        (Value::List(_), Value::List(_)) | (Value::Map(_), Value::Map(_)) if a.is_nil() || b.is_nil() => {
            a.is_nil() && b.is_nil()
        }
        (Value::Time(a), Value::Time(b)) => a == b,
        (Value::Struct(_), Value::Struct(_)) => return same_struct(a, b),
        (Value::Struct(_), Value::Time(_)) | (Value::Time(_), Value::Struct(_)) => false,
        _ => return Err(format!("non-comparable types {} and {}", a.type_name(), b.type_name())),
    })
}

fn is_basic(value: &Value) -> bool {
    use Value::{Bool, Complex, Float, Int, Str, Uint};
    matches!(value, Bool(_) | Int(_) | Uint(_) | Float(_) | Complex(..) | Str(_))
}

/// Structs of one type are equal when all fields are; a field that cannot be compared makes it an error.
fn same_struct(a: &Value, b: &Value) -> Result<bool, String> {
    let (Value::Struct(x), Value::Struct(y)) = (a, b) else {
        return Ok(false);
    };
    if x.fields
        .iter()
        .any(|field| matches!(field.plain(), Value::List(_) | Value::Map(_) | Value::Function(_)))
    {
        return Err(format!("non-comparable type {}", b.type_name()));
    }
    if x.ty.name != y.ty.name {
        return Ok(false);
    }
    for (x, y) in x.fields.iter().zip(&y.fields) {
        if !equal(x, y)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The order of two values, or why they have none. NaN is neither less nor equal: `None`.
fn order(a: &Value, b: &Value) -> Result<Option<Ordering>, String> {
    let sortable = |value: &Value| is_basic(value.plain());
    if !sortable(a) || !sortable(b) {
        return Err(format!(
            "invalid type for comparison: {} and {}",
            a.type_name(),
            b.type_name()
        ));
    }
    Ok(match (a.plain(), b.plain()) {
        (Value::Int(a), Value::Int(b)) => Some(a.cmp(b)),
        (Value::Uint(a), Value::Uint(b)) => Some(a.cmp(b)),
        (Value::Int(a), Value::Uint(b)) => Some(i128::from(*a).cmp(&i128::from(*b))),
        (Value::Uint(a), Value::Int(b)) => Some(i128::from(*a).cmp(&i128::from(*b))),
        (Value::Float(a), Value::Float(b)) => a.partial_cmp(b),
        (Value::Str(a), Value::Str(b)) => Some(a.cmp(b)),
        (Value::Bool(_), Value::Bool(_)) | (Value::Complex(..), Value::Complex(..)) => {
            return Err(format!("invalid type for comparison: {}", a.type_name()));
        }
        _ => return incompatible(a, b),
    })
}

pub(crate) fn less(a: &Value, b: &Value) -> Result<bool, String> {
    Ok(order(a, b)? == Some(Ordering::Less))
}

pub(crate) fn less_or_equal(a: &Value, b: &Value) -> Result<bool, String> {
    Ok(matches!(order(a, b)?, Some(Ordering::Less | Ordering::Equal)))
}

fn incompatible<T>(a: &Value, b: &Value) -> Result<T, String> {
    Err(format!(
        "incompatible types for comparison: {} and {}",
        a.type_name(),
        b.type_name()
    ))
}
