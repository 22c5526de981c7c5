//! The two configurations of a site, as whoever watches them sees them.

use crate::{DhcpConfig, IpamConfig};
use std::sync::Arc;

/// What is configured right now; `None` for what was never put.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SiteConfig {
    /// How addresses are computed.
    pub ipam: Option<Arc<IpamConfig>>,
    /// What DHCP tells its clients.
    pub dhcp: Option<Arc<DhcpConfig>>,
}
