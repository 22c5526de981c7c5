//! In which class a route is under overload: what boots machines goes on when the API or searches are flooded.

use super::error::ApiError;
use crate::route::RouteId;
use neco_daemon::http::places::{Class, Full, RETRY_AFTER};

/// The class of a route.
#[must_use]
pub(super) fn class_of(id: RouteId) -> Class {
    use RouteId as R;
    match id {
        R::BootIpxeEfi | R::BootIpxeChain | R::BootIpxeScript | R::BootKernel | R::BootInitrd => Class::Boot,
        R::BootIgnition | R::CryptGet | R::CryptPut | R::Cryptsetup | R::AssetGet | R::ImageGet => Class::Boot,
        R::Health | R::Version | R::Metrics => Class::Boot,
        R::MachineList | R::Graphql | R::Logs | R::BootLogList => Class::Search,
        _ => Class::Api,
    }
}

impl From<Full> for ApiError {
    fn from(full: Full) -> Self {
        Self::unavailable(full, RETRY_AFTER)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_says_when_to_come_again() {
        let refused = ApiError::from(Full);
        assert_eq!((refused.status.as_u16(), refused.retry_after), (503, Some(1)));
    }
}
