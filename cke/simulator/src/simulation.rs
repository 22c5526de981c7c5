//! The loop: look, decide, check, carry out, let time pass.

use crate::apply::{Failure, apply};
use crate::event::strike;
use crate::invariant::{self, Broken};
use crate::scenario::Scenario;
use crate::world::World;
use cke_model::{Action, Operation, Phase};
use cke_plan::{Plan, WaitReason, decide};

/// What a simulation came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Decisions.
    pub decisions: u64,
    /// Operations that were begun.
    pub operations: u64,
    /// Seconds that passed in the simulated world.
    pub seconds: i64,
    /// A digest of the whole history: the same for the same scenario.
    pub digest: u64,
}

/// Decisions that the first bring-up, or coming to rest at the end, may take beyond what the size of the cluster needs.
const PATIENCE: u64 = 5000;
/// The longest sleep between two decisions while things happen, in seconds.
const NAP: i64 = 120;
/// The same while nothing happens but what CKE does: queues need days.
const LONG_NAP: i64 = 900;

struct Simulation {
    world: World,
    report: Report,
    /// Whether something happened while the last plan was carried out: it was made for another world.
    struck: bool,
    nap: i64,
}

/// Runs a scenario.
///
/// # Errors
/// The first promise that was broken.
pub fn run(scenario: &Scenario) -> Result<Report, Broken> {
    let mut simulation = Simulation {
        world: World::new(scenario),
        report: Report {
            decisions: 0,
            operations: 0,
            seconds: 0,
            digest: 0xcbf2_9ce4_8422_2325,
        },
        struck: false,
        nap: LONG_NAP,
    };
    let begin = simulation.world.now;
    simulation.until_rest()?;
    simulation.nap = NAP;
    simulation.live()?;
    simulation.nap = LONG_NAP;
    simulation.settle();
    simulation.until_rest()?;
    simulation.queues_are_empty()?;
    simulation.report.seconds = simulation.world.now.duration_since(begin).as_secs();
    Ok(simulation.report)
}

impl Simulation {
    /// Events strike in bursts; between two bursts CKE has time for a few decisions, or for many.
    fn live(&mut self) -> Result<(), Broken> {
        let mut left = self.world.scenario.events;
        while left > 0 {
            let burst = self.world.random.below(self.world.scenario.burst).saturating_add(1);
            for _ in 0..burst.min(u64::try_from(left).unwrap_or(u64::MAX)) {
                strike(&mut self.world);
                left = left.saturating_sub(1);
            }
            for _ in 0..self.world.random.below(6).saturating_add(1) {
                self.step()?;
            }
        }
        Ok(())
    }

    /// People mend what CKE cannot: dead machines are replaced, networks healed, brakes let go.
    fn settle(&mut self) {
        let world = &mut self.world;
        world.desired.controls.frozen = None;
        world.seen.reboots.enabled = true;
        world.seen.repairs.enabled = true;
        let addresses: Vec<_> = world.machines.keys().cloned().collect();
        addresses.iter().for_each(|address| world.power_on(address));
        let seen = &mut world.desired.cluster.nodes;
        seen.iter_mut().for_each(|node| node.taints = None);
    }

    /// Decides until there is nothing left to do.
    fn until_rest(&mut self) -> Result<(), Broken> {
        let nodes = u64::try_from(self.world.desired.cluster.nodes.len()).unwrap_or(u64::MAX);
        let limit = nodes.saturating_add(PATIENCE);
        for loops in 0.. {
            let plan = self.step()?;
            if plan.operations.is_empty() && plan.phase == Phase::Completed && self.nothing_pends() {
                return Ok(());
            }
            // A machine whose reboot or repair failed for good is mended by a person.
            if loops % 50 == 49 {
                self.settle();
            }
            if loops > limit {
                return Err(Broken::Restless {
                    loops,
                    phase: plan.phase.to_string(),
                    operations: plan.operations.iter().map(|operation| operation.name.clone()).collect(),
                    waits: told(&plan),
                });
            }
        }
        Ok(())
    }

    /// Whether no time alone will bring work.
    fn nothing_pends(&self) -> bool {
        let world = &self.world;
        world.timers.is_empty()
            && world.seen.reboots.entries.is_empty()
            && world
                .seen
                .repairs
                .entries
                .iter()
                .all(cke_model::RepairEntry::has_finished)
    }

    fn queues_are_empty(&self) -> Result<(), Broken> {
        if self.nothing_pends() {
            return Ok(());
        }
        let entries = self.world.seen.reboots.entries.iter().map(|entry| format!("{entry:?}"));
        Err(Broken::Queue {
            entries: entries.collect(),
        })
    }

    /// One look, one decision, and what follows from it.
    fn step(&mut self) -> Result<Plan, Broken> {
        let world = &mut self.world;
        world.register_pending();
        world.look_at_queues();
        let plan = decide(&world.desired, &world.seen, world.now);
        self.report.decisions = self.report.decisions.saturating_add(1);
        invariant::plan_is_sound(world, &plan)?;
        let before = world.changes;
        self.struck = false;
        let all_done = self.carry_out(&plan)?;
        let waits_only = plan.operations.iter().all(is_wait);
        if all_done && !self.struck && !waits_only && self.world.changes == before {
            let operations = plan.operations.iter().map(|operation| operation.name.clone());
            return Err(Broken::Idle {
                operations: operations.collect(),
            });
        }
        self.sleep(&plan);
        Ok(plan)
    }

    /// Carries out a plan, until something fails or the leader ends. Whether it was carried out to its end.
    fn carry_out(&mut self, plan: &Plan) -> Result<bool, Broken> {
        for operation in &plan.operations {
            self.note(operation);
            for step in &operation.steps {
                if self.world.random.chance(2) {
                    // The leader ends here; another one looks anew.
                    return Ok(false);
                }
                if self.world.random.chance(2) && self.report.decisions > 100 {
                    strike(&mut self.world);
                    self.struck = true;
                }
                match apply(&mut self.world, &step.action) {
                    Ok(()) => {}
                    Err(Failure::Broken(broken)) if !self.struck => return Err(broken),
                    Err(_) => return Ok(false),
                }
                self.pass(1);
            }
        }
        Ok(true)
    }

    /// A plan is followed by the next look at once; without one CKE sleeps until something is due.
    fn sleep(&mut self, plan: &Plan) {
        let seconds = if plan.operations.is_empty() || plan.operations.iter().all(is_wait) {
            self.world.random.seconds(10, self.nap)
        } else {
            1
        };
        self.pass(seconds);
    }

    fn pass(&mut self, seconds: i64) {
        let until = self.world.in_seconds(seconds);
        self.world.pass_until(until);
    }

    fn note(&mut self, operation: &Operation) {
        self.report.operations = self.report.operations.saturating_add(1);
        let time = self.world.now.to_string();
        let parts = [&operation.name, &time].into_iter().chain(&operation.targets);
        for byte in parts.flat_map(|part| part.bytes()) {
            self.report.digest = (self.report.digest ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

/// Whether an operation only waits.
fn is_wait(operation: &Operation) -> bool {
    let waits = |action: &Action| matches!(action, Action::EtcdWaitSync { .. } | Action::KubeWait { .. });
    operation.steps.iter().all(|step| waits(&step.action))
}

/// Waits that say why there is no rest.
fn told(plan: &Plan) -> Vec<String> {
    let silent = |reason: &WaitReason| matches!(reason, WaitReason::Finished { .. } | WaitReason::SameMachine { .. });
    let waits = plan.waits.iter().filter(|wait| !silent(&wait.reason));
    waits.take(10).map(ToString::to_string).collect()
}
