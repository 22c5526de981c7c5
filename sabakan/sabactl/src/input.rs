//! Files that commands read.

use crate::exit::warn;
use anyhow::Context;
use sabakan_model::decode_stored;
use sabakan_model::json::Strict;
use serde::de::DeserializeOwned;
use std::io::Read;
use std::path::Path;

/// Reads a JSON file, or standard input for `-`. Unknown fields are named and left out: the files of operators hold notes of
/// their own, which the server would refuse.
pub(crate) fn json<T: DeserializeOwned + Strict>(path: &Path) -> anyhow::Result<T> {
    let text = bytes(path)?;
    let mut value: T = decode_stored(&text).with_context(|| format!("{}", path.display()))?;
    if let Some(unknown) = value.first_unknown() {
        warn(&format!("{}: {unknown}: unknown field, not sent", path.display()));
        value.forget_unknown();
    }
    Ok(value)
}

fn bytes(path: &Path) -> anyhow::Result<Vec<u8>> {
    let mut text = Vec::new();
    let read = if path == Path::new("-") {
        std::io::stdin().read_to_end(&mut text)
    } else {
        std::fs::File::open(path).and_then(|mut file| file.read_to_end(&mut text))
    };
    read.with_context(|| format!("cannot read {}", path.display()))?;
    Ok(text)
}
