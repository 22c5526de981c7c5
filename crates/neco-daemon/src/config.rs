//! Configuration files: YAML into a type, with the place of what is wrong.
//!
//! A key that the type does not know is refused, unless the file is of a kind that operators share with other programs:
//! then it is a warning ([`Unknown::Warn`]).

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

/// What to do with keys that the type does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unknown {
    /// Refuse the file. The type says `deny_unknown_fields`.
    Refuse,
    /// Take the file and log each. The type does not say `deny_unknown_fields`.
    Warn,
}

/// A configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// It is not what it should be; `message` has line and column.
    #[error("{place}: {message}")]
    Parse {
        /// The file, or where else the text is from.
        place: String,
        /// What is wrong and where.
        message: String,
    },
}

/// Reads a YAML file.
///
/// # Errors
/// When it cannot be read, is no YAML, or not of the type.
pub fn load<T: DeserializeOwned>(path: &Path, unknown: Unknown) -> Result<T, ConfigError> {
    let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Read {
        path: path.to_owned(),
        source,
    })?;
    parse(&path.display().to_string(), &text, unknown)
}

/// Parses YAML; `place` is named in errors. An empty text is an empty mapping.
///
/// # Errors
/// When it is no YAML, or not of the type.
pub fn parse<T: DeserializeOwned>(place: &str, text: &str, unknown: Unknown) -> Result<T, ConfigError> {
    let text = if is_blank(text) { "{}" } else { text };
    let refused = |e: serde_saphyr::Error| ConfigError::Parse {
        place: place.to_owned(),
        message: e.to_string(),
    };
    if unknown == Unknown::Refuse {
        return serde_saphyr::from_str(text).map_err(refused);
    }
    serde_saphyr::with_deserializer_from_str(text, |deserializer| {
        serde_ignored::deserialize(deserializer, |key| {
            tracing::warn!(file = place, key = %key, "unknown key in the configuration is ignored");
        })
    })
    .map_err(refused)
}

fn is_blank(text: &str) -> bool {
    text.lines().all(|line| {
        let line = line.trim();
        line.is_empty() || line.starts_with('#') || line == "---"
    })
}
