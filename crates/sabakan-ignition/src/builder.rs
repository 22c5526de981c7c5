//! From a YAML tree to the stored template.
//!
//! The YAML file names an `include` (whose parts come first), a `passwd` file, files below `files/`, units below `systemd/`
//! and `networkd/`, and remote files. Paths are relative to the directory of the file that says them, with symbolic links
//! resolved.

mod parts;
mod yaml;

use std::path::{Path, PathBuf};

use sabakan_model::IgnitionTemplate;
use sabakan_model::ignition::Metadata;
use sabakan_model::json::RawJson;

use crate::document::{self, Node};
use crate::error::BuildError;
use crate::schema::{CONFIG_2_2, CONFIG_2_3, Kind, Object, Shown, Text};

/// How deep includes may go. A chain that is longer is almost surely a circle.
const MAX_INCLUDES: usize = 50;

/// The files that a template is built from. Errors are in the caller's words.
pub trait Tree {
    /// The contents of a file.
    ///
    /// # Errors
    /// When there is none, or it cannot be read.
    fn read(&self, path: &Path) -> Result<Vec<u8>, String>;

    /// The permission bits of a file, as `0o644`.
    ///
    /// # Errors
    /// When there is none.
    fn mode(&self, path: &Path) -> Result<u32, String>;

    /// The directory of a file, absolute and without symbolic links.
    ///
    /// # Errors
    /// When there is none.
    fn directory(&self, file: &Path) -> Result<PathBuf, String>;
}

/// A template, and what looked wrong on the way without being an error.
#[derive(Debug, Clone, PartialEq)]
pub struct Built {
    /// What the API stores.
    pub template: IgnitionTemplate,
    /// Keys that mean nothing, each with its file: `site.yml: networkds`.
    pub warnings: Vec<String>,
}

/// Builds a template from the YAML file `source`.
///
/// # Errors
/// With the file and the key that are wrong, or that ask for a file that cannot be read.
pub fn build(tree: &dyn Tree, source: &Path, metadata: Option<Metadata>) -> Result<Built, BuildError> {
    let mut builder = Builder {
        tree,
        warnings: Vec::new(),
        depth: 0,
    };
    let top = builder.load(source, "")?;
    let object = match top.text("version").as_str() {
        "2.2" => &CONFIG_2_2,
        "2.3" => &CONFIG_2_3,
        other => {
            return Err(top.wrong(
                "version",
                format!("unsupported ignition spec {other:?}; it must be 2.2 or 2.3"),
            ));
        }
    };
    let mut config = document::empty(object);
    builder.apply(object, &top, &mut config)?;
    let mut text = String::new();
    document::write(object, &config, &mut text);
    let template = IgnitionTemplate {
        version: top.text("version"),
        template: RawJson::new(text).map_err(BuildError::Store)?,
        meta: metadata,
        ..IgnitionTemplate::default()
    };
    Ok(Built {
        template,
        warnings: builder.warnings,
    })
}

const fn field(name: &'static str, kind: Kind, shown: Shown) -> crate::schema::Field {
    crate::schema::Field {
        name,
        kind,
        shown,
        text: Text::Plain,
    }
}

const fn object(fields: &'static [crate::schema::Field]) -> Object {
    Object { fields, named_by: None }
}

static REMOTE_FILE: Object = object(&[
    field("name", Kind::Str, Shown::Filled),
    field("url", Kind::Str, Shown::Filled),
    field("mode", Kind::Int, Shown::Present),
]);
static SYSTEMD_UNIT: Object = object(&[
    field("name", Kind::Str, Shown::Filled),
    field("enabled", Kind::Bool, Shown::Filled),
    field("mask", Kind::Bool, Shown::Filled),
]);
/// The YAML file.
static SOURCE: Object = object(&[
    field("version", Kind::Str, Shown::Filled),
    field("include", Kind::Str, Shown::Filled),
    field("passwd", Kind::Str, Shown::Filled),
    field("files", Kind::List(&Kind::Str), Shown::Filled),
    field("remote_files", Kind::List(&Kind::Object(&REMOTE_FILE)), Shown::Filled),
    field("systemd", Kind::List(&Kind::Object(&SYSTEMD_UNIT)), Shown::Filled),
    field("networkd", Kind::List(&Kind::Str), Shown::Filled),
]);

/// A YAML file that was read.
struct Source {
    file: PathBuf,
    /// Its directory.
    base: PathBuf,
    node: Node,
}

impl Source {
    fn get(&self, name: &str) -> &Node {
        self.node.get(&SOURCE, name)
    }

    fn text(&self, name: &str) -> String {
        self.get(name).text()
    }

    fn wrong(&self, key: &str, problem: String) -> BuildError {
        BuildError::Value {
            file: self.file.clone(),
            key: key.to_owned(),
            problem,
        }
    }

    /// Who wants a file, for errors.
    fn wants(&self, key: &str) -> String {
        format!("{}: {key}", self.file.display())
    }
}

struct Builder<'a> {
    tree: &'a dyn Tree,
    warnings: Vec<String>,
    depth: usize,
}

impl Builder<'_> {
    fn load(&mut self, file: &Path, wanted_by: &str) -> Result<Source, BuildError> {
        let unreadable = |problem| BuildError::Read {
            file: file.to_owned(),
            wanted_by: wanted_by.to_owned(),
            problem,
        };
        let base = self.tree.directory(file).map_err(unreadable)?;
        let bytes = self.tree.read(file).map_err(unreadable)?;
        let mut node = yaml::read(&SOURCE, file, &bytes, &mut self.warnings)?;
        if node.get(&SOURCE, "version").text().is_empty() {
            // What was written before there were two versions.
            node.set(&SOURCE, "version", Node::Str(b"2.2".to_vec()));
        }
        Ok(Source {
            file: file.to_owned(),
            base,
            node,
        })
    }

    /// Adds what a file says to the document: its include first.
    fn apply(&mut self, object: &'static Object, source: &Source, config: &mut Node) -> Result<(), BuildError> {
        let include = source.text("include");
        if !include.is_empty() {
            self.depth += 1;
            if self.depth > MAX_INCLUDES {
                return Err(source.wrong(
                    "include",
                    format!("includes go deeper than {MAX_INCLUDES}; is there a circle?"),
                ));
            }
            let parent = self.load(&join(&source.base, &include), &source.wants("include"))?;
            let (theirs, ours) = (parent.text("version"), source.text("version"));
            if theirs != ours {
                let problem = format!("{include} has version {theirs}, but this file has {ours}");
                return Err(source.wrong("include", problem));
            }
            self.apply(object, &parent, config)?;
        }
        self.passwd(object, source, config)?;
        self.files(object, source, config)?;
        self.remote_files(object, source, config)?;
        self.networkd(object, source, config)?;
        self.systemd(object, source, config)
    }

    fn read(&self, file: &Path, wanted_by: &str) -> Result<Vec<u8>, BuildError> {
        self.tree.read(file).map_err(|problem| BuildError::Read {
            file: file.to_owned(),
            wanted_by: wanted_by.to_owned(),
            problem,
        })
    }
}

/// `path` below `base`, without `.` and `..`; an absolute path is itself.
fn join(base: &Path, path: &str) -> PathBuf {
    use std::path::Component;
    let mut joined = PathBuf::new();
    for component in base.join(path).components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                joined.pop();
            }
            other => joined.push(other),
        }
    }
    joined
}
