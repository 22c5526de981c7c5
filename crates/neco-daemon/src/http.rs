//! What every HTTP server of a daemon does around its routes.
//!
//! In the order of layers, from the outside: [`RequestIdLayer`](request_id) gives each request its id and logs it,
//! [`AdmissionLayer`] lets in as many as there are places for. [`status_routes`] are `/health` and `/version`.

pub mod access;
pub mod admission;
pub mod request_id;
mod status;

pub use admission::{Admission, AdmissionLayer, Class, Limits};
pub use request_id::RequestId;
pub use status::{Check, status_routes};
