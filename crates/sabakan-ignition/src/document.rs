//! A value of a specification's type: read from JSON as Go reads it into a struct, and written as Go writes it.

use serde_json::Value as Json;

use crate::error::Error;
use crate::schema::{Field, Kind, Object, Shown};

/// A value. Which fields an object has, its [`Object`] says.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Node {
    /// Not there.
    Absent,
    Bool(bool),
    Int(i64),
    /// Bytes, since a rendered text need not be UTF-8.
    Str(Vec<u8>),
    List(Vec<Node>),
    /// One value for each field.
    Object(Vec<Node>),
}

impl Node {
    /// The value of a field; `Absent` for anything but an object that has it.
    pub(crate) fn get(&self, object: &Object, name: &str) -> &Node {
        match (self, object.index(name)) {
            (Node::Object(values), Some(at)) => values.get(at).unwrap_or(&Node::Absent),
            _ => &Node::Absent,
        }
    }

    pub(crate) fn set(&mut self, object: &Object, name: &str, value: Node) {
        if let (Node::Object(values), Some(at)) = (self, object.index(name))
            && let Some(slot) = values.get_mut(at)
        {
            *slot = value;
        }
    }

    /// A list's elements; none for anything else.
    pub(crate) fn items(&self) -> &[Node] {
        match self {
            Node::List(items) => items,
            _ => &[],
        }
    }

    /// A string's text; empty for anything else.
    pub(crate) fn text(&self) -> String {
        match self {
            Node::Str(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            _ => String::new(),
        }
    }

    /// Whether it is neither absent nor false, 0 or empty.
    pub(crate) fn is_filled(&self) -> bool {
        match self {
            Node::Absent => false,
            Node::Bool(b) => *b,
            Node::Int(i) => *i != 0,
            Node::Str(text) => !text.is_empty(),
            Node::List(items) => !items.is_empty(),
            // A struct is never empty for Go.
            Node::Object(_) => true,
        }
    }
}

/// A field without a value in the document.
fn missing(field: &Field) -> Node {
    match (field.shown, &field.kind) {
        (Shown::Present, _) | (_, Kind::List(_)) => Node::Absent,
        (_, Kind::Bool) => Node::Bool(false),
        (_, Kind::Int) => Node::Int(0),
        (_, Kind::Str) => Node::Str(Vec::new()),
        (_, Kind::Object(object)) => empty(object),
    }
}

/// An object without any value.
pub(crate) fn empty(object: &Object) -> Node {
    Node::Object(object.fields.iter().map(missing).collect())
}

/// Reads a document. Unknown keys are dropped, null means absent, keys match in any case.
pub(crate) fn read(object: &'static Object, json: &Json, path: &str) -> Result<Node, Error> {
    if json.is_null() {
        return Ok(empty(object));
    }
    let Json::Object(members) = json else {
        return Err(mismatch(path, "an object", json));
    };
    let mut values: Vec<Node> = object.fields.iter().map(missing).collect();
    for (key, member) in members {
        let Some((field, slot)) = object
            .position(key)
            .and_then(|at| Some((object.fields.get(at)?, values.get_mut(at)?)))
        else {
            continue;
        };
        if !member.is_null() {
            *slot = value(&field.kind, member, &join(path, field.name))?;
        }
    }
    Ok(Node::Object(values))
}

fn value(kind: &'static Kind, json: &Json, path: &str) -> Result<Node, Error> {
    match (kind, json) {
        (Kind::Object(object), _) => read(object, json, path),
        (Kind::Bool, Json::Bool(b)) => Ok(Node::Bool(*b)),
        (Kind::Bool, Json::Null) => Ok(Node::Bool(false)),
        (Kind::Int, Json::Null) => Ok(Node::Int(0)),
        (Kind::Int, Json::Number(n)) => n
            .as_i64()
            .map(Node::Int)
            .ok_or_else(|| mismatch(path, "an integer", json)),
        (Kind::Str, Json::String(text)) => Ok(Node::Str(text.clone().into_bytes())),
        (Kind::Str, Json::Null) => Ok(Node::Str(Vec::new())),
        (Kind::List(element), Json::Array(items)) => {
            let items = items
                .iter()
                .enumerate()
                .map(|(i, item)| value(element, item, &format!("{path}[{i}]")));
            items.collect::<Result<_, _>>().map(Node::List)
        }
        (Kind::Bool, _) => Err(mismatch(path, "a boolean", json)),
        (Kind::Int, _) => Err(mismatch(path, "an integer", json)),
        (Kind::Str, _) => Err(mismatch(path, "a string", json)),
        (Kind::List(_), _) => Err(mismatch(path, "a list", json)),
    }
}

pub(crate) fn join(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}

fn mismatch(path: &str, expected: &'static str, json: &Json) -> Error {
    let found = match json {
        Json::Null => "null",
        Json::Bool(_) => "a boolean",
        Json::Number(_) => "another number",
        Json::String(_) => "a string",
        Json::Array(_) => "a list",
        Json::Object(_) => "an object",
    };
    let path = if path.is_empty() { "the document" } else { path };
    Error::Shape {
        path: path.to_owned(),
        expected,
        found,
    }
}

/// Writes a document as Go's `json.Marshal`, without a line break at the end.
pub(crate) fn write(object: &Object, node: &Node, out: &mut String) {
    let Node::Object(values) = node else {
        return out.push_str("null");
    };
    out.push('{');
    let start = out.len();
    for (field, value) in object.fields.iter().zip(values) {
        let shown = match field.shown {
            Shown::Always => true,
            Shown::Filled => value.is_filled() || matches!(field.kind, Kind::Object(_)),
            Shown::Present => *value != Node::Absent,
        };
        if !shown {
            continue;
        }
        if out.len() > start {
            out.push(',');
        }
        out.push('"');
        out.push_str(field.name);
        out.push_str("\":");
        write_value(&field.kind, value, out);
    }
    out.push('}');
}

fn write_value(kind: &Kind, value: &Node, out: &mut String) {
    match (kind, value) {
        (Kind::Object(object), _) => write(object, value, out),
        (Kind::List(element), Node::List(items)) => {
            for (i, item) in items.iter().enumerate() {
                out.push(if i == 0 { '[' } else { ',' });
                write_value(element, item, out);
            }
            out.push_str(if items.is_empty() { "[]" } else { "]" });
        }
        (_, Node::Bool(b)) => out.push_str(if *b { "true" } else { "false" }),
        (_, Node::Int(i)) => out.push_str(&i.to_string()),
        (_, Node::Str(text)) => out.push_str(&json_string(text)),
        _ => out.push_str("null"),
    }
}

/// A string with Go's escapes of JSON.
fn json_string(text: &[u8]) -> String {
    // Only what JSON cannot hold fails, and a string is never that.
    gotemplate::Value::str(text).to_json().unwrap_or_default()
}
