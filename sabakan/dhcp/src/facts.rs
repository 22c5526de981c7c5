//! What a decision knows of a client and its range: plain data, gathered by [`crate::range::RangeState::facts`].

use jiff::Timestamp;

use crate::layout::Range;

/// A client's entry in the range's map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// Index of the address.
    pub index: u32,
    /// The stored end. It may be over: nobody else has taken the address yet.
    pub until: Timestamp,
}

/// The address that the client names, seen from the range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// It names none.
    Nothing,
    /// It is not one of the range's.
    Elsewhere,
    /// It is the client's own, or nobody's.
    Free(u32),
    /// It is leased or offered to another client, rests, or somebody answers there.
    Taken(u32),
}

/// What is known of a client in its range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    /// The range.
    pub range: Range,
    /// The client's entry.
    pub mine: Option<Held>,
    /// What is on offer to it.
    pub offered: Option<u32>,
    /// What it names.
    pub wanted: Wanted,
    /// What a new client would get; `None` when the range is full.
    pub next: Option<u32>,
}
