//! Files that commands read.

use crate::exit::warn;
use anyhow::Context;
use neco_terminal::input::bytes;
use sabakan_model::decode_stored;
use sabakan_model::json::Strict;
use serde::de::DeserializeOwned;
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
