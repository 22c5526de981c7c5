//! What the operators' commands have in common: how results and errors are shown, completion scripts and man pages, arguments that mean the
//! same everywhere, files that may be standard input.
//!
//! It knows nothing of what a command is about, of its exit codes or of its hints. It serves the handlers of commands and speaks their
//! error type, `anyhow`. What goes to a pipe is what scripts have always got, to the byte; a terminal gets tables.

pub mod arguments;
pub mod completion;
pub mod failure;
pub mod input;
pub mod output;
pub mod tabwriter;
