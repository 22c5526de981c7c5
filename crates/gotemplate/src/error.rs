//! Errors of parsing and rendering, each with the place in the template.

use std::fmt;

/// A place in a template. Lines count from 1; columns are bytes from 0, as Go counts them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The name given to [`Template::parse`](crate::Template::parse).
    pub template: String,
    /// The line, from 1.
    pub line: usize,
    /// The column in bytes, from 0.
    pub column: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.template, self.line, self.column)
    }
}

impl Place {
    /// The place of byte `pos` of `source`.
    pub(crate) fn of(template: &str, source: &[u8], pos: usize) -> Self {
        let before = source.get(..pos).unwrap_or(source);
        let line_start = before.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
        let line = 1 + before.iter().filter(|b| **b == b'\n').count();
        Self {
            template: template.to_owned(),
            line,
            column: before.len() - line_start,
        }
    }
}

/// Why a template could not be parsed or rendered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The source is not a template.
    #[error("template: {place}: {message}")]
    Parse {
        /// Where.
        place: Box<Place>,
        /// What is wrong there.
        message: String,
    },
    /// An action failed.
    #[error("template: {place}: executing \"{executing}\" at <{action}>: {message}")]
    Execute {
        /// Where.
        place: Box<Place>,
        /// The template that was being executed: the main one, or one that it defines.
        executing: String,
        /// The text of the part that failed.
        action: String,
        /// The function or method that failed, if it was one.
        function: Option<String>,
        /// What went wrong.
        message: String,
    },
    /// The template asked for more than [`Limits`](crate::Limits) allow.
    #[error("template: {place}: executing \"{executing}\" at <{action}>: {limit} exceeded")]
    Limit {
        /// Where.
        place: Box<Place>,
        /// The template that was being executed.
        executing: String,
        /// The text of the part that asked for too much.
        action: String,
        /// Which limit, in words.
        limit: String,
    },
}

impl Error {
    /// Where it happened.
    pub fn place(&self) -> &Place {
        match self {
            Self::Parse { place, .. } | Self::Execute { place, .. } | Self::Limit { place, .. } => place,
        }
    }
}
