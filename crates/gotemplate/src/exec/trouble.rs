//! Limits and errors of a rendering.

use std::fmt::Display;

use super::{State, Walk};
use crate::ast::At;
use crate::error::{Error, Place};

impl State<'_> {
    pub(super) fn deeper<T>(&mut self, at: At, run: impl FnOnce(&mut Self) -> Walk<T>) -> Walk<T> {
        self.depth = match self.depth.checked_sub(1) {
            Some(left) => left,
            None => return self.exceed(at, "depth of nesting"),
        };
        let result = run(self);
        self.depth += 1;
        result
    }

    pub(super) fn step(&mut self, at: At, cost: usize) -> Walk<()> {
        match self.steps.checked_sub(cost) {
            Some(left) => {
                self.steps = left;
                Ok(())
            }
            None => self.exceed(at, "number of steps"),
        }
    }

    pub(super) fn check_output(&self, at: At) -> Walk<()> {
        if self.out.is_full() {
            self.exceed(at, "size of output")
        } else {
            Ok(())
        }
    }

    pub(super) fn fail<T>(&self, at: At, message: impl Display) -> Walk<T> {
        self.fail_in(at, None, message)
    }

    pub(super) fn fail_in<T>(&self, at: At, function: Option<&str>, message: impl Display) -> Walk<T> {
        Err(Box::new(Error::Execute {
            place: Box::new(self.place(at)),
            executing: self.executing.to_owned(),
            action: self.action(at),
            function: function.map(str::to_owned),
            message: message.to_string(),
        }))
    }

    pub(super) fn exceed<T>(&self, at: At, limit: &str) -> Walk<T> {
        Err(Box::new(Error::Limit {
            place: Box::new(self.place(at)),
            executing: self.executing.to_owned(),
            action: self.action(at),
            limit: format!("the allowed {limit}"),
        }))
    }

    pub(super) fn place(&self, at: At) -> Place {
        Place::of(&self.template.name, &self.template.source, at.pos)
    }

    /// The source text of a node, in one line and not too long.
    pub(super) fn action(&self, at: At) -> String {
        let text = String::from_utf8_lossy(self.template.source.get(at.start..at.end).unwrap_or_default()).into_owned();
        let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
        match line.char_indices().nth(100) {
            Some((cut, _)) => format!("{}...", line.get(..cut).unwrap_or_default()),
            None => line,
        }
    }
}
