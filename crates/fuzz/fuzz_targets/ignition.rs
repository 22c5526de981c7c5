//! Ignition templates: any YAML is built or refused, and what was built renders or fails, in both versions.
#![no_main]

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use sabakan_ignition::{Prepared, Spec, Tree, Urls, build};
use sabakan_model::json::RawJson;
use sabakan_model::{IgnitionTemplate, IpamConfig, Machine, decode_stored};

/// Every file has the rest of the input as its contents.
struct Same<'a>(&'a [u8], &'a [u8]);

impl Tree for Same<'_> {
    fn read(&self, path: &Path) -> Result<Vec<u8>, String> {
        Ok(if path == Path::new("/t/site.yml") { self.0 } else { self.1 }.to_vec())
    }

    fn mode(&self, _: &Path) -> Result<u32, String> {
        Ok(0o644)
    }

    fn directory(&self, file: &Path) -> Result<PathBuf, String> {
        file.parent().map(Path::to_owned).ok_or_else(|| "no parent".to_owned())
    }
}

static MACHINE: LazyLock<Machine> = LazyLock::new(|| {
    let plan = br#"{"max-nodes-in-rack":28,"node-ipv4-pool":"10.69.0.0/20","node-ipv4-range-size":6,
        "node-ipv4-range-mask":26,"node-ip-per-node":3,"node-index-offset":3,"node-gateway-offset":1,
        "bmc-ipv4-pool":"10.72.16.0/20","bmc-ipv4-range-size":5,"bmc-ipv4-range-mask":20,"bmc-ipv4-gateway-offset":1}"#;
    let plan: IpamConfig = decode_stored(plan).unwrap_or_default();
    let mut machine = Machine::default();
    let _ = plan.fill_addresses(&mut machine);
    machine
});

fn render(template: &IgnitionTemplate) {
    let urls = Urls { http: "http://a".to_owned(), https: "https://a".to_owned() };
    if let Ok(prepared) = Prepared::new(template) {
        for spec in [Spec::Stored, Spec::V3_4] {
            let _ = prepared.render(&MACHINE, &urls, spec);
        }
    }
}

// A NUL parts the YAML from the contents of all other files.
fuzz_target!(|input: &[u8]| {
    let at = input.iter().position(|byte| *byte == 0).unwrap_or(input.len());
    let (yaml, rest) = input.split_at(at);
    let files = Same(yaml, rest.get(1..).unwrap_or_default());
    if let Ok(built) = build(&files, Path::new("/t/site.yml"), None) {
        render(&built.template);
    }
    if let Ok(template) = RawJson::new(String::from_utf8_lossy(input)) {
        for version in ["2.2", "2.3"] {
            render(&IgnitionTemplate { version: version.to_owned(), template: template.clone(), ..Default::default() });
        }
    }
});
