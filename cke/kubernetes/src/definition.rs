//! Definitions of resources: YAML or JSON in, one object out; and a memory of which kind each of them is, because a loop
//! asks for that of every resource and some definitions are long.

use crate::error::Error;
use cke_model::resource::ResourceDefinition;
use parking_lot::Mutex;
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

#[cfg(test)]
mod tests;

/// Group, version and kind of an object.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Kind {
    /// Empty for the core group.
    pub(crate) group: String,
    pub(crate) version: String,
    pub(crate) kind: String,
}

impl Kind {
    /// `group/version`, or `version` alone.
    pub(crate) fn api_version(&self) -> String {
        if self.group.is_empty() {
            self.version.clone()
        } else {
            format!("{}/{}", self.group, self.version)
        }
    }
}

/// The object of a definition.
pub(crate) fn parse(resource: &ResourceDefinition) -> Result<Map<String, Value>, Error> {
    let value = cke_model::yaml::parse(&resource.definition, &mut Vec::new()).map_err(|source| {
        let source = Some(source.into());
        Error::Definition {
            key: resource.key.clone(),
            place: "it is not valid YAML".to_owned(),
            source,
        }
    })?;
    match value {
        Value::Object(object) => Ok(object),
        _ => Err(wrong(resource, "it is not an object")),
    }
}

/// The kind that an object says it is of.
pub(crate) fn kind(resource: &ResourceDefinition, object: &Map<String, Value>) -> Result<Kind, Error> {
    let text = |name: &str| object.get(name).and_then(Value::as_str).filter(|s| !s.is_empty());
    let api_version = text("apiVersion").ok_or_else(|| wrong(resource, "it has no apiVersion"))?;
    let kind = text("kind").ok_or_else(|| wrong(resource, "it has no kind"))?;
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    Ok(Kind {
        group: group.to_owned(),
        version: version.to_owned(),
        kind: kind.to_owned(),
    })
}

/// A definition with this in it cannot be used.
pub(crate) fn wrong(resource: &ResourceDefinition, place: &str) -> Error {
    Error::Definition {
        key: resource.key.clone(),
        place: place.to_owned(),
        source: None,
    }
}

/// The kinds of definitions that were seen before, by the definition's text.
#[derive(Default)]
pub(crate) struct Definitions {
    kinds: Mutex<HashMap<u64, Kind>>,
}

/// More than there are resources; what is beyond is read again.
const REMEMBERED: usize = 10_000;

impl Definitions {
    /// The kind of a definition.
    pub(crate) fn kind(&self, resource: &ResourceDefinition) -> Result<Kind, Error> {
        let mut hasher = DefaultHasher::new();
        resource.definition.hash(&mut hasher);
        let hash = hasher.finish();
        if let Some(kind) = self.kinds.lock().get(&hash) {
            return Ok(kind.clone());
        }
        let kind = kind(resource, &parse(resource)?)?;
        let mut kinds = self.kinds.lock();
        if kinds.len() >= REMEMBERED {
            kinds.clear();
        }
        kinds.insert(hash, kind.clone());
        Ok(kind)
    }
}
