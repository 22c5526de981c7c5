//! The script that a node runs for us.

use super::CONFIGS;
use crate::shell::quote;
use cke_model::names::{container, volume};
use cke_model::service::LABEL;
use std::fmt::Write as _;

/// Seconds that docker's client may take: a hung daemon must not collect clients of ours on its node, round by round.
const DOCKER_SECONDS: u32 = 8;

/// Every line of what follows gets a tag, so that no file's content can be taken for another's.
const TOOLS: &str = r#"LC_ALL=C; export LC_ALL
if command -v timeout >/dev/null 2>&1; then within() { timeout "$@"; }; else within() { shift; "$@"; }; fi
tag() { sed "s/^/$1:/"; echo; }
"#;

/// The script for a POSIX shell. It always ends with status 0; what failed is in its output.
#[must_use]
pub fn script(etcd_volume: &str) -> String {
    let mut script = TOOLS.to_owned();
    let format = format!(
        r#"{{"name":{{{{json .Name}}}},"image":{{{{json .Config.Image}}}},"running":{{{{json .State.Running}}}},"label":{{{{json (index .Config.Labels "{LABEL}")}}}}}}"#
    );
    let inspect = format!(
        "container inspect --format {} {}",
        quote(&format),
        container::ALL.join(" ")
    );
    let filters =
        [etcd_volume, volume::ETCD_ADDED_MEMBER].map(|name| format!("--filter {}", quote(&format!("name={name}"))));
    let volumes = format!("volume ls --quiet {}", filters.join(" "));
    for (tag, command) in [("container", inspect), ("volume", volumes)] {
        let docker = format!("within {DOCKER_SECONDS} docker {command}");
        // Writing to a string does not fail.
        let _ = writeln!(
            script,
            "{{ {docker} 2>&1 </dev/null; printf '\\nexit %s\\n' $?; }} | tag {tag}"
        );
    }
    for config in &CONFIGS {
        let _ = writeln!(script, "[ -r {0} ] && tag {1} <{0}", config.path, config.tag);
    }
    script.push_str("date +clock:%s\necho end:\n");
    script
}
