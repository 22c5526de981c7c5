//! Ignition's specifications 2.2 and 2.3 as tables: names and order of fields, what is left out when empty, and which
//! strings are templates of sabakan's.
//!
//! Sources: the JSON schemas of Ignition 0.2x (`schema/ignition.json`) at specification 2.2.0 and 2.3.0. The two differ in
//! which empty strings are written, and in partitions.

mod v2;

pub(crate) use v2::{CONFIG_2_2, CONFIG_2_3};

/// The type of a value.
#[derive(Debug)]
pub(crate) enum Kind {
    Bool,
    Int,
    Str,
    List(&'static Kind),
    Object(&'static Object),
}

/// An object's fields in the order in which they are written.
#[derive(Debug)]
pub(crate) struct Object {
    pub(crate) fields: &'static [Field],
    /// The field whose value names the templates in here: a file's path, a unit's name. Others are named by their place.
    pub(crate) named_by: Option<&'static str>,
}

/// A field of an object.
#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) shown: Shown,
    pub(crate) text: Text,
}

/// When a field is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shown {
    /// Always: with its zero value when it is absent.
    Always,
    /// Unless it is false, 0 or empty.
    Filled,
    /// When it is there, even if false, 0 or empty.
    Present,
}

/// What a string is for sabakan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Text {
    /// Taken as it is.
    Plain,
    /// A template.
    Template,
    /// A data URL whose contents are a template, or a URL that is one.
    Source,
}

impl Object {
    /// The field that a JSON key means: by its name, else by its name in any case, as Go reads JSON.
    pub(crate) fn position(&self, key: &str) -> Option<usize> {
        let exact = self.fields.iter().position(|field| field.name == key);
        exact.or_else(|| {
            self.fields
                .iter()
                .position(|field| field.name.eq_ignore_ascii_case(key))
        })
    }

    /// Where a field stands that the caller knows to exist.
    pub(crate) fn index(&self, name: &str) -> Option<usize> {
        self.fields.iter().position(|field| field.name == name)
    }
}
