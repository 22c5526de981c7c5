//! Errors of building and rendering. Each names the file and the key, or the template, line and function.

use std::path::PathBuf;

/// Why a stored template could not be prepared or rendered.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The version is none that sabakan knows.
    #[error("unsupported ignition version: {0:?}; it must be \"2.2\" or \"2.3\"")]
    Version(String),
    /// The template is not JSON.
    #[error("the template is not JSON")]
    Json(#[source] serde_json::Error),
    /// A value of the wrong type.
    #[error("{path}: expected {expected}, found {found}")]
    Shape {
        /// The key, as `storage.files[3].mode`.
        path: String,
        /// What belongs there.
        expected: &'static str,
        /// What is there.
        found: &'static str,
    },
    /// A data URL that cannot be decoded.
    #[error("{file}: bad data URL: {problem}")]
    DataUrl {
        /// The path of the file on the machine.
        file: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A template that does not parse or fails; the source names the line and the function.
    #[error("cannot render {file}")]
    Template {
        /// The file, unit or key whose template it is.
        file: String,
        /// Template, line, column, action and function.
        #[source]
        source: Box<gotemplate::Error>,
    },
    /// No addresses for the made-up machine.
    #[error("cannot make up a machine to try the template with")]
    Place(#[source] sabakan_model::ipam::PlaceError),
    /// Version 2 can say it, version 3 cannot.
    #[error("{path}: cannot be translated to version 3.4: {reason}")]
    Translate {
        /// The key.
        path: String,
        /// Why.
        reason: String,
    },
}

/// Why a tree of YAML and files makes no template.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// A file that cannot be read. The message is the caller's.
    #[error("{}: cannot be read{}: {problem}", file.display(), wanted(wanted_by))]
    Read {
        /// The file.
        file: PathBuf,
        /// The file and key that ask for it; empty for the first one.
        wanted_by: String,
        /// Why not.
        problem: String,
    },
    /// Not YAML, with the line.
    #[error("{}: invalid YAML", file.display())]
    Yaml {
        /// The file.
        file: PathBuf,
        /// Line, column and what is wrong.
        #[source]
        source: Box<serde_saphyr::Error>,
    },
    /// A value of the wrong type or out of what is allowed.
    #[error("{}: {key}: {problem}", file.display())]
    Value {
        /// The file.
        file: PathBuf,
        /// The key, as `systemd[2].name`.
        key: String,
        /// What is wrong.
        problem: String,
    },
    /// The template cannot be stored as JSON.
    #[error("the template cannot be stored")]
    Store(#[source] sabakan_model::JsonError),
}

fn wanted(by: &str) -> String {
    if by.is_empty() {
        String::new()
    } else {
        format!(" (wanted by {by})")
    }
}
