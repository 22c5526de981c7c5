//! A stored template, ready to be rendered for one machine after the other.
//!
//! Preparing reads the JSON by the tables of its version and parses every string that is a template, so that a storm of
//! machines costs only the rendering.

use gotemplate::{Functions, Limits, Template, Value};
use sabakan_model::{IgnitionTemplate, IpamConfig, Machine};

use crate::data_url;
use crate::document::{self, Node, join};
use crate::error::Error;
use crate::functions::{Urls, functions};
use crate::machine::machine_value;
use crate::schema::{CONFIG_2_2, CONFIG_2_3, Kind, Object, Text};
use crate::v3;

/// Bytes that one machine's Ignition may have before it is encoded.
const MAX_OUTPUT: usize = 64 << 20;
/// Steps that all templates of one machine may take together.
const MAX_STEPS: usize = 20_000_000;

/// Which version of the specification to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Spec {
    /// The template's own: 2.2 or 2.3.
    #[default]
    Stored,
    /// Version 3.4, for a Flatcar of today.
    V3_4,
}

/// A part of the document.
#[derive(Debug)]
enum Part {
    Fixed(Node),
    List(Vec<Part>),
    Object(Vec<Part>),
    Template(Box<RenderedText>),
}

/// A string that is rendered.
#[derive(Debug)]
struct RenderedText {
    template: Template,
    /// The file, unit or key whose text it is.
    file: String,
    /// The result is the contents of a data URL.
    embedded: bool,
}

/// A stored template with everything parsed.
#[derive(Debug)]
pub struct Prepared {
    object: &'static Object,
    version: &'static str,
    document: Part,
    metadata: Value,
    limits: Limits,
}

impl Prepared {
    /// Reads and parses a stored template.
    ///
    /// # Errors
    /// With the key of a value of the wrong type, or the file and line of a template that does not parse.
    pub fn new(template: &IgnitionTemplate) -> Result<Self, Error> {
        let (object, version) = match template.version.as_str() {
            "2.2" => (&CONFIG_2_2, "2.2.0"),
            "2.3" => (&CONFIG_2_3, "2.3.0"),
            other => return Err(Error::Version(other.to_owned())),
        };
        let json = serde_json::from_str(template.template.as_str()).map_err(Error::Json)?;
        let node = document::read(object, &json, "")?;
        let mut parser = Parser {
            functions: functions(&Urls::default(), &Value::Nil),
            count: 0,
        };
        let document = parser.object(object, node, "", None)?;
        let metadata = match &template.meta {
            Some(meta) => Value::from_json(&serde_json::Value::Object(meta.0.clone())),
            None => Value::Nil,
        };
        let steps = (MAX_STEPS / parser.count.max(1)).clamp(20_000, 1_000_000);
        Ok(Self {
            object,
            version,
            document,
            metadata,
            limits: Limits {
                steps,
                ..Limits::default()
            },
        })
    }

    /// The Ignition of one machine as JSON, without a line break at the end.
    ///
    /// # Errors
    /// With the file, line and function of a template that fails; for [`Spec::V3_4`] also with the key of what cannot be
    /// translated.
    pub fn render(&self, machine: &Machine, urls: &Urls, spec: Spec) -> Result<String, Error> {
        let mut renderer = Renderer {
            functions: functions(urls, &self.metadata),
            data: machine_value(machine),
            limits: self.limits,
            left: MAX_OUTPUT,
        };
        let mut node = renderer.part(&self.document)?;
        self.set_version(&mut node);
        let mut out = String::new();
        match spec {
            Spec::Stored => document::write(self.object, &node, &mut out),
            Spec::V3_4 => v3::write(self.object, &node, &mut out)?,
        }
        Ok(out)
    }

    fn set_version(&self, document: &mut Node) {
        let Some(ignition) = self.object.fields.first() else {
            return;
        };
        if let (Kind::Object(object), Node::Object(values)) = (&ignition.kind, document)
            && let Some(value) = values.first_mut()
        {
            value.set(object, "version", Node::Str(self.version.as_bytes().to_vec()));
        }
    }
}

