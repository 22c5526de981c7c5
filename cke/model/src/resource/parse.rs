//! Resources as users write them: several documents in a file, each YAML or JSON.

use crate::yaml;
use serde_json::Value;

/// A document and the key that it is registered under.
#[derive(Debug, Clone, PartialEq)]
pub struct ParsedResource {
    /// `Kind/name` or `Kind/namespace/name`.
    pub key: String,
    /// The object.
    pub object: Value,
}

/// A document that is no resource.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidResource {
    /// It is neither YAML nor JSON.
    #[error("{0}")]
    Syntax(#[from] yaml::YamlError),
    /// It is a list or a scalar.
    #[error("not an object")]
    NotAnObject,
    /// Something that every resource has is missing or no text.
    #[error("no {0}")]
    Missing(&'static str),
    /// Something is there and no text: `n` and `no` without quotes are false in YAML.
    #[error("{member} is {found} and not a text: put it in quotes")]
    NotText {
        /// Which.
        member: &'static str,
        /// What was found.
        found: String,
    },
    /// A name with a slash would be another key.
    #[error("{member} {value:?} has a / in it")]
    Slash {
        /// Which.
        member: &'static str,
        /// Its value.
        value: String,
    },
}

/// Reads a document.
///
/// # Errors
/// Says what is missing.
pub fn parse(document: &str) -> Result<ParsedResource, InvalidResource> {
    let object = yaml::parse(document, &mut Vec::new())?;
    if !object.is_object() {
        return Err(InvalidResource::NotAnObject);
    }
    let kind = text(&object, "/kind", "kind")?.ok_or(InvalidResource::Missing("kind"))?;
    let name = text(&object, "/metadata/name", "name")?.ok_or(InvalidResource::Missing("name"))?;
    // `v1`, or a group and a version: its slash is not part of the key.
    let version = object.get("apiVersion").and_then(Value::as_str).unwrap_or_default();
    if version.is_empty() {
        return Err(InvalidResource::Missing("apiVersion"));
    }
    let key = match text(&object, "/metadata/namespace", "namespace")? {
        None => format!("{kind}/{name}"),
        Some(namespace) => format!("{kind}/{namespace}/{name}"),
    };
    Ok(ParsedResource { key, object })
}

fn text<'a>(object: &'a Value, pointer: &str, member: &'static str) -> Result<Option<&'a str>, InvalidResource> {
    match object.pointer(pointer) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.is_empty() => Ok(None),
        Some(Value::String(text)) if text.contains('/') => Err(InvalidResource::Slash {
            member,
            value: text.clone(),
        }),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(other) => Err(InvalidResource::NotText {
            member,
            found: other.to_string(),
        }),
    }
}

/// Splits a file at its lines of `---`, with the line on which each document begins, from 1. Documents without content are
/// left out; a document keeps its comments, and what it is ended by.
#[must_use]
pub fn split_documents(file: &str) -> Vec<(usize, String)> {
    let mut documents = Vec::new();
    let mut current = (1, String::new());
    for (at, line) in file.split_inclusive('\n').enumerate() {
        if line.starts_with("---") && line[3..].trim_end().is_empty() {
            documents.push(std::mem::replace(&mut current, (at + 2, String::new())));
        } else {
            current.1.push_str(line);
        }
    }
    documents.push(current);
    documents.retain(|(_, text)| has_content(text));
    documents
}

fn has_content(document: &str) -> bool {
    document
        .lines()
        .map(str::trim)
        .any(|line| !line.is_empty() && !line.starts_with('#'))
}
