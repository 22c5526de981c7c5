//! Boot images and assets of sabakan: the files behind a network boot, and the fast way to send them.
pub mod content;
pub mod front;
