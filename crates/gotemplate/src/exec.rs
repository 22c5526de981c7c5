//! Walking the tree of a template and writing its output.

mod call;
mod eval;
mod trouble;

use crate::ast::{At, Branch, Node, NodeKind, Pipe};
use crate::buf::Buf;
use crate::error::Error;
use crate::format;
use crate::funcs::Functions;
use crate::template::{Limits, Template};
use crate::value::Value;

type Walk<T> = Result<T, Box<Error>>;

/// What comes after a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flow {
    Next,
    Break,
    Continue,
}

pub(crate) fn render(
    template: &Template,
    data: &Value,
    functions: &Functions,
    limits: &Limits,
) -> Result<Vec<u8>, Error> {
    let mut state = State {
        template,
        functions,
        executing: &template.name,
        out: Buf::new(limits.output),
        steps: limits.steps,
        depth: limits.depth,
        variables: vec![("$", data.clone())],
    };
    let tree = template.trees.get(&template.name);
    let nodes = tree.map(|tree| tree.nodes.as_slice()).unwrap_or_default();
    state.nodes(data, nodes).map_err(|error| *error)?;
    Ok(state.out.into_bytes())
}

struct State<'a> {
    template: &'a Template,
    functions: &'a Functions,
    executing: &'a str,
    out: Buf,
    /// Steps left.
    steps: usize,
    /// Levels left.
    depth: usize,
    variables: Vec<(&'a str, Value)>,
}

impl<'a> State<'a> {
    fn nodes(&mut self, dot: &Value, nodes: &'a [Node]) -> Walk<Flow> {
        for node in nodes {
            let flow = self.node(dot, node)?;
            if flow != Flow::Next {
                return Ok(flow);
            }
        }
        Ok(Flow::Next)
    }

    fn node(&mut self, dot: &Value, node: &'a Node) -> Walk<Flow> {
        self.step(node.at, 1)?;
        match &node.kind {
            NodeKind::Text => {
                self.out
                    .push(self.template.source.get(node.at.start..node.at.end).unwrap_or_default());
                self.check_output(node.at)?;
            }
            NodeKind::Action(pipe) => {
                let value = self.pipeline(dot, pipe)?;
                if pipe.variables.is_empty() {
                    self.print(node.at, &value)?;
                }
            }
            NodeKind::If(branch) => return self.deeper(node.at, |state| state.conditional(dot, branch, false)),
            NodeKind::With(branch) => return self.deeper(node.at, |state| state.conditional(dot, branch, true)),
            NodeKind::Range(branch) => return self.deeper(node.at, |state| state.range(dot, node.at, branch)),
            NodeKind::Template { name, pipe } => {
                self.deeper(node.at, |state| state.invoke(dot, node.at, name, pipe.as_ref()))?;
            }
            NodeKind::Break => return Ok(Flow::Break),
            NodeKind::Continue => return Ok(Flow::Continue),
        }
        Ok(Flow::Next)
    }

    fn print(&mut self, at: At, value: &Value) -> Walk<()> {
        match value {
            Value::Nil => self.out.push_str("<no value>"),
            Value::Function(_) => return self.fail(at, "can't print a function"),
            _ => format::action(value, &mut self.out),
        }
        self.check_output(at)
    }

    fn conditional(&mut self, dot: &Value, branch: &'a Branch, sets_dot: bool) -> Walk<Flow> {
        let outer = self.variables.len();
        let value = self.pipeline(dot, &branch.pipe)?;
        let flow = if value.is_true() {
            self.nodes(if sets_dot { &value } else { dot }, &branch.body)
        } else {
            self.nodes(dot, branch.otherwise.as_deref().unwrap_or_default())
        };
        self.variables.truncate(outer);
        flow
    }

    fn range(&mut self, dot: &Value, at: At, branch: &'a Branch) -> Walk<Flow> {
        let outer = self.variables.len();
        let over = self.pipeline(dot, &branch.pipe)?;
        let ran = self.iterate(last_operand(&branch.pipe).unwrap_or(at), branch, &over)?;
        let flow = if ran {
            Ok(Flow::Next)
        } else {
            self.nodes(dot, branch.otherwise.as_deref().unwrap_or_default())
        };
        self.variables.truncate(outer);
        flow
    }

