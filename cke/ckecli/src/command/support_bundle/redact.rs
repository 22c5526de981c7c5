//! Hides secrets in data that leaves the site. Pure.
//!
//! By name: what is called a password, a token or the like, in members, variables, flags and in texts. By place: all values of
//! environment variables, and what a Secret holds. By shape, wherever it stands: private keys, tokens, credentials in URLs, and runs of
//! characters that nobody would write by hand. Too much is hidden rather than too little.

mod shape;

#[cfg(test)]
mod tests;

use serde_json::Value;

/// What stands where something was.
const HIDDEN: &str = "(hidden)";

/// Parts of names under which secrets are kept, without separators.
const NAMES: [&str; 12] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "credential",
    "apikey",
    "accesskey",
    "privatekey",
    "keydata",
    "cookie",
    "bearer",
];

/// Members whose values are environment variables.
const ENVIRONMENTS: [&str; 3] = ["extra_env", "env", "environment"];

/// Hides every secret in a value.
pub(super) fn hide(value: &mut Value) {
    match value {
        Value::String(text) => *text = text_without_secrets(text),
        Value::Array(items) => hide_items(items),
        Value::Object(members) => {
            let secret_value = members.get("name").and_then(Value::as_str).is_some_and(is_secret_name);
            let is_secret = members.get("kind").is_some_and(|kind| kind == "Secret");
            for (name, member) in members {
                match name.as_str() {
                    "value" if secret_value => blank(member),
                    "data" | "stringData" if is_secret => blank(member),
                    name if ENVIRONMENTS.contains(&name) => hide_environment(member),
                    name if is_secret_name(name) && !is_path(name, member) => blank(member),
                    _ => hide(member),
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// A list; in one of arguments the value may follow its flag.
fn hide_items(items: &mut [Value]) {
    let mut after_flag = false;
    for item in items {
        let flag = item
            .as_str()
            .is_some_and(|text| text.starts_with('-') && !text.contains('=') && is_secret_name(text));
        match item {
            Value::String(_) if after_flag => blank(item),
            Value::String(text) => *text = argument_without_secrets(text),
            _ => hide(item),
        }
        after_flag = flag;
    }
}

/// `--flag=value` is one argument, whatever the value is made of.
fn argument_without_secrets(text: &str) -> String {
    match text.split_once('=') {
        Some((flag, value))
            if is_secret_name(flag) && !flag.contains(char::is_whitespace) && !is_path(flag, &Value::from(value)) =>
        {
            format!("{flag}={HIDDEN}")
        }
        _ => text_without_secrets(text),
    }
}

/// Variables as an object, as a list of `NAME=value`, or as Kubernetes has them. Names stay.
fn hide_environment(value: &mut Value) {
    match value {
        Value::Object(variables) => variables.values_mut().for_each(blank),
        Value::Array(variables) => variables.iter_mut().for_each(|variable| match variable {
            Value::String(text) => {
                let name = text.split_once('=').map_or(HIDDEN, |(name, _)| name);
                *text = format!("{name}={HIDDEN}");
            }
            Value::Object(members) => {
                let values = members.iter_mut().filter(|(name, _)| *name != "name");
                values.for_each(|(_, value)| blank(value));
            }
            other => blank(other),
        }),
        other => blank(other),
    }
}

/// Hides all of a value; what it consists of stays to be seen, and truth values tell nothing.
fn blank(value: &mut Value) {
    match value {
        Value::Null | Value::Bool(_) => {}
        Value::Array(items) => items.iter_mut().for_each(blank),
        Value::Object(members) => members.values_mut().for_each(blank),
        Value::String(_) | Value::Number(_) => *value = Value::from(HIDDEN),
    }
}

fn is_secret_name(name: &str) -> bool {
    let name: String = name
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|letter| letter.to_ascii_lowercase())
        .collect();
    NAMES.iter().any(|part| name.contains(part))
}

/// Whether it says where a secret is, and not what.
fn is_path(name: &str, value: &Value) -> bool {
    let says_where = ["file", "path", "dir"]
        .iter()
        .any(|end| name.to_ascii_lowercase().ends_with(end));
    says_where && value.as_str().is_some_and(|value| value.starts_with('/'))
}

/// A text without what looks like a secret. One that is JSON itself, as an annotation may be, is treated as such.
fn text_without_secrets(text: &str) -> String {
    if text.trim_start().starts_with(['{', '['])
        && let Ok(mut inner) = serde_json::from_str::<Value>(text)
    {
        hide(&mut inner);
        return inner.to_string();
    }
    shape::without_secrets(text)
}
