//! What a template works on: values that know their Go type.
//!
//! Go's templates look at types all the time: `eq` refuses to compare a `uint` with a float, a function of a string refuses
//! a number, a missing key of a `map[string]string` indexes to `""` but prints `<no value>` as a field. So a value here is
//! not JSON: integers, unsigned integers and floats are apart, lists and maps know the type of their elements, and structs
//! and named types have methods.

mod build;
pub(crate) mod types;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use types::{FieldType, Method, NamedType, StructType, Type};

use crate::funcs::Function;
use crate::time::Time;

/// A value. Cloning is cheap.
#[derive(Debug, Clone, Default)]
pub enum Value {
    /// No value: a nil interface, or what a missing key of a map gives.
    #[default]
    Nil,
    /// `bool`
    Bool(bool),
    /// `int`
    Int(i64),
    /// `uint`
    Uint(u64),
    /// `float64`
    Float(f64),
    /// `complex128`: real and imaginary part.
    Complex(f64, f64),
    /// `string`: bytes, usually UTF-8.
    Str(Arc<[u8]>),
    /// `[]T`
    List(Arc<List>),
    /// `map[string]T`
    Map(Arc<Map>),
    /// A struct.
    Struct(Arc<Struct>),
    /// A value of a type that has a name of its own, such as `time.Month` or `int64`.
    Named(Arc<Named>),
    /// `time.Time`
    Time(Time),
    /// A function, for `call`.
    Function(Function),
}

/// A list with the type of its elements; `items: None` is a nil slice.
#[derive(Debug, Clone)]
pub struct List {
    /// The type of the elements.
    pub element: Type,
    /// The elements.
    pub items: Option<Vec<Value>>,
}

/// A map with the type of its values; `entries: None` is a nil map.
#[derive(Debug, Clone)]
pub struct Map {
    /// The type of the values.
    pub element: Type,
    /// The entries, sorted by key as `range` and printing need them.
    pub entries: Option<BTreeMap<String, Value>>,
}

/// A struct; `fields` are in the order of the type's.
#[derive(Debug, Clone)]
pub struct Struct {
    /// Its type.
    pub ty: Arc<StructType>,
    /// One value for each field of the type.
    pub fields: Vec<Value>,
}

/// A value of a named type.
#[derive(Debug, Clone)]
pub struct Named {
    /// Its type.
    pub ty: Arc<NamedType>,
    /// What it is made of; never `Named` itself.
    pub value: Value,
}

impl List {
    /// The elements; none for a nil slice.
    pub fn items(&self) -> &[Value] {
        self.items.as_deref().unwrap_or_default()
    }
}

impl Map {
    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.entries.as_ref()?.get(key)
    }

    /// Keys and values, sorted by key.
    pub fn iter(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.entries.iter().flatten()
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.entries.as_ref().map_or(0, BTreeMap::len)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Struct {
    /// The value of a field.
    pub fn get(&self, name: &str) -> Option<&Value> {
        let at = self.ty.fields.iter().position(|field| field.name == name)?;
        self.fields.get(at)
    }
}

impl Value {
    /// The value without the name of its type.
    pub fn plain(&self) -> &Value {
        match self {
            Value::Named(named) => &named.value,
            other => other,
        }
    }

    /// What `if` makes of it: false for zero, empty and nil. A struct is always true.
    pub fn is_true(&self) -> bool {
        match self.plain() {
            Value::Nil => false,
            Value::Bool(b) => *b,
            Value::Int(i) => *i != 0,
            Value::Uint(u) => *u != 0,
            Value::Float(f) => *f != 0.0,
            Value::Complex(re, im) => *re != 0.0 || *im != 0.0,
            Value::Str(s) => !s.is_empty(),
            Value::List(list) => !list.items().is_empty(),
            Value::Map(map) => !map.is_empty(),
            Value::Struct(_) | Value::Time(_) | Value::Function(_) | Value::Named(_) => true,
        }
    }

    /// Whether it is nil of some type, or nothing.
    pub(crate) fn is_nil(&self) -> bool {
        match self.plain() {
            Value::Nil => true,
            Value::List(list) => list.items.is_none(),
            Value::Map(map) => map.entries.is_none(),
            _ => false,
        }
    }

    /// The type; `None` for [`Value::Nil`].
    pub fn type_of(&self) -> Option<Type> {
        Some(match self {
            Value::Nil => return None,
            Value::Bool(_) => Type::Bool,
            Value::Int(_) => Type::Int,
            Value::Uint(_) => Type::Uint,
            Value::Float(_) => Type::Float,
            Value::Complex(..) => Type::Complex,
            Value::Str(_) => Type::Str,
            Value::List(list) => Type::List(Arc::new(list.element.clone())),
            Value::Map(map) => Type::Map(Arc::new(map.element.clone())),
            Value::Struct(s) => Type::Struct(Arc::clone(&s.ty)),
            Value::Named(named) => Type::Named(Arc::clone(&named.ty)),
            Value::Time(_) => Type::Time,
            Value::Function(_) => Type::Function,
        })
    }

    /// The type as Go prints it; `<nil>` for nothing.
    pub fn type_name(&self) -> String {
        self.type_of().map_or_else(|| "<nil>".to_owned(), |ty| ty.to_string())
    }

    /// The method of that name.
    pub(crate) fn method(&self, name: &str) -> Option<&Method> {
        let methods: &[Method] = match self {
            Value::Struct(s) => &s.ty.methods,
            Value::Named(named) => &named.ty.methods,
            Value::Time(_) => crate::time::methods(),
            _ => &[],
        };
        methods.iter().find(|method| method.name == name)
    }

    /// What its `String` method says, if it has one: `%v` and `%s` print that.
    pub(crate) fn stringer(&self) -> Option<Value> {
        let method = self.method("String").filter(|method| method.params.is_empty())?;
        (method.call)(self, &[]).ok()
    }
}
