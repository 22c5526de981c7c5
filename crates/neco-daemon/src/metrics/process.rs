//! Numbers about this process, read from `/proc` at each scrape.

use std::fs;

use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{Counter, Gauge, Opts};

/// Collects them. Register one in a program's registry.
#[derive(Debug)]
pub struct ProcessCollector {
    cpu: Counter,
    gauges: Vec<(Kind, Gauge)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    OpenFiles,
    MaxFiles,
    Virtual,
    VirtualMax,
    Resident,
    StartTime,
    Threads,
}

const GAUGES: [(Kind, &str, &str); 7] = [
    (Kind::OpenFiles, "process_open_fds", "Number of open file descriptors."),
    (
        Kind::MaxFiles,
        "process_max_fds",
        "Maximum number of open file descriptors.",
    ),
    (
        Kind::Virtual,
        "process_virtual_memory_bytes",
        "Virtual memory size in bytes.",
    ),
    (
        Kind::VirtualMax,
        "process_virtual_memory_max_bytes",
        "Maximum amount of virtual memory available in bytes.",
    ),
    (
        Kind::Resident,
        "process_resident_memory_bytes",
        "Resident memory size in bytes.",
    ),
    (
        Kind::StartTime,
        "process_start_time_seconds",
        "Start time of the process since unix epoch in seconds.",
    ),
    (Kind::Threads, "process_threads", "Number of threads of the process."),
];

impl ProcessCollector {
    /// A collector of this process.
    ///
    /// # Errors
    /// Never in practice: the names are fixed.
    pub fn new() -> Result<ProcessCollector, prometheus::Error> {
        let cpu = Opts::new(
            "process_cpu_seconds_total",
            "Total user and system CPU time spent in seconds.",
        );
        let gauge = |(kind, name, help): &(Kind, &str, &str)| Ok((*kind, Gauge::with_opts(Opts::new(*name, *help))?));
        Ok(ProcessCollector {
            cpu: Counter::with_opts(cpu)?,
            gauges: GAUGES.iter().map(gauge).collect::<Result<_, prometheus::Error>>()?,
        })
    }
}

impl Collector for ProcessCollector {
    fn desc(&self) -> Vec<&Desc> {
        let gauges = self.gauges.iter().flat_map(|(_, gauge)| gauge.desc());
        self.cpu.desc().into_iter().chain(gauges).collect()
    }

    /// What cannot be read is left out: a missing number is better than a wrong one.
    fn collect(&self) -> Vec<MetricFamily> {
        let facts = Facts::read();
        let mut families = Vec::new();
        if let Some(seconds) = facts.cpu_seconds() {
            // What the counter lacks of the kernel's number; never negative.
            self.cpu.inc_by((seconds - self.cpu.get()).max(0.0));
            families.extend(self.cpu.collect());
        }
        for (kind, gauge) in &self.gauges {
            if let Some(value) = facts.value(*kind) {
                gauge.set(value);
                families.extend(gauge.collect());
            }
        }
        families
    }
}

/// The texts of `/proc` that the numbers come from.
pub(super) struct Facts {
    pub(super) stat: String,
    pub(super) limits: String,
    pub(super) system: String,
    pub(super) open_files: Option<usize>,
    pub(super) ticks: f64,
    pub(super) page: f64,
}

impl Facts {
    fn read() -> Facts {
        let text = |path| fs::read_to_string(path).unwrap_or_default();
        Facts {
            stat: text("/proc/self/stat"),
            limits: text("/proc/self/limits"),
            system: text("/proc/stat"),
            // Reading the folder opens it.
            open_files: fs::read_dir("/proc/self/fd")
                .ok()
                .map(|files| files.count().saturating_sub(1)),
            ticks: system_number(libc::_SC_CLK_TCK),
            page: system_number(libc::_SC_PAGESIZE),
        }
    }

    pub(super) fn cpu_seconds(&self) -> Option<f64> {
        Some((self.stat(14)? + self.stat(15)?) / self.ticks)
    }

    fn value(&self, kind: Kind) -> Option<f64> {
        match kind {
            Kind::OpenFiles => self.open_files.and_then(|n| u32::try_from(n).ok()).map(f64::from),
            Kind::MaxFiles => self.limit("Max open files"),
            Kind::Virtual => self.stat(23),
            Kind::VirtualMax => self.limit("Max address space"),
            Kind::Resident => Some(self.stat(24)? * self.page),
            Kind::StartTime => self.start_time(),
            Kind::Threads => self.stat(20),
        }
    }

    pub(super) fn start_time(&self) -> Option<f64> {
        let booted = self.system.lines().find_map(|line| line.strip_prefix("btime "))?;
        Some(booted.trim().parse::<f64>().ok()? + self.stat(22)? / self.ticks)
    }

    /// A field of `/proc/self/stat` by its number in proc(5). The second is the program's name in parentheses, which may
    /// hold spaces and parentheses itself.
    pub(super) fn stat(&self, number: usize) -> Option<f64> {
        let (_, after_name) = self.stat.rsplit_once(')')?;
        after_name.split_whitespace().nth(number.checked_sub(3)?)?.parse().ok()
    }

    /// A soft limit; unlimited is shown as Go shows it.
    pub(super) fn limit(&self, name: &str) -> Option<f64> {
        let line = self.limits.lines().find_map(|line| line.strip_prefix(name))?;
        match line.split_whitespace().next()? {
            "unlimited" => Some(18_446_744_073_709_551_615.0),
            number => number.parse().ok(),
        }
    }
}

#[allow(unsafe_code, reason = "std does not tell the page size and the clock's ticks")]
fn system_number(name: libc::c_int) -> f64 {
    // SAFETY: sysconf only reads.
    let value = unsafe { libc::sysconf(name) };
    u32::try_from(value).map_or(f64::NAN, f64::from)
}
