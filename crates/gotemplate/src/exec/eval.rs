//! What an action computes: pipelines, commands, fields and constants.

use super::{State, Walk, last_operand};
use crate::ast::{At, Command, Expr, ExprKind, Number, Pipe};
use crate::value::{Type, Value};

/// What a command may be given besides `args[0]`: its arguments, and the value of the command before it in the pipeline.
#[derive(Clone, Copy)]
pub(super) struct Given<'a, 'v> {
    pub(super) args: &'a [Expr],
    pub(super) piped: Option<&'v Value>,
}

impl Given<'_, '_> {
    const NONE: Given<'static, 'static> = Given { args: &[], piped: None };

    fn is_none(&self) -> bool {
        self.args.is_empty() && self.piped.is_none()
    }
}

impl<'a> State<'a> {
    /// The value of a pipeline; variables that it declares stay until the caller removes them.
    pub(super) fn pipeline(&mut self, dot: &Value, pipe: &'a Pipe) -> Walk<Value> {
        let mut value: Option<Value> = None;
        for command in &pipe.commands {
            self.step(command.at, 1)?;
            value = Some(self.command(dot, command, value.as_ref())?);
        }
        let value = value.unwrap_or_default();
        for name in &pipe.variables {
            if pipe.assigns {
                self.set(last_operand(pipe).unwrap_or(pipe.at), name, value.clone())?;
            } else {
                self.variables.push((name, value.clone()));
            }
        }
        Ok(value)
    }

    fn command(&mut self, dot: &Value, command: &'a Command, piped: Option<&Value>) -> Walk<Value> {
        let Some((first, args)) = command.args.split_first() else {
            return self.fail(command.at, "empty command");
        };
        let given = Given { args, piped };
        match &first.kind {
            ExprKind::Field(names) => self.chain(dot, dot.clone(), first.at, names, given),
            ExprKind::Chain(..) | ExprKind::Variable(..) => self.chained(dot, first, given),
            ExprKind::Function(name) => self.function(dot, name, first.at, command.at, given),
            ExprKind::Nil => self.fail(first.at, "nil is not a command"),
            _ if !given.is_none() => self.fail(
                first.at,
                format!("can't give argument to non-function {}", self.action(first.at)),
            ),
            _ => self.operand(dot, first),
        }
    }

    /// The value of an expression where any type will do.
    fn operand(&mut self, dot: &Value, expr: &'a Expr) -> Walk<Value> {
        match &expr.kind {
            ExprKind::Dot => Ok(dot.clone()),
            ExprKind::Nil => Ok(Value::Nil),
            ExprKind::Bool(b) => Ok(Value::Bool(*b)),
            ExprKind::Str(text) => Ok(Value::str(text)),
            ExprKind::Number(number) => self.constant(expr.at, number),
            ExprKind::Field(names) => self.chain(dot, dot.clone(), expr.at, names, Given::NONE),
            ExprKind::Variable(..) | ExprKind::Chain(..) => self.chained(dot, expr, Given::NONE),
            ExprKind::Function(name) => self.function(dot, name, expr.at, expr.at, Given::NONE),
            ExprKind::Pipe(pipe) => self.deeper(expr.at, |state| state.pipeline(dot, pipe)),
        }
    }

    /// `$x.A.B` and `(pipeline).A.B`.
    fn chained(&mut self, dot: &Value, expr: &'a Expr, given: Given<'a, '_>) -> Walk<Value> {
        match &expr.kind {
            ExprKind::Variable(name, names) => {
                let known = self.variables.iter().rev().find(|(known, _)| known == name);
                let Some((_, value)) = known else {
                    return self.fail(expr.at, format!("undefined variable: {name}"));
                };
                let value = value.clone();
                if names.is_empty() && !given.is_none() {
                    return self.fail(expr.at, format!("can't give argument to non-function {name}"));
                }
                self.chain(dot, value, expr.at, names, given)
            }
            ExprKind::Chain(base, names) => {
                if base.kind == ExprKind::Nil {
                    return self.fail(expr.at, "indirection through explicit nil");
                }
                let value = self.operand(dot, base)?;
                self.chain(dot, value, expr.at, names, given)
            }
            _ => self.operand(dot, expr),
        }
    }

