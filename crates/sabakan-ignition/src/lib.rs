//! Ignition templates: from an operator's YAML tree to the stored template, and from there to what one machine boots with.
//!
//! - [`build`] reads a YAML file with its includes, passwd, files, units, and makes the [`IgnitionTemplate`] that the API
//!   stores. It reads through a [`Tree`] that the caller gives.
//! - [`Prepared`] holds a stored template with everything parsed that can be; [`Prepared::render`] gives one machine's
//!   Ignition, in the specification's version 2.2 or 2.3 as the template says, or translated to 3.4.
//! - [`validate`] renders for a made-up machine, which is what storing a template demands.
//!
//! What is written is to the byte what Go's types for Ignition write: fields in their order, absent ones left out, unknown
//! ones dropped. This is driven by tables of the specifications ([`mod@schema`]), which also say which strings are templates:
//! those of passwd, contents of files and units, hashes and URLs of files. Paths, names of units and drop-ins are not.
//!
//! Nothing here touches a file, a socket or a clock.
//!
//! [`IgnitionTemplate`]: sabakan_model::IgnitionTemplate

mod builder;
mod data_url;
mod document;
mod error;
mod functions;
mod machine;
mod prepare;
mod schema;
mod v3;

pub use builder::{Built, Tree, build};
pub use error::{BuildError, Error};
pub use functions::Urls;
pub use machine::machine_value;
pub use prepare::{Prepared, Spec, validate};
