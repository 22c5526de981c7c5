#![allow(clippy::unwrap_used, reason = "tests")]

use super::process::Facts;
use super::*;

#[test]
fn a_name_with_parentheses_hides_nothing() {
    let facts = Facts {
        stat: "42 (a) b (c)) S 1 2 3 4 5 6 7 8 9 10 150 50 13 14 15 16 9 18 1000 4096 3 0".to_owned(),
        limits: "Limit  Soft\nMax open files      1024     4096    files\nMax address space  unlimited unlimited bytes"
            .to_owned(),
        system: "cpu 1\nbtime 1700000000\n".to_owned(),
        open_files: Some(3),
        ticks: 100.0,
        page: 4096.0,
    };
    assert_eq!(facts.cpu_seconds(), Some(2.0));
    assert_eq!(facts.stat(20), Some(9.0));
    assert_eq!(facts.start_time(), Some(1_700_000_010.0));
    assert_eq!(facts.limit("Max open files"), Some(1024.0));
    assert_eq!(facts.limit("Max nonsense"), None);
}

#[test]
fn this_process_has_the_whole_family() {
    let registry = prometheus::Registry::new();
    registry.register(Box::new(ProcessCollector::new().unwrap())).unwrap();
    let text = text(&registry).unwrap();
    for name in [
        "process_cpu_seconds_total",
        "process_open_fds",
        "process_max_fds",
        "process_virtual_memory_bytes",
        "process_virtual_memory_max_bytes",
        "process_resident_memory_bytes",
        "process_start_time_seconds",
        "process_threads",
    ] {
        assert!(
            text.lines().any(|line| line.starts_with(&format!("{name} "))),
            "{name} is missing in\n{text}"
        );
    }
    let started = text
        .lines()
        .find_map(|line| line.strip_prefix("process_start_time_seconds "));
    let started: f64 = started.unwrap().parse().unwrap();
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_secs_f64();
    assert!(
        started > now - 3600.0 && started <= now + 1.0,
        "{started} and now {now}"
    );
}
