//! The family `sabakan_machine_status`, put together from text that is ready.

use crate::Storage;

/// As the original says it.
const HEAD: &str =
    "# HELP sabakan_machine_status The machine status set by HTTP API.\n# TYPE sabakan_machine_status gauge\n";

impl Storage {
    /// Appends the family `sabakan_machine_status` in the text format of Prometheus, sorted by serial. It reads nothing from
    /// etcd and formats nothing.
    pub fn write_machine_metrics(&self, out: &mut String) {
        let entries = self.search(&sabakan_model::Query::default());
        if entries.is_empty() {
            return;
        }
        out.reserve(HEAD.len() + entries.iter().map(|e| e.metrics_text().len()).sum::<usize>());
        out.push_str(HEAD);
        for entry in entries {
            out.push_str(entry.metrics_text());
        }
    }
}
