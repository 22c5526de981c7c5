//! Declared clusters: any text is read or refused with its place, and what was read is judged and written again.
#![no_main]

use cke_model::Cluster;
use cke_model::cluster::Purpose;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok((cluster, _warnings)) = Cluster::parse(text) {
        let _ = cluster.validate(Purpose::Cluster);
        let _ = cluster.validate(Purpose::Template);
        assert!(serde_json::to_string(&cluster).is_ok());
    }
});
