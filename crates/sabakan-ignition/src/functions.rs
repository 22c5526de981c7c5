//! The functions that sabakan adds to templates: `MyURL`, `MyURLHTTPS`, `Metadata`, `json`, `add`, `sub`, `mul`, `div`.

use gotemplate::{Functions, Type, Value};

/// The URLs of the server as machines see it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Urls {
    /// `MyURL`: `http://10.69.0.3:10080`.
    pub http: String,
    /// `MyURLHTTPS`: `https://10.69.0.3:10443`.
    pub https: String,
}

/// The functions for one rendering. `metadata` is the template's, as a map.
pub(crate) fn functions(urls: &Urls, metadata: &Value) -> Functions {
    let mut functions = Functions::new();
    let (http, https) = (Value::str(&urls.http), Value::str(&urls.https));
    functions.add("MyURL", Vec::new(), move |_| Ok(http.clone()));
    functions.add("MyURLHTTPS", Vec::new(), move |_| Ok(https.clone()));
    let metadata = metadata.clone();
    functions.add("Metadata", vec![Type::Str], move |args| {
        let key = args.first().map(Value::as_text).unwrap_or_default();
        match &metadata {
            Value::Map(map) => map.get(&key).cloned(),
            _ => None,
        }
        .ok_or_else(|| format!("no such meta data: {key}"))
    });
    functions.add("json", vec![Type::Any], |args| {
        args.first().unwrap_or(&Value::Nil).to_json().map(Value::str)
    });
    arithmetic(&mut functions, "add", |a, b| Ok(a.wrapping_add(b)), |a, b| Ok(a + b));
    arithmetic(&mut functions, "sub", |a, b| Ok(a.wrapping_sub(b)), |a, b| Ok(a - b));
    arithmetic(&mut functions, "mul", |a, b| Ok(a.wrapping_mul(b)), |a, b| Ok(a * b));
    arithmetic(&mut functions, "div", divide, divide_floats);
    functions
}

type Outcome<T> = Result<T, String>;

/// Two integers give an `int64`; a float among them makes both floats.
fn arithmetic(
    functions: &mut Functions,
    name: &str,
    integers: fn(i64, i64) -> Outcome<i64>,
    floats: fn(f64, f64) -> Outcome<f64>,
) {
    functions.add(name, vec![Type::Any, Type::Any], move |args| {
        let (a, b) = (args.first().unwrap_or(&Value::Nil), args.get(1).unwrap_or(&Value::Nil));
        if let (Some(a), Some(b)) = (integer(a), integer(b)) {
            return integers(a, b).map(Value::int64);
        }
        floats(float(a)?, float(b)?).map(Value::Float)
    });
}

/// Go's own integer types count; a type with a name of its own, such as a month, does not.
fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::Int(_) | Value::Uint(_) => value.as_int(),
        Value::Named(named) if matches!(named.ty.name.as_str(), "int64" | "uint8") => value.as_int(),
        _ => None,
    }
}

#[allow(clippy::cast_precision_loss, reason = "as in Go, a large integer is rounded")]
fn float(value: &Value) -> Outcome<f64> {
    match value {
        Value::Float(f) => Ok(*f),
        _ => integer(value)
            .map(|i| i as f64)
            .ok_or_else(|| format!("{} is not a number", value.type_name())),
    }
}

fn divide(a: i64, b: i64) -> Outcome<i64> {
    match b {
        0 => Err("zero division".into()),
        _ => Ok(a.wrapping_div(b)),
    }
}

fn divide_floats(a: f64, b: f64) -> Outcome<f64> {
    if b == 0.0 {
        Err("zero division".into())
    } else {
        Ok(a / b)
    }
}
