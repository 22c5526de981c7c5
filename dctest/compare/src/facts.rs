//! What a figure depends on: the machine, and the versions of what was measured.

use std::fs;
use std::process::Command;

/// The facts, a line each, as Markdown's list.
#[must_use]
pub fn list() -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let machine = format!(
        "{cores} cores ({}), {} GiB of memory, Linux {}",
        cpu().unwrap_or_default(),
        memory_gib().unwrap_or_default(),
        said("uname", "-r")
    );
    let versions = [
        said("etcd", "--version"),
        format!("Kea {}", said("kea-dhcp4", "-v")),
        said("nginx", "-v"),
        said("wrk", "-v"),
    ];
    let lines = [said("date", "-u"), machine, versions.join(", ")];
    lines.map(|line| format!("- {line}\n")).concat()
}

fn cpu() -> Option<String> {
    let text = fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("model name"))?;
    Some(line.trim_start_matches([' ', '\t', ':']).to_owned())
}

fn memory_gib() -> Option<u64> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kib: u64 = line.trim().trim_end_matches(" kB").parse().ok()?;
    Some(kib >> 20)
}

/// The first line that a program says, wherever it says it; its name where it is not there.
fn said(program: &str, option: &str) -> String {
    let Ok(output) = Command::new(program).arg(option).output() else {
        return format!("no {program}");
    };
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text);
    text.lines().next().unwrap_or_default().trim().to_owned()
}