/// Tries a template with a made-up machine, which is what storing it demands: serial `1234abcd`, rack 1, index 1, and
/// addresses by the plan.
///
/// # Errors
/// As [`Prepared::new`] and [`Prepared::render`], and when the plan has no address for that place.
pub fn validate(template: &IgnitionTemplate, plan: &IpamConfig, urls: &Urls) -> Result<(), Error> {
    let mut machine = Machine::default();
    machine.spec.serial = "1234abcd".to_owned();
    machine.spec.rack = 1;
    machine.spec.index_in_rack = 1;
    plan.fill_addresses(&mut machine).map_err(Error::Place)?;
    Prepared::new(template)?
        .render(&machine, urls, Spec::Stored)
        .map(|_| ())
}

struct Parser {
    functions: Functions,
    count: usize,
}

impl Parser {
    /// `file` names the templates in here, else their path in the document does.
    fn object(&mut self, object: &'static Object, node: Node, path: &str, file: Option<&str>) -> Result<Part, Error> {
        let own = object.named_by.map(|field| node.get(object, field).text());
        let file = own.as_deref().or(file);
        let Node::Object(values) = node else {
            return Ok(Part::Fixed(node));
        };
        let parts = object.fields.iter().zip(values).map(|(field, value)| {
            let path = join(path, field.name);
            self.value(&field.kind, field.text, value, &path, file)
        });
        parts.collect::<Result<_, _>>().map(Part::Object)
    }

    fn value(
        &mut self,
        kind: &'static Kind,
        text: Text,
        node: Node,
        path: &str,
        file: Option<&str>,
    ) -> Result<Part, Error> {
        match (kind, node) {
            (Kind::Object(object), node @ Node::Object(_)) => self.object(object, node, path, file),
            (Kind::List(element), Node::List(items)) => {
                let items = items.into_iter().enumerate();
                let parts = items.map(|(i, item)| self.value(element, text, item, &format!("{path}[{i}]"), file));
                parts.collect::<Result<_, _>>().map(Part::List)
            }
            (Kind::Str, Node::Str(source)) if text != Text::Plain => self.text(text, source, file.unwrap_or(path)),
            (_, node) => Ok(Part::Fixed(node)),
        }
    }

    fn text(&mut self, text: Text, source: Vec<u8>, file: &str) -> Result<Part, Error> {
        let embedded = text == Text::Source && source.starts_with(data_url::PREFIX.as_bytes());
        let source = if embedded {
            let url = String::from_utf8_lossy(&source);
            data_url::decode(&url).map_err(|problem| Error::DataUrl {
                file: file.to_owned(),
                problem,
            })?
        } else {
            source
        };
        if !source.windows(2).any(|pair| pair == b"{{") {
            return Ok(Part::Fixed(Node::Str(finished(source, embedded))));
        }
        self.count += 1;
        let template = Template::parse(file, &source, &self.functions).map_err(|error| failed(file, error))?;
        Ok(Part::Template(Box::new(RenderedText {
            template,
            file: file.to_owned(),
            embedded,
        })))
    }
}

struct Renderer {
    functions: Functions,
    data: Value,
    limits: Limits,
    /// Bytes that may still be written.
    left: usize,
}

impl Renderer {
    fn part(&mut self, part: &Part) -> Result<Node, Error> {
        match part {
            Part::Fixed(node) => Ok(node.clone()),
            Part::List(parts) => self.parts(parts).map(Node::List),
            Part::Object(parts) => self.parts(parts).map(Node::Object),
            Part::Template(text) => {
                let limits = Limits {
                    output: self.limits.output.min(self.left),
                    ..self.limits
                };
                let rendered = text.template.render(&self.data, &self.functions, &limits);
                let rendered = rendered.map_err(|error| failed(&text.file, error))?;
                self.left = self.left.saturating_sub(rendered.len());
                Ok(Node::Str(finished(rendered, text.embedded)))
            }
        }
    }

    fn parts(&mut self, parts: &[Part]) -> Result<Vec<Node>, Error> {
        parts.iter().map(|part| self.part(part)).collect()
    }
}

fn finished(text: Vec<u8>, embedded: bool) -> Vec<u8> {
    if embedded {
        data_url::encode(&text).into_bytes()
    } else {
        text
    }
}

fn failed(file: &str, error: gotemplate::Error) -> Error {
    Error::Template {
        file: file.to_owned(),
        source: Box::new(error),
    }
}
