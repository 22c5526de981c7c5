//! Searches from URLs: any text is read or refused, and what was read can be matched.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sabakan_model::{Machine, Query, decode_stored};
use std::sync::LazyLock;

static MACHINE: LazyLock<Machine> = LazyLock::new(|| {
    let stored = br#"{"spec":{"serial":"a","labels":{"a":"b"},"rack":1,"role":"cs","ipv4":["10.0.0.1"],"bmc":{"type":"x"}}}"#;
    decode_stored(stored).unwrap_or_default()
});

fuzz_target!(|text: &str| {
    if let Ok(query) = Query::parse(text) {
        let _ = query.matches(&MACHINE, Default::default());
    }
});
