//! Shows a boot while it happens: what sabakan saw, from its boot log, and what the machine says on its console.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use sabakan_model::boot_log::{BootEvent, BootTimeline};

use crate::machine::{SERIAL, log};
use crate::process::wait_for;
use crate::server::fetch;
use crate::state::Demo;

/// Half a minute is usual; a busy machine takes longer. Firmware that finds nothing waits for ever.
const LIMIT: Duration = Duration::from_secs(420);
/// What the guest's own lines begin with.
const GUEST: &str = "neco-guest: ";

/// Follows the boot until the machine asks for a login.
pub(crate) fn until_login(demo: &Demo) -> Result<()> {
    let mut follower = Follower {
        demo,
        started: Instant::now(),
        since: jiff_now(demo),
        events: 0,
        lines: 0,
    };
    println!("\n  seconds  seen by  stage          what");
    wait_for("the machine's login", LIMIT, || follower.step())?;
    println!();
    Ok(())
}

struct Follower<'a> {
    demo: &'a Demo,
    started: Instant,
    since: usize,
    events: usize,
    lines: usize,
}

/// Events of earlier boots are not shown again.
fn jiff_now(demo: &Demo) -> usize {
    events(demo).len()
}

impl Follower<'_> {
    /// Shows what is new; says whether the machine is there.
    fn step(&mut self) -> Result<bool> {
        self.show_events();
        let console = self.show_console();
        if !self
            .demo
            .processes
            .iter()
            .any(|process| process.name == "machine" && process.runs())
        {
            bail!(
                "the machine has stopped; its console is in {}",
                log(self.demo).display()
            );
        }
        let done = console.contains(" login: ");
        if done {
            // The last events are stored some moments after they happen.
            wait_for("boot log", Duration::from_secs(3), || Ok(self.show_events())).ok();
        }
        Ok(done)
    }

    fn show_events(&mut self) -> bool {
        let events = events(self.demo);
        // A new boot begins a new time-line.
        if events.len() < self.since {
            self.since = 0;
        }
        let new = events.get(self.since + self.events..).unwrap_or_default();
        for event in new {
            self.show("sabakan", event.stage.as_str(), &detail(event));
        }
        self.events += new.len();
        !new.is_empty()
    }

    fn show_console(&mut self) -> String {
        let console = String::from_utf8_lossy(&std::fs::read(log(self.demo)).unwrap_or_default()).replace('\r', "");
        let whole = console.rfind('\n').map_or("", |end| &console[..end]);
        let said: Vec<&str> = whole
            .lines()
            .filter_map(|line| line.split_once(GUEST))
            .map(|(_, said)| said)
            .collect();
        for line in said.iter().skip(self.lines) {
            let (stage, rest) = line.split_once(' ').unwrap_or((line, ""));
            self.show("machine", stage, rest);
        }
        self.lines = said.len();
        console
    }

    fn show(&self, by: &str, stage: &str, what: &str) {
        println!(
            "  {:7.1}  {by:7}  {stage:13}  {what}",
            self.started.elapsed().as_secs_f64()
        );
    }
}

fn events(demo: &Demo) -> Vec<BootEvent> {
    let url = format!("http://127.0.0.1:10080/api/v1/boot-log/{SERIAL}");
    let timeline = fetch(demo, &url).and_then(|text| serde_json::from_str::<BootTimeline>(&text).ok());
    timeline.map(|timeline| timeline.events).unwrap_or_default()
}

fn detail(event: &BootEvent) -> String {
    match &event.address {
        Some(address) => format!("{} ({address})", event.detail),
        None => event.detail.clone(),
    }
}
