//! Values of types from a tree, with texts made of what stands where a text belongs, and the path in every error.

use super::YamlError;
use serde::de::value::StrDeserializer;
use serde::de::{self, DeserializeOwned, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;
use serde_json::Value;
use std::cell::RefCell;
use std::fmt;

/// How serde_json asks for the text of a value. Of the types that are read here only unknown members are kept as text.
const RAW_VALUE: &str = "$serde_json::private::RawValue";

pub(super) fn typed<T: DeserializeOwned>(tree: &Value, warnings: &mut Vec<String>) -> Result<T, YamlError> {
    let unknown = RefCell::new(Vec::new());
    let root = Lenient {
        value: tree,
        path: &Path::Root,
        unknown: &unknown,
    };
    let value = T::deserialize(root).map_err(|error| YamlError::Type {
        place: error.place.unwrap_or_else(|| "the document".to_owned()),
        problem: error.problem,
    });
    warnings.extend(
        unknown
            .take()
            .into_iter()
            .map(|path| format!("{path}: unknown key, ignored")),
    );
    value
}

/// Where a value stands.
enum Path<'a> {
    Root,
    Member(&'a Path<'a>, &'a str),
    Item(&'a Path<'a>, usize),
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => f.write_str("the document"),
            Self::Member(Self::Root, name) => f.write_str(name),
            Self::Member(parent, name) => write!(f, "{parent}.{name}"),
            Self::Item(Self::Root, at) => write!(f, "[{at}]"),
            Self::Item(parent, at) => write!(f, "{parent}[{at}]"),
        }
    }
}

/// An error that learns its place on the way out.
#[derive(Debug)]
struct PlacedError {
    place: Option<String>,
    problem: String,
}

impl fmt::Display for PlacedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.problem)
    }
}

impl std::error::Error for PlacedError {}

impl de::Error for PlacedError {
    fn custom<T: fmt::Display>(problem: T) -> Self {
        Self {
            place: None,
            problem: problem.to_string(),
        }
    }
}

#[derive(Clone, Copy)]
struct Lenient<'a> {
    value: &'a Value,
    path: &'a Path<'a>,
    unknown: &'a RefCell<Vec<String>>,
}

impl Lenient<'_> {
    fn placed<T>(self, result: Result<T, PlacedError>) -> Result<T, PlacedError> {
        result.map_err(|error| PlacedError {
            place: error.place.or_else(|| Some(self.path.to_string())),
            ..error
        })
    }
}

impl<'de> Deserializer<'de> for Lenient<'_> {
    type Error = PlacedError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, PlacedError> {
        let value = match self.value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(b) => visitor.visit_bool(*b),
            Value::String(text) => visitor.visit_str(text),
            Value::Number(number) => number.deserialize_any(visitor).map_err(de::Error::custom),
            Value::Array(items) => visitor.visit_seq(Items { of: self, items, at: 0 }),
            Value::Object(members) => visitor.visit_map(Members {
                of: self,
                rest: members.iter(),
                current: None,
            }),
        };
        self.placed(value)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, PlacedError> {
        match self.value {
            Value::Bool(_) | Value::Number(_) => self.placed(visitor.visit_string(self.value.to_string())),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, PlacedError> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, PlacedError> {
        match self.value {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, PlacedError> {
        if name != RAW_VALUE {
            return visitor.visit_newtype_struct(self);
        }
        self.unknown.borrow_mut().push(self.path.to_string());
        let raw = self.value.clone().deserialize_newtype_struct(name, visitor);
        raw.map_err(de::Error::custom)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char bytes byte_buf unit unit_struct
        seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

struct Items<'a> {
    of: Lenient<'a>,
    items: &'a [Value],
    at: usize,
}

impl<'de> SeqAccess<'de> for Items<'_> {
    type Error = PlacedError;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, PlacedError> {
        let Some(value) = self.items.get(self.at) else {
            return Ok(None);
        };
        let path = Path::Item(self.of.path, self.at);
        self.at += 1;
        let item = Lenient {
            value,
            path: &path,
            ..self.of
        };
        item.placed(seed.deserialize(item)).map(Some)
    }
}

struct Members<'a> {
    of: Lenient<'a>,
    rest: serde_json::map::Iter<'a>,
    current: Option<(&'a str, &'a Value)>,
}

impl<'de> MapAccess<'de> for Members<'_> {
    type Error = PlacedError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, PlacedError> {
        self.current = self.rest.next().map(|(name, value)| (name.as_str(), value));
        let name = self.current.map(|(name, _)| StrDeserializer::new(name));
        name.map(|name| seed.deserialize(name)).transpose()
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, PlacedError> {
        let (name, value) = self.current.take().unwrap_or(("", &Value::Null));
        let path = Path::Member(self.of.path, name);
        let member = Lenient {
            value,
            path: &path,
            ..self.of
        };
        member.placed(seed.deserialize(member))
    }
}