    /// Runs the body for each element; false when there is none.
    fn iterate(&mut self, at: At, branch: &'a Branch, over: &Value) -> Walk<bool> {
        let mut ran = false;
        match over.plain() {
            Value::Nil => {}
            Value::List(list) => {
                for (i, item) in list.items().iter().enumerate() {
                    ran = true;
                    let index = Value::Int(i64::try_from(i).unwrap_or(i64::MAX));
                    if self.iteration(at, branch, &index, item)? == Flow::Break {
                        break;
                    }
                }
            }
            Value::Map(map) => {
                for (key, item) in map.iter() {
                    ran = true;
                    if self.iteration(at, branch, &Value::str(key), item)? == Flow::Break {
                        break;
                    }
                }
            }
            Value::Int(_) | Value::Uint(_) => return self.count(at, branch, over),
            _ => {
                return self.fail(
                    at,
                    format!("range can't iterate over a value of type {}", over.type_name()),
                );
            }
        }
        Ok(ran)
    }

    /// `range 3`: 0, 1, 2, in the type of the number.
    fn count(&mut self, at: At, branch: &'a Branch, over: &Value) -> Walk<bool> {
        if branch.pipe.variables.len() > 1 {
            return self.fail(at, "can't use a number to iterate over more than one variable");
        }
        let end = match over.plain() {
            Value::Uint(end) => *end,
            other => u64::try_from(other.as_int().unwrap_or(0)).unwrap_or(0),
        };
        for i in 0..end {
            let number = match over.plain() {
                Value::Uint(_) => Value::Uint(i),
                _ => Value::Int(i64::try_from(i).unwrap_or(i64::MAX)),
            };
            let item = match over {
                Value::Named(named) => Value::named(&named.ty, number),
                _ => number,
            };
            if self.iteration(at, branch, &Value::Nil, &item)? == Flow::Break {
                break;
            }
        }
        Ok(end > 0)
    }

    fn iteration(&mut self, at: At, branch: &'a Branch, index: &Value, item: &Value) -> Walk<Flow> {
        self.step(at, 1)?;
        let inner = self.variables.len();
        let (first, second) = match branch.pipe.variables.as_slice() {
            [] => (None, None),
            [one] => (Some((one, item)), None),
            [one, two, ..] => (Some((one, index)), Some((two, item))),
        };
        for (name, value) in first.into_iter().chain(second) {
            self.set(at, name, value.clone())?;
        }
        let flow = self.nodes(item, &branch.body);
        self.variables.truncate(inner);
        flow
    }

    /// `template "name" pipeline`: it sees nothing of the variables here.
    fn invoke(&mut self, dot: &Value, at: At, name: &'a str, pipe: Option<&'a Pipe>) -> Walk<Flow> {
        let Some(tree) = self.template.trees.get(name) else {
            return self.fail(at, format!("template {name:?} not defined"));
        };
        let data = match pipe {
            Some(pipe) => self.pipeline(dot, pipe)?,
            None => Value::Nil,
        };
        let variables = std::mem::replace(&mut self.variables, vec![("$", data.clone())]);
        let executing = std::mem::replace(&mut self.executing, name);
        let flow = self.nodes(&data, &tree.nodes);
        self.variables = variables;
        if flow.is_ok() {
            self.executing = executing;
        }
        flow
    }

    /// Gives a variable that exists another value.
    fn set(&mut self, at: At, name: &str, value: Value) -> Walk<()> {
        match self.variables.iter_mut().rev().find(|(known, _)| *known == name) {
            Some(slot) => {
                slot.1 = value;
                Ok(())
            }
            None => self.fail(at, format!("undefined variable: {name}")),
        }
    }
}

/// What a pipeline evaluates last: errors about its value point there.
fn last_operand(pipe: &Pipe) -> Option<At> {
    pipe.commands.last()?.args.last().map(|arg| arg.at)
}