    /// Follows fields; the last one gets the arguments.
    fn chain(&mut self, dot: &Value, from: Value, at: At, names: &'a [String], given: Given<'a, '_>) -> Walk<Value> {
        let mut value = from;
        for (i, name) in names.iter().enumerate() {
            let given = if i + 1 == names.len() { given } else { Given::NONE };
            let found = self.field(dot, &value, at, name, given)?;
            // A key that is there with nothing in it is not the same as a missing one.
            let null = matches!((&value, &found), (Value::Map(map), Value::Nil) if map.get(name).is_some());
            if let Some(next) = names.get(i + 1).filter(|_| null) {
                return self.fail(at, format!("nil pointer evaluating interface {{}}.{next}"));
            }
            value = found;
        }
        Ok(value)
    }

    /// A method, a field of a struct, or an entry of a map.
    fn field(&mut self, dot: &Value, of: &Value, at: At, name: &'a str, given: Given<'a, '_>) -> Walk<Value> {
        if let Some(method) = of.method(name) {
            let args = self.arguments(dot, name, at, (&method.params, None), given)?;
            return match (method.call)(of, &args) {
                Ok(value) => self.charged(at, value),
                Err(message) => self.fail_in(at, Some(name), format!("error calling {name}: {message}")),
            };
        }
        let found = match of {
            Value::Nil => return Ok(Value::Nil),
            Value::Struct(s) => s.get(name).cloned(),
            Value::Map(map) => Some(map.get(name).cloned().unwrap_or_default()),
            _ => None,
        };
        match found {
            Some(_) if !given.is_none() => self.fail(at, format!("{name} is not a method but has arguments")),
            Some(value) => Ok(value),
            None => self.fail(at, format!("can't evaluate field {name} in type {}", of.type_name())),
        }
    }

    /// An argument of a type. The type decides what a constant is.
    pub(super) fn argument(&mut self, dot: &Value, ty: &Type, expr: &'a Expr) -> Walk<Value> {
        let constant = match &expr.kind {
            ExprKind::Nil if ty.can_be_nil() => return Ok(ty.zero()),
            ExprKind::Nil => return self.fail(expr.at, format!("cannot assign nil to {ty}")),
            ExprKind::Bool(_) | ExprKind::Str(_) | ExprKind::Number(_) => constant_of(ty.base(), &expr.kind),
            _ => {
                let value = self.operand(dot, expr)?;
                return self.typed(expr.at, value, ty);
            }
        };
        match (ty, constant) {
            (Type::Any, _) => self.operand(dot, expr),
            (Type::Named(named), Some(value)) => Ok(Value::named(named, value)),
            (_, Some(value)) => Ok(value),
            (_, None) => self.fail(expr.at, format!("expected {ty}; found {}", self.action(expr.at))),
        }
    }

    /// A value where a type is wanted.
    pub(super) fn typed(&self, at: At, value: Value, ty: &Type) -> Walk<Value> {
        match value.type_of() {
            Some(found) if ty.takes(&found) => Ok(value),
            Some(found) => self.fail(at, format!("wrong type for value; expected {ty}; got {found}")),
            None if ty.can_be_nil() => Ok(ty.zero()),
            None => self.fail(at, format!("invalid value; expected {ty}")),
        }
    }

    /// A number without a type to tell what it is: how it is written decides.
    fn constant(&self, at: At, number: &Number) -> Walk<Value> {
        match number {
            Number {
                complex: Some((re, im)),
                ..
            } => Ok(Value::Complex(*re, *im)),
            Number {
                float: Some(f),
                looks_float: true,
                ..
            } => Ok(Value::Float(*f)),
            Number { int: Some(i), .. } => Ok(Value::Int(*i)),
            _ => self.fail(at, format!("{} overflows int", self.action(at))),
        }
    }
}

fn constant_of(ty: &Type, kind: &ExprKind) -> Option<Value> {
    match (ty, kind) {
        (Type::Bool, ExprKind::Bool(b)) => Some(Value::Bool(*b)),
        (Type::Str, ExprKind::Str(text)) => Some(Value::str(text)),
        (Type::Int, ExprKind::Number(n)) => n.int.map(Value::Int),
        (Type::Uint, ExprKind::Number(n)) => n.uint.map(Value::Uint),
        (Type::Float, ExprKind::Number(n)) => n.float.map(Value::Float),
        (Type::Complex, ExprKind::Number(n)) => n.complex.map(|(re, im)| Value::Complex(re, im)),
        _ => None,
    }
}
