//! The same document in version 3.4 of the specification, which Flatcar's Ignition reads today.
//!
//! Most fields keep their names and are copied by them. What differs:
//! - a node lies at a path, not in a named file system: the path of the file system goes before it;
//! - one path, one unit, one user once: the last one wins, as it did when version 2 wrote them one after the other;
//! - files replaced what was there before, which now has to be said;
//! - there is no networkd: its units are files below `/etc/systemd/network`;
//! - `enable` is `enabled`; what `create` said of a user stands in the user; `config.append` is `config.merge`.
//!
//! Disks, RAID and file systems to be made cannot be written in sabakan's YAML, and are refused.

mod tables;

use std::collections::BTreeMap;

use crate::data_url;
use crate::document::{self, Node, empty};
use crate::error::Error;
use crate::schema::{Kind, Object};

use tables::{CONFIG, CONTENTS, DIRECTORY, FILE, IGNITION, LINK, PASSWD, REFERENCES, STORAGE, SYSTEMD, UNIT, USER};

/// Writes a rendered document of version 2 in version 3.4.
pub(crate) fn write(object: &'static Object, node: &Node, out: &mut String) -> Result<(), Error> {
    let source = Source { object, node };
    let mut config = empty(&CONFIG);
    config.set(&CONFIG, "ignition", ignition(source.field("ignition")));
    config.set(&CONFIG, "passwd", passwd(source.field("passwd")));
    config.set(&CONFIG, "storage", storage(source)?);
    config.set(&CONFIG, "systemd", systemd(source.field("systemd")));
    document::write(&CONFIG, &config, out);
    Ok(())
}

/// A value of version 2 with its type.
#[derive(Clone, Copy)]
struct Source<'a> {
    object: &'static Object,
    node: &'a Node,
}

impl<'a> Source<'a> {
    /// A field that is an object, there or not.
    fn field(self, name: &str) -> Source<'a> {
        let kind = self
            .object
            .index(name)
            .and_then(|at| self.object.fields.get(at))
            .map(|field| &field.kind);
        match kind {
            Some(Kind::Object(object)) => Source {
                object,
                node: self.node.get(self.object, name),
            },
            _ => Source {
                object: self.object,
                node: &Node::Absent,
            },
        }
    }

    /// The objects of a field that is a list of them.
    fn list(self, name: &str) -> Vec<Source<'a>> {
        let kind = self
            .object
            .index(name)
            .and_then(|at| self.object.fields.get(at))
            .map(|field| &field.kind);
        let Some(Kind::List(Kind::Object(object))) = kind else {
            return Vec::new();
        };
        self.node
            .get(self.object, name)
            .items()
            .iter()
            .map(|node| Source { object, node })
            .collect()
    }

    fn get(self, name: &str) -> &'a Node {
        self.node.get(self.object, name)
    }

    fn text(self, name: &str) -> String {
        self.get(name).text()
    }

    fn is_true(self, name: &str) -> bool {
        *self.get(name) == Node::Bool(true)
    }

    /// A value of another type with what both have by name.
    fn copied(self, to: &'static Object) -> Node {
        let mut node = empty(to);
        for field in to.fields {
            let value = self.get(field.name);
            match &field.kind {
                Kind::Object(object) if matches!(value, Node::Object(_)) => {
                    node.set(to, field.name, self.field(field.name).copied(object));
                }
                Kind::List(Kind::Object(object)) => {
                    let items: Vec<Node> = self
                        .list(field.name)
                        .into_iter()
                        .map(|item| item.copied(object))
                        .collect();
                    node.set(to, field.name, Node::List(items));
                }
                _ if *value != Node::Absent => node.set(to, field.name, value.clone()),
                _ => {}
            }
        }
        node
    }
}

/// What version 2 could also say in a user's `create`.
const CREATED: [&str; 10] = [
    "gecos",
    "groups",
    "homeDir",
    "noCreateHome",
    "noLogInit",
    "noUserGroup",
    "primaryGroup",
    "shell",
    "system",
    "uid",
];

/// Keeps the last value of each key, at the place of the first.
#[derive(Default)]
struct Unique {
    at: BTreeMap<String, usize>,
    nodes: Vec<Node>,
}

impl Unique {
    fn put(&mut self, key: String, node: Node) {
        match self.at.get(&key).and_then(|at| self.nodes.get_mut(*at)) {
            Some(slot) => *slot = node,
            None => {
                self.at.insert(key, self.nodes.len());
                self.nodes.push(node);
            }
        }
    }

    fn list(self) -> Node {
        Node::List(self.nodes)
    }
}

fn ignition(from: Source<'_>) -> Node {
    let mut node = from.copied(&IGNITION);
    node.set(&IGNITION, "version", Node::Str(b"3.4.0".to_vec()));
    let config = from.field("config");
    let mut references = config.copied(&REFERENCES);
    let merge = config
        .list("append")
        .into_iter()
        .map(|item| item.copied(&tables::REFERENCE))
        .collect();
    references.set(&REFERENCES, "merge", Node::List(merge));
    node.set(&IGNITION, "config", references);
    node
}

