//! What a node says when it is observed: any bytes are understood or found unclear.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|output: &[u8]| {
    if let Ok(seen) = cke_node::observe::parse(output) {
        let _ = seen.into_status("etcd-cke");
    }
});
