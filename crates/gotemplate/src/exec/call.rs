//! Calling functions, the program's and the built-in ones.

use super::eval::Given;
use super::{State, Walk};
use crate::ast::{At, ExprKind};
use crate::buf::Buf;
use crate::format;
use crate::funcs::{Builtin, compare, escape, index};
use crate::value::{Type, Value};

impl<'a> State<'a> {
    /// Calls a function. `at` is its name, `whole` the command that calls it.
    pub(super) fn function(
        &mut self,
        dot: &Value,
        name: &'a str,
        at: At,
        whole: At,
        given: Given<'a, '_>,
    ) -> Walk<Value> {
        let functions = self.functions;
        if let Some(function) = functions.get(name) {
            let args = self.arguments(dot, name, at, (&function.params, function.rest.as_ref()), given)?;
            return self.outcome(name, whole, function.call(&args));
        }
        let Some(builtin) = Builtin::of(name) else {
            return self.fail(at, format!("{name:?} is not a defined function"));
        };
        if matches!(builtin, Builtin::And | Builtin::Or) {
            return self.choose(dot, name, at, builtin == Builtin::Or, given);
        }
        let args = self.arguments(dot, name, at, builtin.signature(), given)?;
        if builtin == Builtin::Call {
            let callee = given
                .args
                .first()
                .map_or_else(|| name.to_owned(), |arg| self.action(arg.at));
            return self.outcome(name, whole, call(&callee, &args));
        }
        let mut text = Buf::new(self.out.remaining());
        match builtin_call(builtin, &args, &mut text) {
            None if text.is_full() => self.exceed(whole, "size of output"),
            None => self.outcome(name, whole, Ok(Value::str(text.into_bytes()))),
            Some(result) => self.outcome(name, whole, result),
        }
    }

    fn outcome(&mut self, name: &str, at: At, result: Result<Value, String>) -> Walk<Value> {
        match result {
            Ok(value) => self.charged(at, value),
            Err(message) => self.fail_in(at, Some(name), format!("error calling {name}: {message}")),
        }
    }

    /// Counts what a value takes in memory as steps.
    pub(super) fn charged(&mut self, at: At, value: Value) -> Walk<Value> {
        let cost = match value.plain() {
            Value::Str(text) => text.len() / 1024,
            Value::List(list) => list.items().len() / 64,
            _ => 0,
        };
        self.step(at, cost)?;
        Ok(value)
    }

    /// Evaluates and checks the arguments, the piped value last.
    pub(super) fn arguments(
        &mut self,
        dot: &Value,
        name: &str,
        at: At,
        (params, rest): (&[Type], Option<&Type>),
        given: Given<'a, '_>,
    ) -> Walk<Vec<Value>> {
        let count = given.args.len() + usize::from(given.piped.is_some());
        let want = params.len();
        if rest.is_none() && count != want {
            return self.fail_in(
                at,
                Some(name),
                format!("wrong number of args for {name}: want {want} got {count}"),
            );
        }
        if count < want {
            return self.fail_in(
                at,
                Some(name),
                format!("wrong number of args for {name}: want at least {want} got {count}"),
            );
        }
        let types = || params.iter().chain(std::iter::repeat(rest.unwrap_or(&Type::Any)));
        let mut values = Vec::with_capacity(count);
        for (expr, ty) in given.args.iter().zip(types()) {
            values.push(self.argument(dot, ty, expr)?);
        }
        if let (Some(piped), Some(ty)) = (given.piped, types().nth(values.len())) {
            values.push(self.typed(at, piped.clone(), ty)?);
        }
        Ok(values)
    }

    /// `and` and `or` evaluate only what they need.
    fn choose(&mut self, dot: &Value, name: &str, at: At, stop: bool, given: Given<'a, '_>) -> Walk<Value> {
        if given.args.is_empty() && given.piped.is_none() {
            return self.fail_in(
                at,
                Some(name),
                format!("wrong number of args for {name}: want at least 1 got 0"),
            );
        }
        let mut last = Value::Nil;
        for expr in given.args {
            last = match expr.kind {
                ExprKind::Nil => Value::Nil,
                _ => self.argument(dot, &Type::Any, expr)?,
            };
            if last.is_true() == stop {
                return Ok(last);
            }
        }
        Ok(given.piped.cloned().unwrap_or(last))
    }
}

/// A built-in function: its value, or `None` when it wrote text.
fn builtin_call(builtin: Builtin, args: &[Value], text: &mut Buf) -> Option<Result<Value, String>> {
    let first = args.first().unwrap_or(&Value::Nil);
    let second = args.get(1).unwrap_or(&Value::Nil);
    let others = args.get(1..).unwrap_or_default();
    Some(match builtin {
        Builtin::Not => Ok(Value::Bool(!first.is_true())),
        Builtin::Len => index::length(first),
        Builtin::Index => index::index(first, others),
        Builtin::Slice => index::slice(first, others),
        Builtin::Eq => compare::equal_any(first, others).map(Value::Bool),
        Builtin::Ne => compare::equal(first, second).map(|equal| Value::Bool(!equal)),
        Builtin::Lt => compare::less(first, second).map(Value::Bool),
        Builtin::Le => compare::less_or_equal(first, second).map(Value::Bool),
        Builtin::Gt => compare::less_or_equal(first, second).map(|is| Value::Bool(!is)),
        Builtin::Ge => compare::less(first, second).map(|is| Value::Bool(!is)),
        _ => {
            write_text(builtin, args, text);
            return None;
        }
    })
}

fn write_text(builtin: Builtin, args: &[Value], text: &mut Buf) {
    let escape = match builtin {
        Builtin::Print => return format::print(args, text),
        Builtin::Println => return format::println(args, text),
        Builtin::Printf => {
            let Some((Value::Str(template), operands)) = args.split_first() else {
                return;
            };
            return format::printf(template, operands, text);
        }
        Builtin::Html => escape::html,
        Builtin::Js => escape::js,
        _ => escape::url_query,
    };
    let mut plain = Buf::new(text.remaining());
    match args {
        // What is missing prints as it does at the top; among others it is nil.
        [Value::Nil] => plain.push_str("<no value>"),
        _ => format::print(args, &mut plain),
    }
    if plain.is_full() {
        return text.repeat(b' ', usize::MAX);
    }
    escape(&plain.into_bytes(), text);
}

/// `call f a b`.
fn call(name: &str, args: &[Value]) -> Result<Value, String> {
    let Some((callee, args)) = args.split_first() else {
        return Err("call of nil".into());
    };
    let function = match callee {
        Value::Function(function) => function,
        Value::Nil => return Err("call of nil".into()),
        other => return Err(format!("non-function {name} of type {}", other.type_name())),
    };
    let (got, want) = (args.len(), function.params.len());
    if got < want || (function.rest.is_none() && got != want) {
        return Err(format!("wrong number of args for {name}: got {got} want {want}"));
    }
    let types = function
        .params
        .iter()
        .chain(std::iter::repeat(function.rest.as_ref().unwrap_or(&Type::Any)));
    for (i, (arg, ty)) in args.iter().zip(types).enumerate() {
        match arg.type_of() {
            Some(found) if !ty.takes(&found) => return Err(format!("arg {i}: value has type {found}; should be {ty}")),
            None if !ty.can_be_nil() => return Err(format!("arg {i}: value is nil; should be of type {ty}")),
            _ => {}
        }
    }
    function.call(args)
}