fn passwd(from: Source<'_>) -> Node {
    let mut node = from.copied(&PASSWD);
    let mut users = Unique::default();
    for user in from.list("users") {
        let mut translated = user.copied(&USER);
        let create = user.field("create");
        for name in CREATED {
            let value = create.get(name);
            if value.is_filled() && !user.get(name).is_filled() {
                translated.set(&USER, name, value.clone());
            }
        }
        users.put(user.text("name"), translated);
    }
    node.set(&PASSWD, "users", users.list());
    let mut groups = Unique::default();
    for group in from.list("groups") {
        groups.put(group.text("name"), group.copied(&tables::GROUP));
    }
    node.set(&PASSWD, "groups", groups.list());
    node
}

fn storage(config: Source<'_>) -> Result<Node, Error> {
    let from = config.field("storage");
    for name in ["disks", "raid"] {
        if !from.list(name).is_empty() {
            return Err(untranslatable(name, "disks are not set up by sabakan's templates"));
        }
    }
    let roots = roots(from)?;
    let mut node = empty(&STORAGE);
    let mut files = Unique::default();
    for item in from.list("files") {
        let path = path(item, &roots)?;
        file(item, &path, &mut files);
    }
    networkd(config.field("networkd"), &mut files);
    node.set(&STORAGE, "files", files.list());
    for (name, object) in [("directories", &DIRECTORY), ("links", &LINK)] {
        let mut nodes = Unique::default();
        for item in from.list(name) {
            let path = path(item, &roots)?;
            let mut copy = item.copied(object);
            copy.set(object, "path", Node::Str(path.clone().into_bytes()));
            nodes.put(path, copy);
        }
        node.set(&STORAGE, name, nodes.list());
    }
    Ok(node)
}

/// The paths of named file systems.
fn roots(storage: Source<'_>) -> Result<BTreeMap<String, String>, Error> {
    let mut roots = BTreeMap::from([("root".to_owned(), String::new()), (String::new(), String::new())]);
    for filesystem in storage.list("filesystems") {
        if matches!(filesystem.get("mount"), Node::Object(_)) {
            return Err(untranslatable(
                "filesystems",
                "file systems are not made by sabakan's templates",
            ));
        }
        roots.insert(
            filesystem.text("name"),
            filesystem.text("path").trim_end_matches('/').to_owned(),
        );
    }
    Ok(roots)
}

fn path(item: Source<'_>, roots: &BTreeMap<String, String>) -> Result<String, Error> {
    let filesystem = item.text("filesystem");
    match roots.get(&filesystem) {
        Some(root) => Ok(root.clone() + &item.text("path")),
        None => Err(untranslatable(
            "files",
            &format!("{}: no file system is named {filesystem:?}", item.text("path")),
        )),
    }
}

fn file(item: Source<'_>, path: &str, files: &mut Unique) {
    let contents = item.field("contents").copied(&CONTENTS);
    if item.is_true("append") {
        let mut node = item.copied(&FILE);
        node.set(&FILE, "path", Node::Str(path.as_bytes().to_vec()));
        node.set(&FILE, "overwrite", Node::Absent);
        node.set(&FILE, "contents", empty(&CONTENTS));
        node.set(&FILE, "append", Node::List(vec![contents]));
        return files.put(path.to_owned(), node);
    }
    let mut node = item.copied(&FILE);
    node.set(&FILE, "path", Node::Str(path.as_bytes().to_vec()));
    // Version 2 replaced what was there unless told otherwise, also by an empty file.
    let keeps = *item.get("overwrite") == Node::Bool(false);
    node.set(&FILE, "overwrite", Node::Bool(!keeps));
    let mut contents = contents;
    if item.field("contents").text("source").is_empty() {
        contents.set(&CONTENTS, "source", Node::Str(data_url::encode(b"").into_bytes()));
    }
    node.set(&FILE, "contents", contents);
    node.set(&FILE, "append", Node::Absent);
    files.put(path.to_owned(), node);
}

/// Units of networkd are files now.
fn networkd(from: Source<'_>, files: &mut Unique) {
    for unit in from.list("units") {
        let path = format!("/etc/systemd/network/{}", unit.text("name"));
        if !unit.text("contents").is_empty() {
            written(&path, unit.get("contents"), files);
        }
        for dropin in unit.list("dropins") {
            written(
                &format!("{path}.d/{}", dropin.text("name")),
                dropin.get("contents"),
                files,
            );
        }
    }
}

fn written(path: &str, text: &Node, files: &mut Unique) {
    let bytes = match text {
        Node::Str(bytes) => bytes.as_slice(),
        _ => &[],
    };
    let mut contents = empty(&CONTENTS);
    contents.set(&CONTENTS, "source", Node::Str(data_url::encode(bytes).into_bytes()));
    let mut node = empty(&FILE);
    node.set(&FILE, "path", Node::Str(path.as_bytes().to_vec()));
    node.set(&FILE, "overwrite", Node::Bool(true));
    node.set(&FILE, "contents", contents);
    node.set(&FILE, "mode", Node::Int(0o644));
    files.put(path.to_owned(), node);
}

fn systemd(from: Source<'_>) -> Node {
    let mut units = Unique::default();
    for unit in from.list("units") {
        let mut node = unit.copied(&UNIT);
        if unit.is_true("enable") {
            node.set(&UNIT, "enabled", Node::Bool(true));
        }
        units.put(unit.text("name"), node);
    }
    let mut node = empty(&SYSTEMD);
    node.set(&SYSTEMD, "units", units.list());
    node
}

fn untranslatable(name: &str, reason: &str) -> Error {
    Error::Translate {
        path: format!("storage.{name}"),
        reason: reason.to_owned(),
    }
}
