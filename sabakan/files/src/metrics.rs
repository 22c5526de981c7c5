//! Metrics of images and assets; the first four have the original's names.

use prometheus::{IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry};

use crate::state::{Part, State};

/// Metrics, registered once in a program.
#[derive(Debug, Clone)]
pub struct Metrics {
    images_bytes: IntGauge,
    images_items: IntGauge,
    assets_bytes: IntGauge,
    assets_items: IntGauge,
    unreadable: IntGauge,
    /// What this server does not have whole, by kind.
    pub(crate) missing: IntGaugeVec,
    /// Pulls from peers by kind and result.
    pub(crate) pulls: IntCounterVec,
    /// Copies thrown away because they were not what etcd says, by kind.
    pub(crate) corrupt: IntCounterVec,
    /// Uploads and pulls refused because the disk was full.
    pub(crate) disk_full: IntCounter,
    /// Bytes that may still be stored.
    pub(crate) disk_free: IntGauge,
}

impl Metrics {
    /// Makes and registers them.
    ///
    /// # Errors
    /// When one is registered already.
    pub fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let gauge = |name: &str, help: &str| {
            let gauge = IntGauge::new(format!("sabakan_{name}"), help)?;
            registry.register(Box::new(gauge.clone()))?;
            Ok::<_, prometheus::Error>(gauge)
        };
        let counters = |name: &str, help: &str, labels: &[&str]| {
            let counters = IntCounterVec::new(Opts::new(format!("sabakan_files_{name}"), help), labels)?;
            registry.register(Box::new(counters.clone()))?;
            Ok::<_, prometheus::Error>(counters)
        };
        let missing = Opts::new(
            "sabakan_files_missing",
            "Images or assets in etcd that this server does not have whole.",
        );
        let missing = IntGaugeVec::new(missing, &["kind"])?;
        registry.register(Box::new(missing.clone()))?;
        let disk_full = IntCounter::new(
            "sabakan_files_disk_full_total",
            "Uploads and pulls refused because the disk was full.",
        )?;
        registry.register(Box::new(disk_full.clone()))?;
        Ok(Self {
            images_bytes: gauge("images_bytes_total", "The total bytes of Images.")?,
            images_items: gauge("images_items_total", "The total items of Images.")?,
            assets_bytes: gauge("assets_bytes_total", "The total bytes of assets.")?,
            assets_items: gauge("assets_items_total", "The total items of assets.")?,
            unreadable: gauge(
                "files_unreadable_values",
                "Values of images and assets in etcd that cannot be read.",
            )?,
            missing,
            pulls: counters("pulls_total", "Pulls from peers.", &["kind", "result"])?,
            corrupt: counters(
                "corrupt_total",
                "Copies that were not what etcd says, thrown away.",
                &["kind"],
            )?,
            disk_full,
            disk_free: gauge(
                "files_disk_free_bytes",
                "Bytes that may still be stored in the data directory.",
            )?,
        })
    }

    pub(crate) fn show(&self, state: &State) {
        let sizes = |sizes: &mut dyn Iterator<Item = i64>| sizes.fold((0, 0), |(n, sum), size| (n + 1, sum + size));
        let mut images = state.images.values().flat_map(|os| &os.index.0).map(|image| image.size);
        let (items, bytes) = sizes(&mut images);
        self.images_items.set(items);
        self.images_bytes.set(bytes);
        let (items, bytes) = sizes(&mut state.assets.values().map(|asset| asset.size));
        self.assets_items.set(items);
        self.assets_bytes.set(bytes);
        let unreadable = state
            .unreadable
            .keys()
            .filter(|key| Part::ALL.iter().any(|part| key.starts_with(part.prefix())));
        self.unreadable
            .set(i64::try_from(unreadable.count()).unwrap_or(i64::MAX));
    }
}
