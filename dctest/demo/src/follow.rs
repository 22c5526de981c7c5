//! Shows a boot while it happens: what sabakan saw, from its boot log, and what the machine says on its console.

mod console;

use std::time::Duration;

use anyhow::{Result, bail};
use jiff::Timestamp;
use sabakan_model::boot_log::{BootEvent, BootTimeline};

use crate::machine::{SERIAL, log};
use crate::process::wait_for;
use crate::server::fetch;
use crate::state::Demo;

/// A minute or two is usual; a busy machine takes longer. Firmware that finds nothing waits for ever.
const LIMIT: Duration = Duration::from_secs(420);
/// The boot log is written in the background: the last event may come some moments after the login.
const LAST_EVENT: Duration = Duration::from_secs(30);

/// Follows the boot until the machine asks for a login.
pub(crate) fn until_login(demo: &Demo) -> Result<()> {
    let mut follower = Follower {
        demo,
        started: Timestamp::now(),
        events: 0,
        lines: 0,
    };
    println!("\n  seconds  seen by  stage          what");
    wait_for("the machine's login", LIMIT, || follower.step())?;
    // An old server has no boot log: then there is no such event.
    let _ = wait_for("the first contact", LAST_EVENT, || Ok(follower.show_events()));
    println!();
    Ok(())
}

struct Follower<'a> {
    demo: &'a Demo,
    started: Timestamp,
    events: usize,
    lines: usize,
}

impl Follower<'_> {
    /// Shows what is new; says whether the machine is there.
    fn step(&mut self) -> Result<bool> {
        let console = self.show_console();
        self.show_events();
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
        Ok(console.contains(" login: "))
    }

    /// Shows what sabakan has seen since, at the time it saw it: it learns the serial from iPXE, and only then knows whose the first
    /// events were. Says whether the machine's first contact is among them.
    fn show_events(&mut self) -> bool {
        // Events of earlier boots are of no interest.
        let events: Vec<BootEvent> = events(self.demo)
            .into_iter()
            .filter(|event| event.at.instant() >= self.started)
            .collect();
        let new = events.get(self.events..).unwrap_or_default();
        for event in new {
            let address = event.address.as_deref().unwrap_or("unknown address");
            self.show(
                event.at.instant(),
                "sabakan",
                event.stage.as_str(),
                &format!("{} ({address})", event.detail),
            );
        }
        self.events = self.events.max(events.len());
        new.iter()
            .any(|event| event.stage == sabakan_model::Stage::FirstContact)
    }

    fn show_console(&mut self) -> String {
        let console = testkit::machine::plain(&std::fs::read(log(self.demo)).unwrap_or_default());
        let whole = console.rfind('\n').map_or("", |end| &console[..end]);
        let said = console::notable(whole);
        for (stage, what) in said.iter().skip(self.lines) {
            self.show(Timestamp::now(), "machine", stage, what);
        }
        self.lines = said.len();
        console
    }

    fn show(&self, at: Timestamp, by: &str, stage: &str, what: &str) {
        let seconds = at.duration_since(self.started).as_secs_f64();
        println!("  {seconds:7.1}  {by:7}  {stage:13}  {what}");
    }
}

fn events(demo: &Demo) -> Vec<BootEvent> {
    let url = format!("http://127.0.0.1:10080/api/v1/boot-log/{SERIAL}");
    let timeline = fetch(demo, &url).and_then(|text| serde_json::from_str::<BootTimeline>(&text).ok());
    timeline.map(|timeline| timeline.events).unwrap_or_default()
}
