//! What a check found: what, where, how bad, what to do.

use serde::Serialize;
use std::fmt;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Grade {
    /// As it should be.
    Good,
    /// Somebody should look soon.
    Warning,
    /// It does not work.
    Bad,
}

impl Grade {
    fn word(self) -> &'static str {
        match self {
            Self::Good => "ok",
            Self::Warning => "WARNING",
            Self::Bad => "BAD",
        }
    }
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    /// What was looked at: `vault`, `disk`.
    pub(super) what: &'static str,
    /// Where: an address, a key, the name of an authority; empty where there is only one.
    #[serde(rename = "where")]
    pub(super) place: String,
    /// How it is.
    pub(super) grade: Grade,
    /// What was seen.
    pub(super) seen: String,
    /// What to do about it; empty where nothing.
    pub(super) advice: String,
}

impl Finding {
    /// Of a table with [`Finding::row`].
    pub(super) const HEADER: [&str; 5] = ["Grade", "What", "Where", "Seen", "What to do"];

    pub(super) fn good(what: &'static str, place: impl Into<String>, seen: impl fmt::Display) -> Self {
        Self::new((what, place.into()), Grade::Good, seen, "")
    }

    pub(super) fn warning(what: &'static str, place: impl Into<String>, seen: impl fmt::Display, advice: &str) -> Self {
        Self::new((what, place.into()), Grade::Warning, seen, advice)
    }

    pub(super) fn bad(what: &'static str, place: impl Into<String>, seen: impl fmt::Display, advice: &str) -> Self {
        Self::new((what, place.into()), Grade::Bad, seen, advice)
    }

    fn new((what, place): (&'static str, String), grade: Grade, seen: impl fmt::Display, advice: &str) -> Self {
        Self {
            what,
            place,
            grade,
            seen: seen.to_string(),
            advice: advice.to_owned(),
        }
    }

    pub(super) fn row(&self) -> Vec<String> {
        let place = if self.place.is_empty() { "-" } else { &self.place };
        [self.grade.word(), self.what, place, &self.seen, &self.advice]
            .map(str::to_owned)
            .to_vec()
    }
}
