//! A parsed template, and what one rendering of it may use.

use std::collections::BTreeMap;

use crate::ast::Tree;
use crate::error::{Error, Place};
use crate::exec;
use crate::funcs::Functions;
use crate::parse;
use crate::value::Value;

/// What one rendering may use. A template that asks for more ends with [`Error::Limit`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the output.
    pub output: usize,
    /// Nodes and iterations walked, and kilobytes of text made on the way.
    pub steps: usize,
    /// How deep actions, blocks and templates may nest while rendering. Each level takes stack: 400 fit well into the 2 MiB
    /// of a thread in a debug build.
    pub depth: usize,
}

impl Default for Limits {
    /// 16 MiB of output, a million steps, 400 levels.
    fn default() -> Self {
        Self {
            output: 16 << 20,
            steps: 1_000_000,
            depth: 400,
        }
    }
}

/// A parsed template with the templates that it defines.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    pub(crate) name: String,
    pub(crate) source: Vec<u8>,
    pub(crate) trees: BTreeMap<String, Tree>,
}

impl Template {
    /// Parses a source. `name` is what errors say; `functions` tells which function names there are.
    ///
    /// # Errors
    /// [`Error::Parse`] with the place of the first mistake.
    pub fn parse(name: &str, source: &[u8], functions: &Functions) -> Result<Self, Error> {
        let trees = parse::parse(name, source, &|function| functions.knows(function)).map_err(|problem| {
            let place = Box::new(Place::of(name, source, problem.pos));
            Error::Parse {
                place,
                message: problem.message,
            }
        })?;
        Ok(Self {
            name: name.to_owned(),
            source: source.to_vec(),
            trees,
        })
    }

    /// Renders for one value, with the functions of this rendering.
    ///
    /// # Errors
    /// [`Error::Execute`] with the action that failed, [`Error::Limit`] when it uses more than `limits`.
    pub fn render(&self, data: &Value, functions: &Functions, limits: &Limits) -> Result<Vec<u8>, Error> {
        exec::render(self, data, functions, limits)
    }
}
