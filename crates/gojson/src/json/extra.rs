//! Members of an object whose names are not known to this version.

use super::raw::RawJson;
use serde::de::{DeserializeSeed, Deserializer, Visitor};
use serde::ser::SerializeMap;
use std::fmt;

/// Unknown members of an object, in the order they were read, with their values as text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
// Boxed twice so that the usual empty one costs a record eight bytes: a data center holds a dozen of them per machine.
#[allow(clippy::box_collection, reason = "the outer box makes the empty case one word")]
pub struct Extra(Option<Box<Vec<(String, RawJson)>>>);

impl Extra {
    /// True when every member was known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// The first unknown name.
    #[must_use]
    pub fn first_name(&self) -> Option<&str> {
        self.0.as_ref()?.first().map(|(name, _)| name.as_str())
    }

    /// Adds a member; of doubled names the last wins, as in Go.
    pub fn insert(&mut self, name: String, value: RawJson) {
        let members = self.0.get_or_insert_default();
        match members.iter_mut().find(|(n, _)| *n == name) {
            Some(slot) => slot.1 = value,
            None => members.push((name, value)),
        }
    }

    /// Writes the members into an object, as they were read.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn serialize_into<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        for (name, value) in self.0.iter().flat_map(|members| members.iter()) {
            map.serialize_entry(name, value)?;
        }
        Ok(())
    }
}

/// The name of a member, looked up among the known ones.
pub enum Member {
    /// One of the names given.
    Known(&'static str),
    /// Any other.
    Unknown(String),
}

/// Reads a member's name without allocating when it is known.
pub struct MemberSeed(pub &'static [&'static str]);

impl<'de> DeserializeSeed<'de> for MemberSeed {
    type Value = Member;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Member, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl Visitor<'_> for MemberSeed {
    type Value = Member;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a member name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Member, E> {
        let exact = self.0.iter().find(|n| **n == name);
        let known = exact.or_else(|| self.0.iter().find(|n| same_folded(n, name)));
        Ok(known.map_or_else(|| Member::Unknown(name.to_owned()), |n| Member::Known(n)))
    }
}

/// Go folds names by Unicode's simple case folding; over ASCII names that is ASCII case, the Kelvin sign and the long s.
fn same_folded(known: &str, name: &str) -> bool {
    known.chars().map(fold).eq(name.chars().map(fold))
}

fn fold(c: char) -> char {
    match c {
        '\u{212a}' => 'k',
        '\u{17f}' => 's',
        other => other.to_ascii_lowercase(),
    }
}
