//! The pure crates stay pure: no runtime, no socket, no file, no clock, no randomness of their own.
//!
//! Two looks: at the crates that they depend on, and at the words in their source (tests may do as they like).

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;

use anyhow::{Context, bail};
use serde::Deserialize;

use crate::run::{files, root};

/// Crates whose every decision must be a function of its arguments.
const PURE: &[(&str, &str)] = &[
    ("cke-component", "cke/component/src/"),
    ("cke-inventory", "cke/inventory/src/"),
    ("cke-model", "cke/model/src/"),
    ("cke-plan", "cke/plan/src/"),
    ("cke-simulator", "cke/simulator/src/"),
    ("gojson", "crates/gojson/src/"),
    ("gotemplate", "crates/gotemplate/src/"),
    ("sabakan-ignition", "crates/sabakan-ignition/src/"),
    ("sabakan-model", "crates/sabakan-model/src/"),
];

/// What a pure crate may not reach, however indirectly.
const EFFECTFUL: &[&str] = &[
    "async-std",
    "etcd-client",
    "hyper",
    "mio",
    "reqwest",
    "rustls",
    "socket2",
    "tokio",
    "tonic",
];

/// Words of effects in the standard library and in jiff.
const WORDS: &[&str] = &[
    "std::fs",
    "std::process",
    "std::thread",
    "std::env",
    "TcpStream",
    "TcpListener",
    "UdpSocket",
    "SystemTime",
    "Instant",
    "Timestamp::now",
    "Zoned::now",
    "rand::",
    "File::open",
];

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    resolve: Resolve,
}

#[derive(Deserialize)]
struct Package {
    id: String,
    name: String,
}

#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    deps: Vec<Dep>,
}

#[derive(Deserialize)]
struct Dep {
    pkg: String,
    dep_kinds: Vec<Kind>,
}

#[derive(Deserialize)]
struct Kind {
    kind: Option<String>,
}

/// Fails with every breach that it finds.
pub(crate) fn check() -> anyhow::Result<()> {
    println!(
        "==> pure crates: {}",
        PURE.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(" ")
    );
    let mut breaches = effectful_dependencies(&metadata()?);
    breaches.extend(effectful_words()?);
    if !breaches.is_empty() {
        bail!(
            "pure crates must take time, randomness and data as arguments:\n  {}",
            breaches.join("\n  ")
        );
    }
    Ok(())
}

fn metadata() -> anyhow::Result<Metadata> {
    let out = Command::new("cargo")
        .args([
            "metadata",
            "--format-version",
            "1",
            "--filter-platform",
            "x86_64-unknown-linux-gnu",
        ])
        .current_dir(root())
        .output()
        .context("cannot run cargo metadata")?;
    if !out.status.success() {
        bail!("cargo metadata failed: {}", String::from_utf8_lossy(&out.stderr));
    }
    serde_json::from_slice(&out.stdout).context("cargo metadata printed what we do not understand")
}

fn effectful_dependencies(metadata: &Metadata) -> Vec<String> {
    let names: BTreeMap<_, _> = metadata
        .packages
        .iter()
        .map(|p| (p.id.as_str(), p.name.as_str()))
        .collect();
    let edges: BTreeMap<_, Vec<_>> = metadata
        .resolve
        .nodes
        .iter()
        .map(|node| {
            (
                node.id.as_str(),
                node.deps
                    .iter()
                    .filter(|d| is_normal(d))
                    .map(|d| d.pkg.as_str())
                    .collect(),
            )
        })
        .collect();
    let mut breaches = Vec::new();
    for (pure, _) in PURE {
        let Some(id) = names.iter().find(|(_, name)| *name == pure).map(|(id, _)| *id) else {
            breaches.push(format!("{pure}: no such crate in the workspace"));
            continue;
        };
        let reached = closure(id, &edges);
        let found = reached
            .iter()
            .filter_map(|id| names.get(id))
            .filter(|name| EFFECTFUL.contains(name));
        breaches.extend(found.map(|name| format!("{pure} depends on {name}")));
    }
    breaches
}

fn is_normal(dep: &Dep) -> bool {
    dep.dep_kinds.iter().any(|k| k.kind.is_none())
}

fn closure<'a>(start: &'a str, edges: &BTreeMap<&'a str, Vec<&'a str>>) -> BTreeSet<&'a str> {
    let mut seen = BTreeSet::new();
    let mut left = vec![start];
    while let Some(id) = left.pop() {
        if seen.insert(id) {
            left.extend(edges.get(id).into_iter().flatten().copied());
        }
    }
    seen
}

fn effectful_words() -> anyhow::Result<Vec<String>> {
    let mut breaches = Vec::new();
    for name in files(".rs")? {
        let pure = PURE.iter().any(|(_, folder)| name.starts_with(folder));
        if !pure || name.ends_with("tests.rs") || name.contains("/tests/") {
            continue;
        }
        let text = fs::read_to_string(root().join(&name)).with_context(|| format!("cannot read {name}"))?;
        breaches.extend(
            words_in(&text)
                .into_iter()
                .map(|(line, word)| format!("{name}:{line} uses {word}")),
        );
    }
    Ok(breaches)
}

/// Line numbers and words of effects before the tests of a file begin.
fn words_in(text: &str) -> Vec<(usize, &'static str)> {
    let code = text
        .lines()
        .enumerate()
        .take_while(|(_, line)| !line.contains("#[cfg(test)]"));
    let spoken = code.filter(|(_, line)| !line.trim_start().starts_with("//"));
    spoken
        .flat_map(|(n, line)| {
            WORDS
                .iter()
                .filter(move |w| line.contains(**w))
                .map(move |w| (n + 1, *w))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::words_in;

    #[test]
    fn finds_effects_outside_of_comments_and_tests() {
        let text = "// std::fs\nlet now = SystemTime::now();\n#[cfg(test)]\nmod tests { use std::fs; }\n";
        assert_eq!(words_in(text), [(2, "SystemTime")]);
    }
}
