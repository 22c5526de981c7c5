//! The work on one packet: decide, wait where the plan says so, decide again, carry out.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::State;
use crate::decide::{Context, DropReason, Plan, WaitReason, decide, named, subject};
use crate::event_log::uptime_ns;
use crate::layout::Range;
use crate::net::Target;
use crate::packet::{Kind, Packet};
use crate::range::Change;
use crate::reply::{Reply, ReplyKind};
use crate::site::Site;
use crate::store::Refused;

/// What the original waits before it answers a relayed DISCOVER, so that the rack's own server wins.
const COURTESY: Duration = Duration::from_millis(50);
/// A lease that took longer to write is written again before it is acknowledged.
const STALE: Duration = Duration::from_secs(2);
/// Rounds of deciding and committing before a packet is given up; its client asks again.
const MOST_ROUNDS: u32 = 8;

/// A packet in work.
pub(super) struct Job {
    pub(super) packet: Packet,
    pub(super) server: Ipv4Addr,
    pub(super) interface: u32,
    pub(super) site: Arc<Site>,
    pub(super) range: Option<Range>,
    /// When the packet was taken in, since boot.
    pub(super) asked_ns: i64,
}

impl State {
    /// Begins with a packet. What needs no etcd is done at once.
    pub(super) fn start(self: &Arc<Self>, packet: Packet, server: Ipv4Addr, interface: u32) {
        let Some(site) = self.site.read().clone() else {
            self.metrics.silent(DropReason::NoConfiguration);
            return;
        };
        let range = site.layout.range(subject(&packet, server));
        let asked_ns = uptime_ns();
        let job = Job {
            packet,
            server,
            interface,
            site,
            range,
            asked_ns,
        };
        let patient = self.waits_for_owner(&job);
        let first = if patient {
            Plan::Wait(WaitReason::OtherServer)
        } else {
            self.plan(&job, false)
        };
        if !needs_work(&first) {
            self.finish(&job, first);
            return;
        }
        let Ok(permit) = Arc::clone(&self.in_work).try_acquire_owned() else {
            self.metrics.silent(DropReason::Overload);
            return;
        };
        let state = Arc::clone(self);
        tokio::spawn(async move {
            state.work(job, first).await;
            drop(permit);
        });
    }

    fn plan(&self, job: &Job, fresh: bool) -> Plan {
        let now = self.now();
        let facts = job
            .range
            .map(|range| self.store.facts(range, &job.packet.mac, named(&job.packet), now));
        let (facts, foreign) = match facts {
            Some(Err(_broken)) => {
                return Plan::Silent {
                    reason: DropReason::BrokenRange,
                    change: None,
                    withdraw: false,
                };
            }
            Some(Ok((facts, foreign))) => (Some(facts), foreign),
            None => (None, false),
        };
        let addresses = self.addresses();
        let context = Context {
            site: &job.site,
            urls: &self.urls,
            server: job.server,
            own: addresses.all(),
            away: self.store.is_away(),
            fresh,
            foreign,
            grace: self.store.grace(),
        };
        let plan = decide(&job.packet, facts.as_ref(), &context, now);
        // An offer is kept at once, so that the next packet in line gets another address.
        if let (Plan::Answer { hold: Some(index), .. }, Some(range)) = (&plan, job.range) {
            self.store.hold(range, job.packet.mac, *index, now);
        }
        plan
    }

    async fn work(&self, job: Job, first: Plan) {
        let mut plan = first;
        let mut fresh = false;
        let mut planned = Instant::now();
        for _ in 0..MOST_ROUNDS {
            match &plan {
                Plan::Wait(WaitReason::OtherServer) => {
                    self.metrics.waited(WaitReason::OtherServer);
                    tokio::time::sleep(COURTESY).await;
                }
                Plan::Wait(_) => {
                    self.metrics.waited(WaitReason::FreshRead);
                    fresh = self.refresh(&job).await;
                }
                Plan::Answer {
                    change: Some(change), ..
                }
                | Plan::Silent {
                    change: Some(change), ..
                } => {
                    match self.commit(&job, change.clone()).await {
                        // A process that was stopped in between promises from now on, not from then.
                        Ok(()) if planned.elapsed() > STALE => fresh = true,
                        Ok(()) => return self.finish(&job, plan),
                        // What moved was read in the same transaction.
                        Err(Refused::Moved) => fresh = true,
                        Err(Refused::Away) => fresh = false,
                    }
                }
                _ => return self.finish(&job, plan),
            }
            planned = Instant::now();
            plan = self.plan(&job, fresh);
        }
        self.metrics.silent(DropReason::Contended);
    }

    /// Reads the range from etcd; `false` when that was not possible, and then the server knows that etcd is away.
    async fn refresh(&self, job: &Job) -> bool {
        match job.range {
            Some(range) => self.store.refresh(range).await.is_ok(),
            None => true,
        }
    }

    async fn commit(&self, job: &Job, change: Change) -> Result<(), Refused> {
        let Some(range) = job.range else {
            return Err(Refused::Away);
        };
        // With etcd away the plan only says what a RELEASE would have changed.
        if self.store.is_away() {
            return Err(Refused::Away);
        }
        self.metrics.waited(WaitReason::Commit);
        self.store.commit(range, change).await
    }

    /// Carries out a plan that needs nothing more.
    fn finish(&self, job: &Job, plan: Plan) {
        match plan {
            Plan::Silent { reason, withdraw, .. } => {
                if let (true, Some(range)) = (withdraw, job.range) {
                    self.store.withdraw(range, &job.packet.mac);
                    if reason == DropReason::EtcdAway {
                        self.store.distrust(range, job.packet.mac);
                    }
                }
                self.metrics.silent(reason);
                self.report_silence(job, reason);
            }
            Plan::Answer { reply, promise, .. } => {
                if let (Some(held), Some(range)) = (promise, job.range) {
                    self.metrics.acked_from_memory();
                    self.store.promise(range, job.packet.mac, held.index, held.until);
                }
                self.answer(job, &reply, promise.is_some());
            }
            Plan::Wait(_) => self.metrics.silent(DropReason::Contended),
        }
    }

    fn answer(&self, job: &Job, reply: &Reply, from_memory: bool) {
        let Some(bytes) = reply.encode(&job.packet) else { return };
        self.report(job, reply, from_memory);
        self.metrics.replied(reply.kind);
        let target = Target::of(&job.packet, reply);
        if let Err(error) = self.listener.send(&bytes, target, job.interface) {
            tracing::warn!(op = "dhcp send", %error, to = %target.address(), "a reply could not be sent");
        }
    }

    fn waits_for_owner(&self, job: &Job) -> bool {
        let Some(relay) = job.packet.giaddr.filter(|_| job.packet.kind == Kind::Discover) else {
            return false;
        };
        let Some(range) = job.range else { return false };
        self.store.is_foreign(range) || self.is_anothers(&job.site, relay)
    }
}

fn needs_work(plan: &Plan) -> bool {
    match plan {
        Plan::Wait(_) => true,
        Plan::Answer { change, .. } | Plan::Silent { change, .. } => change.is_some(),
    }
}

/// Whether a reply belongs to a boot and not to the long life after it.
pub(super) fn is_boot(job: &Job, reply: &Reply) -> bool {
    reply.kind != ReplyKind::Offer && job.packet.kind == Kind::Request && job.packet.ciaddr.is_none()
}
