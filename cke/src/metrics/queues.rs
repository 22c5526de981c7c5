//! The queues as metrics, made anew for each scrape from what the loop saw last.

use cke_model::cluster::Node;
use cke_model::reboot::{RebootEntry, RebootStatus};
use cke_model::repair::{RepairEntry, RepairStatus};
use prometheus::core::Collector as _;
use prometheus::proto::MetricFamily;
use prometheus::{GaugeVec, Opts};
use std::collections::BTreeSet;

/// What the loop saw of both queues.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// Whether a cluster was read at all; without one nothing is shown.
    pub(crate) known: bool,
    /// Nodes of the cluster.
    pub(crate) nodes: Vec<Node>,
    /// Whether the reboot queue is worked on.
    pub(crate) reboots_enabled: bool,
    /// Entries of the reboot queue.
    pub(crate) reboots: Vec<RebootEntry>,
    /// Whether the repair queue is worked on.
    pub(crate) repairs_enabled: bool,
    /// Whether sabakan's states make entries.
    pub(crate) auto_repair_enabled: bool,
    /// Entries of the repair queue.
    pub(crate) repairs: Vec<RepairEntry>,
}

impl Seen {
    /// The families in the original's names.
    pub(super) fn families(&self) -> Result<Vec<MetricFamily>, prometheus::Error> {
        if !self.known {
            return Ok(Vec::new());
        }
        let mut out = self.reboot_families()?;
        out.extend(self.repair_families()?);
        Ok(out)
    }

    fn reboot_families(&self) -> Result<Vec<MetricFamily>, prometheus::Error> {
        let entries = &self.reboots;
        let mut out = Families::default();
        out.one(
            "reboot_queue_enabled",
            "1 if reboot queue is enabled.",
            truth(self.reboots_enabled),
        )?;
        out.one(
            "reboot_queue_entries",
            "The number of reboot queue entries remaining.",
            count(entries.len()),
        )?;
        let running = self.reboots_enabled && !entries.is_empty();
        out.one(
            "reboot_queue_running",
            "1 if reboot queue is enabled and the queue is not empty.",
            truth(running),
        )?;
        let items = out.vec(
            "reboot_queue_items",
            "The number of reboot queue entries remaining per status.",
            &["status"],
        )?;
        for status in RebootStatus::ALL {
            let number = entries.iter().filter(|entry| entry.status == *status).count();
            items.with_label_values(&[status.as_str()]).set(count(number));
        }
        let nodes = out.vec(
            "node_reboot_status",
            "The reboot status of a node.",
            &["node", "status"],
        )?;
        let in_queue: BTreeSet<_> = entries
            .iter()
            .map(|entry| (entry.node.as_str(), entry.status.as_str()))
            .collect();
        for node in &self.nodes {
            for status in RebootStatus::ALL {
                let value = truth(in_queue.contains(&(node.address.as_str(), status.as_str())));
                nodes.with_label_values(&[node.nodename(), status.as_str()]).set(value);
            }
        }
        Ok(out.collect())
    }

    fn repair_families(&self) -> Result<Vec<MetricFamily>, prometheus::Error> {
        let entries = &self.repairs;
        let mut out = Families::default();
        out.one(
            "repair_queue_enabled",
            "1 if repair queue is enabled.",
            truth(self.repairs_enabled),
        )?;
        out.one(
            "auto_repair_enabled",
            "1 if auto repair is enabled.",
            truth(self.auto_repair_enabled),
        )?;
        let items = out.vec(
            "repair_queue_items",
            "The number of repair queue entries remaining per status.",
            &["status"],
        )?;
        for status in RepairStatus::ALL {
            let number = entries.iter().filter(|entry| entry.status == *status).count();
            items.with_label_values(&[status.as_str()]).set(count(number));
        }
        let machines = out.vec(
            "machine_repair_status",
            "The repair status of a machine.",
            &["address", "status"],
        )?;
        let in_queue: BTreeSet<_> = entries
            .iter()
            .map(|entry| (entry.address.as_str(), entry.status.as_str()))
            .collect();
        let nodes = self.nodes.iter().map(|node| node.address.as_str());
        let addresses: BTreeSet<_> = nodes
            .chain(entries.iter().map(|entry| entry.address.as_str()))
            .collect();
        for address in addresses {
            for status in RepairStatus::ALL {
                let value = truth(in_queue.contains(&(address, status.as_str())));
                machines.with_label_values(&[address, status.as_str()]).set(value);
            }
        }
        let labels = ["index", "address", "operation", "status", "step"];
        let each = out.vec(
            "repair_queue_entries",
            "Information about repair queue entries.",
            &labels,
        )?;
        for entry in entries {
            let (index, step) = (entry.index.to_string(), entry.step.to_string());
            each.with_label_values(&[
                index.as_str(),
                &entry.address,
                &entry.operation,
                entry.status.as_str(),
                &step,
            ])
            .set(1.0);
        }
        Ok(out.collect())
    }
}

/// Families under way.
#[derive(Default)]
struct Families(Vec<GaugeVec>);

impl Families {
    fn vec(&mut self, name: &str, help: &str, labels: &[&str]) -> Result<GaugeVec, prometheus::Error> {
        let gauges = GaugeVec::new(Opts::new(format!("cke_{name}"), help), labels)?;
        self.0.push(gauges.clone());
        Ok(gauges)
    }

    fn one(&mut self, name: &str, help: &str, value: f64) -> Result<(), prometheus::Error> {
        self.vec(name, help, &[])?.with_label_values::<&str>(&[]).set(value);
        Ok(())
    }

    fn collect(self) -> Vec<MetricFamily> {
        let families = self.0.iter().flat_map(GaugeVec::collect);
        families.filter(|family| !family.get_metric().is_empty()).collect()
    }
}

fn truth(value: bool) -> f64 {
    if value { 1.0 } else { 0.0 }
}

#[expect(clippy::cast_precision_loss, reason = "queues are short")]
fn count(number: usize) -> f64 {
    number as f64
}
