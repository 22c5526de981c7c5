//! Rendering Ignition for a machine, with the parsed templates kept: in a storm thousands of machines ask for the same few.

use parking_lot::Mutex;
use sabakan_ignition::{Error, Prepared, Spec, Urls};
use sabakan_model::{IgnitionTemplate, Machine};
use sabakan_storage::StoredTemplate;
use std::collections::HashMap;
use std::sync::Arc;

/// Templates kept parsed. A site has a few roles with ten templates each; past this the memory is begun anew.
const MOST: usize = 256;

/// By this key in a template's metadata an operator asks for another specification than the template's own.
const SPEC_KEY: &str = "ignition-spec";

/// Templates by the revision that wrote them, and what is put into them.
#[derive(Debug)]
pub struct Renderer {
    urls: Urls,
    prepared: Mutex<HashMap<i64, Arc<Prepared>>>,
}

impl Renderer {
    /// A renderer for a server of these URLs.
    #[must_use]
    pub fn new(http: &str, https: &str) -> Self {
        let urls = Urls {
            http: http.to_owned(),
            https: https.to_owned(),
        };
        Self {
            urls,
            prepared: Mutex::default(),
        }
    }

    /// The Ignition of a machine from a stored template, in the specification asked for, else the one that the template's
    /// metadata names, else its own.
    ///
    /// # Errors
    /// Names the file, line and function of the template that fails.
    pub fn render(&self, stored: &StoredTemplate, machine: &Machine, spec: Option<Spec>) -> Result<String, Error> {
        let spec = spec.unwrap_or_else(|| of_template(&stored.template));
        self.prepared(stored)?.render(machine, &self.urls, spec)
    }

    /// Tries a template that is not stored yet.
    ///
    /// # Errors
    /// As [`Renderer::render`].
    pub fn check(&self, template: &IgnitionTemplate, plan: &sabakan_model::IpamConfig) -> Result<(), Error> {
        sabakan_ignition::validate(template, plan, &self.urls)
    }

    fn prepared(&self, stored: &StoredTemplate) -> Result<Arc<Prepared>, Error> {
        if let Some(known) = self.prepared.lock().get(&stored.revision) {
            return Ok(Arc::clone(known));
        }
        let fresh = Arc::new(Prepared::new(&stored.template)?);
        let mut kept = self.prepared.lock();
        if kept.len() >= MOST {
            kept.clear();
        }
        kept.insert(stored.revision, Arc::clone(&fresh));
        Ok(fresh)
    }
}

fn of_template(template: &IgnitionTemplate) -> Spec {
    let named = template
        .meta
        .as_ref()
        .and_then(|meta| meta.0.get(SPEC_KEY))
        .and_then(serde_json::Value::as_str);
    named.and_then(parse_spec).unwrap_or_default()
}

/// The specification that a word names.
#[must_use]
pub fn parse_spec(word: &str) -> Option<Spec> {
    match word {
        "3.4" | "3.4.0" => Some(Spec::V3_4),
        "stored" => Some(Spec::Stored),
        _ => None,
    }
}
