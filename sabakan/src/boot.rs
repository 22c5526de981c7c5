//! The boot log: what this server sees of machines that boot, joined into events that know their serial.
//!
//! DHCP and the handlers send events into one bounded queue; a full queue drops and counts, since a boot matters more than
//! its log. [`collector`] takes them out, fills in serials by [`Joiner`], and gives them to the storage, which bounds what is
//! kept in etcd.

mod contact;
mod join;
mod stuck;

use crate::route::{Matched, RouteId};
use crate::web::{App, Call};
use contact::Contacts;
use jiff::Timestamp;
use parking_lot::Mutex;
use prometheus::{IntCounter, IntCounterVec, IntGauge, Opts, Registry};
use sabakan_model::boot_log::{Limits, timeline};
use sabakan_model::{BootEvent, GoTime, Stage};
use sabakan_storage::Storage;
use std::net::IpAddr;
use std::time::Duration;
use stuck::Watchlist;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

pub use join::Joiner;

/// Events that may wait. At 2,000 machines a minute, each with some ten events, this is half a minute.
pub const QUEUE: usize = 10_000;

/// Records what the web side sees of boots.
#[derive(Debug)]
pub struct BootRecorder {
    server: String,
    queue: mpsc::Sender<BootEvent>,
    contacts: Mutex<Contacts>,
    stages: IntCounterVec,
    dropped: IntCounter,
}

impl BootRecorder {
    /// A recorder that sends into `queue`, with its metrics.
    ///
    /// # Errors
    /// Where a metric of that name is registered already.
    pub fn new(server: String, queue: mpsc::Sender<BootEvent>, registry: &Registry) -> Result<Self, prometheus::Error> {
        let stages = Opts::new(
            "sabakan_boot_stage_count",
            "Stages of boots that this server saw over HTTP.",
        );
        let stages = IntCounterVec::new(stages, &["stage"])?;
        let dropped = IntCounter::new(
            "sabakan_boot_events_overflow_count",
            "Boot events lost by a full queue.",
        )?;
        registry.register(Box::new(stages.clone()))?;
        registry.register(Box::new(dropped.clone()))?;
        Ok(Self {
            server,
            queue,
            contacts: Mutex::new(Contacts::default()),
            stages,
            dropped,
        })
    }

    /// A step of the boot of whoever calls.
    pub fn step(&self, stage: Stage, seen: Seen<'_>) {
        self.stages.with_label_values(&[stage.as_str()]).inc();
        let event = BootEvent {
            at: GoTime::utc(seen.now),
            stage,
            serial: seen.serial.map(str::to_owned),
            mac: None,
            address: Some(seen.ip.to_string()),
            server: self.server.clone(),
            detail: seen.detail,
            request_id: Some(seen.request_id.to_owned()),
            ..BootEvent::default()
        };
        if self.queue.try_send(event).is_err() {
            self.dropped.inc();
        }
    }

    /// A request that the policy refused, where it was one of a boot.
    pub fn refused(&self, app: &App, matched: &Matched, ip: IpAddr, reason: &str, request_id: &str) {
        let part = matches!(
            matched.row.id,
            RouteId::BootIgnition | RouteId::CryptGet | RouteId::CryptPut
        );
        if part {
            let detail = format!("{} {}: {reason}", matched.row.method, matched.row.pattern);
            self.step(
                Stage::Refused,
                Seen {
                    now: app.now(),
                    serial: Some(matched.param(0)),
                    ip,
                    request_id,
                    detail,
                },
            );
        }
    }

    /// A disk key that was fetched or stored.
    pub fn keys(&self, app: &App, call: &Call, serial: &str, done: &str) {
        let detail = format!("key of {} {done}", call.param(1));
        let seen = Seen {
            now: app.now(),
            serial: Some(serial),
            ip: call.ip,
            request_id: &call.id,
            detail,
        };
        self.step(Stage::Keys, seen);
    }

    /// Notes a call from a registered machine's own address; the first one after a boot is an event.
    pub fn contact(&self, app: &App, call: &Call) {
        let Some(serial) = call.caller.machine.as_deref() else {
            return;
        };
        let now = app.now();
        if self.contacts.lock().is_first(serial, now) {
            let detail = format!("{} {}", call.matched.row.method, call.matched.row.pattern);
            let seen = Seen {
                now,
                serial: Some(serial),
                ip: call.ip,
                request_id: &call.id,
                detail,
            };
            self.step(Stage::FirstContact, seen);
        }
    }

    /// A machine has fetched its Ignition: the next call from its own address is its first contact.
    pub fn expect_contact(&self, serial: &str) {
        self.contacts.lock().expect(serial);
    }
}

/// What is known of a step.
#[derive(Debug)]
pub struct Seen<'a> {
    /// When.
    pub now: Timestamp,
    /// The machine, where the request names it.
    pub serial: Option<&'a str>,
    /// The caller's address.
    pub ip: IpAddr,
    /// The request.
    pub request_id: &'a str,
    /// One line for people.
    pub detail: String,
}

/// How often quiet boots are looked at, at least; more often where little silence is called stuck.
const LOOK: Duration = Duration::from_secs(30);

/// Takes events out of the queue, joins them, and gives them to the storage, until it is cancelled. It also keeps the gauge of
/// machines that are stuck.
///
/// # Errors
/// Where the gauge's name is registered already.
pub fn collector(
    mut queue: mpsc::Receiver<BootEvent>,
    storage: Storage,
    limits: Limits,
    registry: &Registry,
    stop: CancellationToken,
) -> Result<impl Future<Output = ()> + Send + use<>, prometheus::Error> {
    let gauge = IntGauge::new(
        "sabakan_boot_stuck_machines",
        "Machines whose boot this server saw stand still.",
    )?;
    registry.register(Box::new(gauge.clone()))?;
    Ok(async move {
        let mut joiner = Joiner::default();
        let mut watchlist = Watchlist::new(limits.quiet);
        let mut looks = tokio::time::interval(between_looks(limits));
        loop {
            let event = tokio::select! {
                () = stop.cancelled() => return,
                _ = looks.tick() => {
                    look(&mut watchlist, &storage, limits).await;
                    gauge.set(i64::try_from(watchlist.stuck()).unwrap_or(i64::MAX));
                    continue;
                }
                event = queue.recv() => event,
            };
            let Some(event) = event else { return };
            for event in joiner.take(event) {
                let serial = event.serial.clone().unwrap_or_default();
                watchlist.note(&serial, &event);
                storage.record_boot_event(&serial, event);
            }
        }
    })
}

fn between_looks(limits: Limits) -> Duration {
    let quiet = limits.quiet.unsigned_abs();
    (quiet / 10).clamp(Duration::from_millis(100), LOOK)
}

/// Asks the boot log of all servers about the boots that are quiet here.
async fn look(watchlist: &mut Watchlist, storage: &Storage, limits: Limits) {
    let now = Timestamp::now();
    for serial in watchlist.quiet(now) {
        // While etcd is away nothing can be said.
        let Ok(events) = storage.boot_log(&serial).await else {
            return;
        };
        if !watchlist.is_written(&serial, &events, now) {
            continue;
        }
        let line = timeline(&serial, events, limits, now);
        if watchlist.judge(&serial, line.state, now) {
            let stage = line.stage.map_or("unknown", Stage::as_str);
            tracing::warn!(
                machine.serial = serial,
                stage,
                quiet_seconds = line.quiet,
                "a machine is stuck in its boot"
            );
        }
    }
}
