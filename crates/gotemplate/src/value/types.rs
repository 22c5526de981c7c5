//! Go's types, as far as templates can tell them apart.

use std::fmt;
use std::sync::Arc;

use super::{List, Map, Named, Struct, Value};
use crate::time::Time;

/// A type, of a value or of what a function takes.
#[derive(Debug, Clone)]
pub enum Type {
    /// `interface {}`: takes everything.
    Any,
    /// `bool`
    Bool,
    /// `int`
    Int,
    /// `uint`
    Uint,
    /// `float64`
    Float,
    /// `complex128`
    Complex,
    /// `string`
    Str,
    /// `[]T`
    List(Arc<Type>),
    /// `map[string]T`
    Map(Arc<Type>),
    /// A struct type.
    Struct(Arc<StructType>),
    /// A type with a name of its own.
    Named(Arc<NamedType>),
    /// `time.Time`
    Time,
    /// A function.
    Function,
}

/// A struct type. Two are the same when their names are.
#[derive(Debug)]
pub struct StructType {
    /// With its package, as Go prints it: `sabakan.Machine`. With a `*` before it, it is given to templates as a pointer.
    pub name: String,
    /// The fields in order.
    pub fields: Vec<FieldType>,
    /// The methods that templates may call.
    pub methods: Vec<Method>,
}

/// A field of a struct type.
#[derive(Debug)]
pub struct FieldType {
    /// The name in templates.
    pub name: String,
    /// The name in JSON.
    pub json: String,
    /// The type of its values.
    pub ty: Type,
}

/// A named type over a basic one, such as `time.Month`. Two are the same when their names are.
#[derive(Debug)]
pub struct NamedType {
    /// With its package, as Go prints it: `time.Month`, `int64`.
    pub name: String,
    /// What it is made of.
    pub base: Type,
    /// The methods that templates may call.
    pub methods: Vec<Method>,
}

/// What a method does, with the value that it is called on and its arguments.
pub(crate) type MethodBody = fn(&Value, &[Value]) -> Result<Value, String>;

/// A method.
#[derive(Debug, Clone)]
pub struct Method {
    /// The name in templates.
    pub name: &'static str,
    /// The types of its arguments.
    pub params: Vec<Type>,
    /// What it does. The arguments have been checked against `params`.
    pub call: MethodBody,
}

impl Type {
    /// The zero value: what indexing a map with a missing key gives.
    pub fn zero(&self) -> Value {
        match self {
            Type::Any | Type::Function => Value::Nil,
            Type::Bool => Value::Bool(false),
            Type::Int => Value::Int(0),
            Type::Uint => Value::Uint(0),
            Type::Float => Value::Float(0.0),
            Type::Complex => Value::Complex(0.0, 0.0),
            Type::Str => Value::str(""),
            Type::List(element) => Value::List(Arc::new(List {
                element: element.as_ref().clone(),
                items: None,
            })),
            Type::Map(element) => Value::Map(Arc::new(Map {
                element: element.as_ref().clone(),
                entries: None,
            })),
            Type::Struct(ty) => {
                let fields = ty.fields.iter().map(|field| field.ty.zero()).collect();
                Value::Struct(Arc::new(Struct {
                    ty: Arc::clone(ty),
                    fields,
                }))
            }
            Type::Named(ty) => Value::Named(Arc::new(Named {
                ty: Arc::clone(ty),
                value: ty.base.zero(),
            })),
            Type::Time => Value::Time(Time::default()),
        }
    }

    /// Whether a value of type `from` can be given where this type is wanted.
    pub(crate) fn takes(&self, from: &Type) -> bool {
        match (self, from) {
            (Type::Any, _)
            | (Type::Bool, Type::Bool)
            | (Type::Int, Type::Int)
            | (Type::Uint, Type::Uint)
            | (Type::Float, Type::Float)
            | (Type::Complex, Type::Complex)
            | (Type::Str, Type::Str)
            | (Type::Time, Type::Time)
            | (Type::Function, Type::Function) => true,
            (Type::List(a), Type::List(b)) | (Type::Map(a), Type::Map(b)) => a.is(b),
            (Type::Struct(a), Type::Struct(b)) => a.name == b.name,
            (Type::Named(a), Type::Named(b)) => a.name == b.name,
            _ => false,
        }
    }

    /// Whether both are the same type.
    pub(crate) fn is(&self, other: &Type) -> bool {
        matches!(self, Type::Any) == matches!(other, Type::Any) && self.takes(other)
    }

    /// Whether nil is a value of this type.
    pub(crate) fn can_be_nil(&self) -> bool {
        matches!(self, Type::Any | Type::List(_) | Type::Map(_) | Type::Function)
    }

    /// The type that decides how a constant is read.
    pub(crate) fn base(&self) -> &Type {
        match self {
            Type::Named(named) => &named.base,
            other => other,
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Type::Any => f.write_str("interface {}"),
            Type::Bool => f.write_str("bool"),
            Type::Int => f.write_str("int"),
            Type::Uint => f.write_str("uint"),
            Type::Float => f.write_str("float64"),
            Type::Complex => f.write_str("complex128"),
            Type::Str => f.write_str("string"),
            Type::List(element) => write!(f, "[]{element}"),
            Type::Map(element) => write!(f, "map[string]{element}"),
            Type::Struct(ty) => f.write_str(&ty.name),
            Type::Named(ty) => f.write_str(&ty.name),
            Type::Time => f.write_str("time.Time"),
            Type::Function => f.write_str("func"),
        }
    }
}
