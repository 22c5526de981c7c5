//! YAML as the original reads it: keys in any case, unquoted numbers and booleans where text belongs are text, the octal
//! numbers and booleans of YAML 1.1.

use std::path::Path;

use serde_json::Value as Json;
use serde_saphyr::{DuplicateKeyPolicy, Options};

use crate::document::{self, Node, join};
use crate::error::{BuildError, Error};
use crate::schema::{Kind, Object};

/// Reads a file. Keys that mean nothing become warnings.
pub(super) fn read(
    object: &'static Object,
    file: &Path,
    bytes: &[u8],
    warnings: &mut Vec<String>,
) -> Result<Node, BuildError> {
    let wrong = |key: &str, problem: String| BuildError::Value {
        file: file.to_owned(),
        key: key.to_owned(),
        problem,
    };
    let text = std::str::from_utf8(bytes).map_err(|error| wrong("the file", error.to_string()))?;
    let mut json = parse(text).map_err(|source| BuildError::Yaml {
        file: file.to_owned(),
        source: Box::new(source),
    })?;
    let mut unknown = Vec::new();
    tidy(object, &mut json, "", &mut unknown);
    warnings.extend(
        unknown
            .into_iter()
            .map(|key| format!("{}: {key} means nothing and is ignored", file.display())),
    );
    document::read(object, &json, "").map_err(|error| match error {
        Error::Shape { path, expected, found } => wrong(&path, format!("expected {expected}, found {found}")),
        other => wrong("the file", other.to_string()),
    })
}

fn parse(text: &str) -> Result<Json, serde_saphyr::Error> {
    let mut options = Options::default();
    options.legacy_octal_numbers = true;
    options.duplicate_keys = DuplicateKeyPolicy::LastWins;
    options.with_snippet = false;
    if text.trim().is_empty() {
        return Ok(Json::Null);
    }
    serde_saphyr::from_str_with_options(text, options)
}

/// Makes texts of what stands where a text belongs, and notes unknown keys.
fn tidy(object: &Object, json: &mut Json, path: &str, unknown: &mut Vec<String>) {
    let Json::Object(members) = json else {
        return;
    };
    for (key, member) in members.iter_mut() {
        match object.position(key).and_then(|at| object.fields.get(at)) {
            Some(field) => tidy_value(&field.kind, member, &join(path, field.name), unknown),
            None => unknown.push(join(path, key)),
        }
    }
}

fn tidy_value(kind: &Kind, json: &mut Json, path: &str, unknown: &mut Vec<String>) {
    match (kind, &mut *json) {
        (Kind::Object(object), _) => tidy(object, json, path, unknown),
        (Kind::List(element), Json::Array(items)) => {
            for (i, item) in items.iter_mut().enumerate() {
                tidy_value(element, item, &format!("{path}[{i}]"), unknown);
            }
        }
        (Kind::Str, Json::Number(number)) => *json = Json::String(number.to_string()),
        (Kind::Str, Json::Bool(b)) => *json = Json::String(b.to_string()),
        _ => {}
    }
}
