//! JSON as Go's `encoding/json` writes and reads it.
//!
//! Writing: compact, members in the order of the struct, maps sorted by key, `null` for what is nil in Go, numbers in Go's
//! shortest form, and `<`, `>`, `&`, U+2028 and U+2029 escaped inside strings.
//!
//! Reading comes in two strengths: [`decode_stored`] tolerates and keeps what it does not know, [`decode_api`] refuses
//! unknown members and trailing garbage and says where they are.

mod extra;
mod format;
mod raw;
mod strict;
mod string_int;

pub use extra::Extra;
#[doc(hidden)]
pub use extra::{Member, MemberSeed};
pub use format::GoFormatter;
pub use raw::RawJson;
pub use strict::Strict;
#[doc(hidden)]
pub use strict::{OmitEmpty, join_path};
pub use string_int::StringInt;

use serde::{Serialize, de::DeserializeOwned};

/// Why a JSON text was refused.
#[derive(Debug, thiserror::Error)]
pub enum JsonError {
    /// The text is not JSON, or a value has the wrong type.
    #[error("{}{problem}", place(path))]
    Malformed {
        /// Where in the document, like `[3].bmc.type`; empty when the document as a whole is meant.
        path: String,
        /// What was found, with line and column.
        problem: String,
    },
    /// A member with a name that the API does not know.
    #[error("{path}: unknown field")]
    UnknownField {
        /// Path of the member.
        path: String,
    },
    /// A value that cannot be written as JSON, such as a number that is not finite.
    #[error("cannot be written as JSON: {0}")]
    Encode(String),
}

fn place(path: &str) -> String {
    if path.is_empty() || path == "." {
        String::new()
    } else {
        format!("{path}: ")
    }
}

/// Writes `value` exactly as Go's `json.Marshal` would, without a newline at the end.
///
/// # Errors
/// Only for values that JSON cannot hold (NaN, a map whose keys are not strings).
pub fn to_go_json<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, JsonError> {
    let mut out = Vec::with_capacity(256);
    let mut serializer = serde_json::Serializer::with_formatter(&mut out, GoFormatter::default());
    value
        .serialize(&mut serializer)
        .map_err(|e| JsonError::Encode(e.to_string()))?;
    Ok(out)
}

/// Like [`to_go_json`], as text.
///
/// # Errors
/// The same.
pub fn to_go_string<T: Serialize + ?Sized>(value: &T) -> Result<String, JsonError> {
    String::from_utf8(to_go_json(value)?).map_err(|e| JsonError::Encode(e.to_string()))
}

/// Like [`to_go_string`], spread over lines with two spaces a level, as Go's encoder with `SetIndent("", "  ")`, without a
/// newline at the end.
///
/// # Errors
/// The same.
pub fn to_go_json_pretty<T: Serialize + ?Sized>(value: &T) -> Result<String, JsonError> {
    Ok(format::indent(&to_go_string(value)?))
}

/// Reads a value that some version of some implementation has stored: unknown members are kept in [`Extra`].
///
/// # Errors
/// With the place, when the text is not JSON or a known member has the wrong type.
pub fn decode_stored<T: DeserializeOwned>(text: &[u8]) -> Result<T, JsonError> {
    // Keeping track of the place costs as much as reading; ten thousand machines are read at each start.
    serde_json::from_slice(text).or_else(|_| decode_with_place(text))
}

fn decode_with_place<T: DeserializeOwned>(text: &[u8]) -> Result<T, JsonError> {
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(malformed)?;
    deserializer.end().map_err(garbage)?;
    Ok(value)
}

/// Reads what a caller of the API sent: unknown members and anything after the document are errors.
///
/// # Errors
/// With the place, when the text is not JSON, a member has the wrong type or an unknown name, or something follows.
pub fn decode_api<T: DeserializeOwned + Strict>(text: &[u8]) -> Result<T, JsonError> {
    let value: T = decode_stored(text)?;
    match value.first_unknown() {
        Some(path) => Err(JsonError::UnknownField { path }),
        None => Ok(value),
    }
}

fn malformed(error: serde_path_to_error::Error<serde_json::Error>) -> JsonError {
    JsonError::Malformed {
        path: error.path().to_string(),
        problem: error.inner().to_string(),
    }
}

fn garbage(error: serde_json::Error) -> JsonError {
    JsonError::Malformed {
        path: String::new(),
        problem: format!("something follows the JSON document: {error}"),
    }
}
