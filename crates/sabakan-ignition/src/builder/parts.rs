//! The parts of a YAML file, each put into the document.

use super::{Builder, REMOTE_FILE, SYSTEMD_UNIT, Source, join, yaml};
use crate::data_url;
use crate::document::{self, Node};
use crate::error::BuildError;
use crate::schema::{Kind, Object};

type Done = Result<(), BuildError>;

impl Builder<'_> {
    /// The whole of passwd: what an include said of it is gone.
    pub(super) fn passwd(&mut self, config: &'static Object, source: &Source, document: &mut Node) -> Done {
        let name = source.text("passwd");
        let Some(Kind::Object(object)) = kind(config, "passwd").filter(|_| !name.is_empty()) else {
            return Ok(());
        };
        let file = join(&source.base, &name);
        let bytes = self.read(&file, &source.wants("passwd"))?;
        let node = yaml::read(object, &file, &bytes, &mut self.warnings)?;
        document.set(config, "passwd", node);
        Ok(())
    }

    pub(super) fn files(&mut self, config: &'static Object, source: &Source, document: &mut Node) -> Done {
        for (i, item) in source.get("files").items().iter().enumerate() {
            let (key, name) = (format!("files[{i}]"), item.text());
            absolute(source, &key, &name)?;
            let path = join(&source.base.join("files"), name.trim_start_matches('/'));
            let wants = source.wants(&key);
            let bytes = self.read(&path, &wants)?;
            let mode = self.tree.mode(&path);
            let mode = mode.map_err(|problem| BuildError::Read {
                file: path,
                wanted_by: wants,
                problem,
            })?;
            let contents = data_url::encode(&bytes);
            add(config, document, "storage", "files", &|object| {
                file(object, &name, &contents, Node::Int(i64::from(mode & 0o777)))
            });
        }
        Ok(())
    }

    pub(super) fn remote_files(&mut self, config: &'static Object, source: &Source, document: &mut Node) -> Done {
        for (i, item) in source.get("remote_files").items().iter().enumerate() {
            let name = item.get(&REMOTE_FILE, "name").text();
            absolute(source, &format!("remote_files[{i}].name"), &name)?;
            let url = item.get(&REMOTE_FILE, "url").text();
            let mode = item.get(&REMOTE_FILE, "mode");
            add(config, document, "storage", "files", &|object| {
                file(object, &name, &url, mode.clone())
            });
        }
        Ok(())
    }

    pub(super) fn networkd(&mut self, config: &'static Object, source: &Source, document: &mut Node) -> Done {
        for (i, item) in source.get("networkd").items().iter().enumerate() {
            let name = item.text();
            let contents = self.read(
                &join(&source.base.join("networkd"), &name),
                &source.wants(&format!("networkd[{i}]")),
            )?;
            add(config, document, "networkd", "units", &|object| {
                let mut unit = document::empty(object);
                unit.set(object, "name", Node::Str(name.clone().into_bytes()));
                unit.set(object, "contents", Node::Str(contents.clone()));
                unit
            });
        }
        Ok(())
    }

    pub(super) fn systemd(&mut self, config: &'static Object, source: &Source, document: &mut Node) -> Done {
        for (i, item) in source.get("systemd").items().iter().enumerate() {
            let name = item.get(&SYSTEMD_UNIT, "name").text();
            let is = |field: &str| *item.get(&SYSTEMD_UNIT, field) == Node::Bool(true);
            let masked = is("mask");
            let contents = if masked {
                Vec::new()
            } else {
                let wants = source.wants(&format!("systemd[{i}].name"));
                self.read(&join(&source.base.join("systemd"), &name), &wants)?
            };
            let enabled = is("enabled") && !masked;
            add(config, document, "systemd", "units", &|object| {
                let mut unit = document::empty(object);
                unit.set(object, "name", Node::Str(name.clone().into_bytes()));
                unit.set(object, "contents", Node::Str(contents.clone()));
                unit.set(object, "mask", Node::Bool(masked));
                unit.set(object, "enabled", if enabled { Node::Bool(true) } else { Node::Absent });
                unit
            });
        }
        Ok(())
    }
}

fn absolute(source: &Source, key: &str, name: &str) -> Done {
    if name.starts_with('/') {
        return Ok(());
    }
    Err(source.wrong(key, format!("{name:?} is not an absolute path")))
}

fn file(object: &Object, path: &str, url: &str, mode: Node) -> Node {
    let mut node = document::empty(object);
    node.set(object, "filesystem", Node::Str(b"root".to_vec()));
    node.set(object, "path", Node::Str(path.as_bytes().to_vec()));
    node.set(object, "mode", mode);
    if let Some(Kind::Object(contents)) = kind(object, "contents") {
        let mut value = document::empty(contents);
        value.set(contents, "source", Node::Str(url.as_bytes().to_vec()));
        node.set(object, "contents", value);
    }
    node
}

fn kind<'a>(object: &'a Object, name: &str) -> Option<&'a Kind> {
    object
        .index(name)
        .and_then(|at| object.fields.get(at))
        .map(|field| &field.kind)
}

/// Appends an element to `config.part.list`; it is made by the type of the list's elements.
fn add(config: &'static Object, document: &mut Node, part: &str, list: &str, make: &dyn Fn(&'static Object) -> Node) {
    let Some(Kind::Object(object)) = kind(config, part) else {
        return;
    };
    let Some(Kind::List(Kind::Object(element))) = kind(object, list) else {
        return;
    };
    let (Node::Object(parts), Some(at), Some(inner)) = (document, config.index(part), object.index(list)) else {
        return;
    };
    let Some(Node::Object(values)) = parts.get_mut(at) else {
        return;
    };
    match values.get_mut(inner) {
        Some(Node::List(items)) => items.push(make(element)),
        Some(slot) => *slot = Node::List(vec![make(element)]),
        None => {}
    }
}
