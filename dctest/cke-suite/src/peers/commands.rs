//! The `ckecli` of each over the same store, and with the `cke` of the other.

use crate::programs::Programs;
use crate::site::Site;

/// Checks.
pub async fn check(_site: &mut Site, _first: &Programs, _second: &Programs) {}
