//! `ckecli doctor`

mod nodes;
mod services;

use crate::connect::Connection;
use crate::exit::{Exit, Silent};
use crate::output::{self, Format};
use clap::Args;
use serde::Serialize;
use std::fmt;

/// Check what CKE depends on, and say what to do.
///
/// It ends with 1 when something is wrong. Nothing is changed.
#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// Do not look at nodes
    #[arg(long)]
    skip_nodes: bool,
    /// Output format; text by default
    #[arg(short, long, value_name = "FORMAT")]
    output: Option<Format>,
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Grade {
    /// As it should be.
    Good,
    /// Somebody should look soon.
    Warning,
    /// It does not work.
    Bad,
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Finding {
    /// What was looked at: `vault`, `node 10.0.0.1`.
    subject: String,
    /// How it is.
    grade: Grade,
    /// What was seen.
    seen: String,
    /// What to do about it; empty where nothing.
    advice: String,
}

impl Finding {
    fn good(subject: impl Into<String>, seen: impl fmt::Display) -> Self {
        Self::new(subject, Grade::Good, seen, "")
    }

    fn warning(subject: impl Into<String>, seen: impl fmt::Display, advice: &str) -> Self {
        Self::new(subject, Grade::Warning, seen, advice)
    }

    fn bad(subject: impl Into<String>, seen: impl fmt::Display, advice: &str) -> Self {
        Self::new(subject, Grade::Bad, seen, advice)
    }

    fn new(subject: impl Into<String>, grade: Grade, seen: impl fmt::Display, advice: &str) -> Self {
        Self {
            subject: subject.into(),
            grade,
            seen: seen.to_string(),
            advice: advice.to_owned(),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let grade = match self.grade {
            Grade::Good => "ok",
            Grade::Warning => "WARNING",
            Grade::Bad => "BAD",
        };
        write!(f, "{grade:8} {}: {}", self.subject, self.seen)?;
        if self.advice.is_empty() {
            Ok(())
        } else {
            write!(f, "\n         -> {}", self.advice)
        }
    }
}

impl Doctor {
    pub(crate) async fn run(self, connection: &Connection) -> anyhow::Result<()> {
        let mut findings = services::check(connection).await;
        let etcd_answers = findings.first().is_some_and(|finding| finding.grade == Grade::Good);
        if etcd_answers && !self.skip_nodes {
            findings.extend(nodes::check(connection).await);
        }
        if self.output == Some(Format::Json) {
            output::json_2(&findings)?;
        } else {
            findings
                .iter()
                .try_for_each(|finding| output::line(&finding.to_string()))?;
        }
        if findings.iter().any(|finding| finding.grade == Grade::Bad) {
            return Err(Silent(Exit::Failure).into());
        }
        Ok(())
    }
}
