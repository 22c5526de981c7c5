//! Resources of users: any document is read or refused.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let _ = cke_model::resource::parse(text);
});
