//! Who may run, who waits, who is refused. Pure: it counts, and knows nothing of requests.

use std::time::Duration;

/// How important a request is. The first goes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// A machine boots by it.
    Boot,
    /// A change, or a small question.
    Api,
    /// What costs more the more there is.
    Search,
}

impl Class {
    /// All, the most important first.
    pub const ALL: [Class; 3] = [Class::Boot, Class::Api, Class::Search];

    pub(super) fn index(self) -> usize {
        match self {
            Class::Boot => 0,
            Class::Api => 1,
            Class::Search => 2,
        }
    }
}

/// What one class may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// How many of all places.
    pub running: usize,
    /// How many may wait.
    pub waiting: usize,
}

/// How many places there are, and each class's share of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// All places together.
    pub places: usize,
    /// In the order of [`Class::ALL`].
    pub shares: [Share; 3],
}

impl Limits {
    /// Boots may take every place, the API three quarters, searches a quarter; each but boots waits for at most as many
    /// again as may run.
    pub fn of(places: usize) -> Limits {
        let places = places.max(4);
        let share = |running: usize, waiting: usize| Share { running, waiting };
        let (api, search) = (places * 3 / 4, places / 4);
        Limits {
            places,
            shares: [share(places, places * 4), share(api, api), share(search, search)],
        }
    }
}

/// What becomes of a request that comes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Run,
    Wait,
    Refuse { retry_after: Duration },
}

/// The counts.
#[derive(Debug, Clone)]
pub(super) struct Gate {
    limits: Limits,
    running: [usize; 3],
    waiting: [usize; 3],
}

impl Gate {
    pub(super) fn new(limits: Limits) -> Gate {
        Gate {
            limits,
            running: [0; 3],
            waiting: [0; 3],
        }
    }

    /// A request comes in; it counts as running or waiting from now on, unless it is refused.
    pub(super) fn arrive(&mut self, class: Class) -> Verdict {
        let at = class.index();
        if self.has_place(class) && !self.somebody_waits_before(class) {
            self.running[at] += 1;
            return Verdict::Run;
        }
        if self.waiting[at] < self.limits.shares[at].waiting {
            self.waiting[at] += 1;
            return Verdict::Wait;
        }
        // The less important, the later.
        Verdict::Refuse {
            retry_after: Duration::from_secs(1 << (2 * at)),
        }
    }

    /// A running request of this class is done.
    pub(super) fn leave(&mut self, class: Class) {
        let running = &mut self.running[class.index()];
        *running = running.saturating_sub(1);
    }

    /// Requests of this class wait no longer.
    pub(super) fn gave_up(&mut self, class: Class, count: usize) {
        let waiting = &mut self.waiting[class.index()];
        *waiting = waiting.saturating_sub(count);
    }

    /// The class whose longest waiting request runs now, if any may; it counts as running from now on.
    pub(super) fn next(&mut self) -> Option<Class> {
        let next = Class::ALL
            .into_iter()
            .find(|class| self.waiting[class.index()] > 0 && self.has_place(*class))?;
        self.waiting[next.index()] -= 1;
        self.running[next.index()] += 1;
        Some(next)
    }

    /// How many of a class run and wait.
    pub(super) fn load(&self, class: Class) -> (usize, usize) {
        (self.running[class.index()], self.waiting[class.index()])
    }

    /// A class shares with those less important: together they stay within its share, so that what is above it always
    /// finds the rest.
    fn has_place(&self, class: Class) -> bool {
        let at = class.index();
        let from_here_down: usize = self.running[at..].iter().sum();
        let all: usize = self.running.iter().sum();
        all < self.limits.places && from_here_down < self.limits.shares[at].running
    }

    fn somebody_waits_before(&self, class: Class) -> bool {
        Class::ALL.into_iter().filter(|other| *other <= class).any(|other| {
            // One that waits for its own share to become free holds nobody else up.
            self.waiting[other.index()] > 0 && self.has_place(other)
        })
    }
}
