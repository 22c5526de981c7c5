//! Whether two configurations mean the same to the program that reads them.

use super::Object;
use super::shape::{Fields, Shape, field};
use serde_json::Value;
use std::cmp::Ordering;

/// Whether `a` and `b` mean the same: missing, `null` and zero alike where the field's type makes them so, durations and
/// quantities by amount, fields that nobody knows left out.
#[must_use]
pub fn same(fields: Fields, a: &Object, b: &Object) -> bool {
    same_except(fields, a, b, &[])
}

/// The same for all fields but those named, which the caller compares.
#[must_use]
pub fn same_except(fields: Fields, a: &Object, b: &Object, ignored: &[&str]) -> bool {
    // Both maps are sorted, so one walk along both finds every field that differs at all; only those need their shape.
    let (mut a, mut b) = (a.iter().peekable(), b.iter().peekable());
    loop {
        let order = match (a.peek(), b.peek()) {
            (None, None) => return true,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some((a, _)), Some((b, _))) => a.cmp(b),
        };
        let left = if order.is_le() { a.next() } else { None };
        let right = if order.is_ge() { b.next() } else { None };
        let (left_value, right_value) = (left.map(|(_, v)| v), right.map(|(_, v)| v));
        if left_value == right_value {
            continue;
        }
        let Some((name, _)) = left.or(right) else { continue };
        if ignored.contains(&name.as_str()) {
            continue;
        }
        if field(fields, name).is_some_and(|(_, shape)| !same_value(shape, left_value, right_value)) {
            return false;
        }
    }
}

fn same_value(shape: &Shape, a: Option<&Value>, b: Option<&Value>) -> bool {
    let (a, b) = match (present(a), present(b)) {
        (None, None) => return true,
        (Some(one), None) | (None, Some(one)) => return shape.is_unset(one),
        (Some(a), Some(b)) => (a, b),
    };
    match (shape, a, b) {
        _ if a == b => true,
        (Shape::Pointer(inner), a, b) => same_value(inner, Some(a), Some(b)),
        (Shape::Object(fields), Value::Object(a), Value::Object(b)) => same(fields, a, b),
        (Shape::Map(inner), Value::Object(a), Value::Object(b)) => {
            a.len() == b.len()
                && a.iter()
                    .all(|(name, a)| b.get(name).is_some_and(|b| same_item(inner, a, b)))
        }
        (Shape::List(inner), Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_item(inner, a, b))
        }
        (Shape::Duration | Shape::Nanoseconds, a, b) => {
            super::duration::nanoseconds(a).is_some_and(|a| Some(a) == super::duration::nanoseconds(b))
        }
        (Shape::Quantity, a, b) => super::quantity::same(a, b),
        (Shape::Int | Shape::Number, Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        _ => false,
    }
}

/// Items of lists and maps are there on both sides, whatever they hold.
fn same_item(shape: &Shape, a: &Value, b: &Value) -> bool {
    same_value(shape, Some(a), Some(b)) || (shape.is_unset(a) && shape.is_unset(b))
}

fn present(value: Option<&Value>) -> Option<&Value> {
    value.filter(|value| !value.is_null())
}
