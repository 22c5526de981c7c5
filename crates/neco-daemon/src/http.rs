//! What every HTTP server of a daemon does around its routes.
//!
//! [`request_id`] gives each request its id and logs it, [`Places`] lets in as many as there are places for.
//! [`status_routes`] are `/health` and `/version`.

pub mod access;
pub mod places;
pub mod request_id;
mod status;

pub use places::{Class, Full, Limits, Place, Places};
pub use request_id::RequestId;
pub use status::{Check, status_routes};
