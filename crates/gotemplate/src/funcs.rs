//! Functions that templates may call: the built-in ones and those of the program.

pub(crate) mod compare;
pub(crate) mod escape;
pub(crate) mod index;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::value::{Type, Value};

type Body = dyn Fn(&[Value]) -> Result<Value, String> + Send + Sync;

/// A function with the types of its arguments. The closure may hold what belongs to one rendering.
#[derive(Clone)]
pub struct Function {
    /// The types of the arguments.
    pub params: Vec<Type>,
    /// The type of any further ones; `None` when there may be none.
    pub rest: Option<Type>,
    body: Arc<Body>,
}

impl Function {
    /// A function of a fixed number of arguments. The closure is called with as many, each of its type; what it returns as
    /// an error stops the rendering.
    pub fn new(params: Vec<Type>, body: impl Fn(&[Value]) -> Result<Value, String> + Send + Sync + 'static) -> Self {
        Self {
            params,
            rest: None,
            body: Arc::new(body),
        }
    }

    /// The same with any number of further arguments of type `rest`.
    #[must_use]
    pub fn variadic(mut self, rest: Type) -> Self {
        self.rest = Some(rest);
        self
    }

    pub(crate) fn call(&self, args: &[Value]) -> Result<Value, String> {
        (self.body)(args)
    }
}

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Function")
            .field("params", &self.params)
            .field("rest", &self.rest)
            .finish_non_exhaustive()
    }
}

/// The functions of a program by name. They go before the built-in ones of the same name.
#[derive(Debug, Clone, Default)]
pub struct Functions {
    map: BTreeMap<String, Function>,
}

impl Functions {
    /// None but the built-in ones.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a function of a fixed number of arguments, see [`Function::new`].
    pub fn add(
        &mut self,
        name: &str,
        params: Vec<Type>,
        body: impl Fn(&[Value]) -> Result<Value, String> + Send + Sync + 'static,
    ) {
        self.insert(name, Function::new(params, body));
    }

    /// Adds a function.
    pub fn insert(&mut self, name: &str, function: Function) {
        self.map.insert(name.to_owned(), function);
    }

    /// Whether a template may call a function of that name.
    pub(crate) fn knows(&self, name: &str) -> bool {
        self.map.contains_key(name) || Builtin::of(name).is_some()
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Function> {
        self.map.get(name)
    }
}

/// The functions that every template has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Builtin {
    And,
    Or,
    Not,
    Call,
    Html,
    Js,
    UrlQuery,
    Index,
    Slice,
    Len,
    Print,
    Printf,
    Println,
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
}

impl Builtin {
    pub(crate) fn of(name: &str) -> Option<Self> {
        Some(match name {
            "and" => Self::And,
            "or" => Self::Or,
            "not" => Self::Not,
            "call" => Self::Call,
            "html" => Self::Html,
            "js" => Self::Js,
            "urlquery" => Self::UrlQuery,
            "index" => Self::Index,
            "slice" => Self::Slice,
            "len" => Self::Len,
            "print" => Self::Print,
            "printf" => Self::Printf,
            "println" => Self::Println,
            "eq" => Self::Eq,
            "ne" => Self::Ne,
            "lt" => Self::Lt,
            "le" => Self::Le,
            "gt" => Self::Gt,
            "ge" => Self::Ge,
            _ => return None,
        })
    }

    /// The types of its arguments, and of further ones. [`Type::Any`] keeps a missing value missing.
    pub(crate) fn signature(self) -> (&'static [Type], Option<&'static Type>) {
        const ANY: &Type = &Type::Any;
        match self {
            Self::Not | Self::Len => (&[Type::Any], None),
            Self::Ne | Self::Lt | Self::Le | Self::Gt | Self::Ge => (&[Type::Any, Type::Any], None),
            Self::Html | Self::Js | Self::UrlQuery | Self::Print | Self::Println => (&[], Some(ANY)),
            Self::Printf => (&[Type::Str], Some(ANY)),
            Self::And | Self::Or | Self::Call | Self::Index | Self::Slice | Self::Eq => (&[Type::Any], Some(ANY)),
        }
    }
}
