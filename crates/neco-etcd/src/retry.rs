//! The decision after a failed attempt: again, and how, or give up.

#[cfg(test)]
mod tests;

use std::time::Duration;

use crate::failure::Failure;

/// What repeating a request could do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Safety {
    /// Asking twice is the same as once.
    Read,
    /// Doing it twice, or after somebody else's write, could be wrong.
    Write,
}

/// What to do after a failed attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// Hand the failure to the caller.
    GiveUp { pass_on: bool },
    /// Try again after `pause`.
    Again {
        pass_on: bool,
        authenticate: bool,
        pause: Duration,
    },
}

/// How far the attempts of one request have come.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Tried {
    /// Attempts that failed, this one included.
    pub(crate) attempts: u32,
    /// How often a token was renewed for it.
    pub(crate) authentications: u32,
    /// Whether the time for the whole request is over.
    pub(crate) out_of_time: bool,
}

/// The pause after every member was tried once; doubled each round.
const FIRST_PAUSE: Duration = Duration::from_millis(25);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// Decides. `members` is how many there are.
pub(crate) fn decide(safety: Safety, failure: &Failure, tried: Tried, members: usize) -> Next {
    let (pass_on, authenticate) = match failure {
        Failure::Final(_) => return Next::GiveUp { pass_on: false },
        Failure::Token(_) => (false, true),
        Failure::Busy(_) => (false, false),
        Failure::NotDone(_) => (true, false),
        Failure::Unknown(_) | Failure::NoAnswer if safety == Safety::Read => (true, false),
        Failure::Unknown(_) | Failure::NoAnswer => return Next::GiveUp { pass_on: true },
    };
    // A fresh token that is refused again means that the user is.
    if tried.out_of_time || (authenticate && tried.authentications >= 2) {
        return Next::GiveUp { pass_on };
    }
    Next::Again {
        pass_on,
        authenticate,
        pause: pause(tried.attempts, members, pass_on),
    }
}

/// None within the first round over the members, then growing.
fn pause(attempts: u32, members: usize, pass_on: bool) -> Duration {
    let members = u32::try_from(members).unwrap_or(u32::MAX).max(1);
    let rounds = if pass_on { attempts / members } else { attempts };
    match rounds {
        0 => Duration::ZERO,
        rounds => (FIRST_PAUSE * 2_u32.saturating_pow((rounds - 1).min(8))).min(LONGEST_PAUSE),
    }
}
