//! Admission by class: what boots machines goes first, then the API, then searches; the rest gets 503 with Retry-After.
//!
//! There are so many places. A class may take only its share of them, so that a flood of searches leaves places for
//! boots; who finds none waits in the bounded queue of its class, for a bounded time. A place that becomes free goes to
//! the most important class that waits. What is decided is in [`gate`]; this file only carries it out.

mod gate;
mod layer;

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;

pub use gate::{Class, Limits, Share};
pub use layer::AdmissionLayer;

use gate::{Gate, Verdict};

/// The places of a server and who waits for one.
#[derive(Debug, Clone)]
pub struct Admission(Arc<Mutex<Places>>);

#[derive(Debug)]
struct Places {
    gate: Gate,
    patience: Duration,
    waiting: [VecDeque<oneshot::Sender<Permit>>; Class::ALL.len()],
}

/// A taken place. Dropping it gives it to the next.
#[derive(Debug)]
pub struct Permit {
    admission: Admission,
    class: Class,
}

/// There is no place, and none to wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many requests are being served; try again in {retry_after:?}")]
pub struct Refused {
    /// When to try again.
    pub retry_after: Duration,
}

impl Admission {
    /// All places free. `patience` is how long a request waits for one at most.
    pub fn new(limits: Limits, patience: Duration) -> Admission {
        let waiting = std::array::from_fn(|_| VecDeque::new());
        Admission(Arc::new(Mutex::new(Places {
            gate: Gate::new(limits),
            patience,
            waiting,
        })))
    }

    /// Takes a place, maybe after waiting for one.
    ///
    /// # Errors
    /// When the class's queue is full, or no place became free in time.
    pub async fn enter(&self, class: Class) -> Result<Permit, Refused> {
        let (ticket, patience) = {
            let mut places = self.lock();
            places.forget_those_gone();
            match places.gate.arrive(class) {
                Verdict::Run => {
                    return Ok(Permit {
                        admission: self.clone(),
                        class,
                    });
                }
                Verdict::Refuse { retry_after } => return Err(Refused { retry_after }),
                Verdict::Wait => {
                    let (sender, ticket) = oneshot::channel();
                    places.waiting[class.index()].push_back(sender);
                    (ticket, places.patience)
                }
            }
        };
        match tokio::time::timeout(patience, ticket).await {
            Ok(Ok(permit)) => Ok(permit),
            _ => Err(Refused { retry_after: patience }),
        }
    }

    /// How many of a class run and wait.
    pub fn load(&self, class: Class) -> (usize, usize) {
        self.lock().gate.load(class)
    }

    fn leave(&self, class: Class) {
        let mut refused = Vec::new();
        {
            let mut places = self.lock();
            places.forget_those_gone();
            places.gate.leave(class);
            while let Some(next) = places.gate.next() {
                let Some(sender) = places.waiting[next.index()].pop_front() else {
                    break;
                };
                let permit = Permit {
                    admission: self.clone(),
                    class: next,
                };
                // Gone since a moment ago: its place is given back below, without the lock.
                refused.extend(sender.send(permit).err());
            }
        }
        drop(refused);
    }

    fn lock(&self) -> MutexGuard<'_, Places> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Places {
    /// Who stopped waiting (its client went away, or its time is over) leaves the queue.
    fn forget_those_gone(&mut self) {
        for class in Class::ALL {
            let queue = &mut self.waiting[class.index()];
            let before = queue.len();
            queue.retain(|sender| !sender.is_closed());
            self.gate.gave_up(class, before - queue.len());
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.admission.leave(self.class);
    }
}
