//! A run's progress, from the lines that Ginkgo prints.

/// What has been seen of a run.
#[derive(Debug, Default)]
pub struct Progress {
    total: Option<String>,
    done: usize,
    ended: Option<Ended>,
}

/// The line that ends a test, whose name stands on the next one.
#[derive(Debug)]
struct Ended {
    how: &'static str,
    took: String,
}

impl Progress {
    /// Takes a line; gives what to say of it, if anything.
    pub fn line(&mut self, line: &str) -> Option<String> {
        let line = line.trim_end();
        if let Some(ended) = self.ended.take() {
            self.done += 1;
            let total = self.total.as_deref().unwrap_or("?");
            let (done, name) = (self.done, without_labels(line));
            return Some(format!("[{done}/{total}] {:<8} {:>7} {name}", ended.how, ended.took));
        }
        if let Some(rest) = line.strip_prefix("Will run ") {
            self.total = rest.split_whitespace().next().map(str::to_owned);
        }
        self.ended = ended(line);
        None
    }
}

/// Behind the name stand the labels, in brackets.
fn without_labels(line: &str) -> &str {
    line.rsplit_once(" [").map_or(line, |(name, _)| name)
}

/// `• [1.234 seconds]`, `• [FAILED] [12.345 seconds]`, `S [SKIPPED] [0.001 seconds]` and their like.
fn ended(line: &str) -> Option<Ended> {
    let (mark, rest) = line.split_once(" [")?;
    let rest = rest.strip_suffix(" seconds]")?;
    let (word, seconds) = rest.rsplit_once("] [").unwrap_or(("", rest));
    let how = match (mark, word) {
        ("•", "") => "passed",
        ("S", _) => "skipped",
        ("•", _) => "FAILED",
        _ => return None,
    };
    let seconds: f64 = seconds.parse().ok()?;
    let took = format!("{seconds:.1} s");
    Some(Ended { how, took })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn each_test_that_ended_is_told() {
        let output = "\
Will run 3 of 7512 specs
Running in parallel across 4 processes
------------------------------
• [5.234 seconds]
[sig-node] a [Conformance] [sig-node, Conformance]
k8s.io/kubernetes/test/e2e/a.go:1
------------------------------
• [FAILED] [300.000 seconds]
[sig-node] b [It] [Conformance] [sig-node, Conformance]
S [SKIPPED] [0.010 seconds]
[sig-node] c [Conformance] [sig-node, Conformance]
";
        let mut progress = Progress::default();
        let said: Vec<String> = output.lines().filter_map(|line| progress.line(line)).collect();
        assert_eq!(
            said,
            [
                "[1/3] passed     5.2 s [sig-node] a [Conformance]",
                "[2/3] FAILED   300.0 s [sig-node] b [It] [Conformance]",
                "[3/3] skipped    0.0 s [sig-node] c [Conformance]",
            ]
        );
    }
}
