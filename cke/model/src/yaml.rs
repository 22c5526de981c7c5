//! YAML and JSON as operators write them and Kubernetes' tools read them: one way for clusters, templates and resources.
//!
//! Numbers and truth values are those of YAML 1.1 (`0644` is octal, `yes` is true), names of members may be in any case,
//! and a number or truth value where a text belongs is that text. Members that mean nothing are warned of.

mod lenient;

use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_saphyr::{Budget, DuplicateKeyPolicy, Options};

/// A text that is not what it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum YamlError {
    /// It is neither YAML nor JSON.
    #[error("{0}")]
    Syntax(String),
    /// A value has the wrong type.
    #[error("{place}: {problem}")]
    Type {
        /// Path of the value, like `nodes[3].labels`; `the document` for the whole.
        place: String,
        /// What was found and what was expected.
        problem: String,
    },
}

/// Events of a document: enough for ten thousand nodes with fifty labels each, and a bound on what a mistake may cost.
const MAX_EVENTS: usize = 20_000_000;

/// Reads a document into a tree; doubled members are warned of, and the last of them wins.
///
/// # Errors
/// With line and column.
pub fn parse(text: &str, warnings: &mut Vec<String>) -> Result<Value, YamlError> {
    if is_blank(text) {
        return Ok(Value::Null);
    }
    match read(text, DuplicateKeyPolicy::Error) {
        Err(doubled @ serde_saphyr::Error::DuplicateMappingKey { .. }) => {
            warnings.push(format!("{doubled}: the last one counts"));
            read(text, DuplicateKeyPolicy::LastWins)
        }
        other => other,
    }
    .map_err(|error| YamlError::Syntax(error.to_string()))
}

fn read(text: &str, duplicates: DuplicateKeyPolicy) -> Result<Value, serde_saphyr::Error> {
    let mut options = Options::default();
    options.legacy_octal_numbers = true;
    options.duplicate_keys = duplicates;
    options.with_snippet = false;
    let mut budget = Budget::default();
    budget.max_events = MAX_EVENTS;
    budget.max_nodes = MAX_EVENTS;
    options.budget = Some(budget);
    serde_saphyr::from_str_with_options(text, options)
}

fn is_blank(text: &str) -> bool {
    text.lines()
        .map(str::trim)
        .all(|line| line.is_empty() || line.starts_with('#') || line == "---")
}

/// Makes a value of a tree; members that it does not know are warned of by their paths.
///
/// # Errors
/// With the path of a value of the wrong type.
pub fn typed<T: DeserializeOwned>(tree: &Value, warnings: &mut Vec<String>) -> Result<T, YamlError> {
    lenient::typed(tree, warnings)
}

#[cfg(test)]
mod tests;
