//! A network of the run's own: no packet of a measurement leaves it, and it is gone with the process.

use std::net::Ipv4Addr;

use anyhow::Context;
use testkit::netns;

/// The addresses of machines and relays: the pool of [`crate::bench::inventory::configure`].
pub const POOL: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 0);
/// Addresses in a rack's block.
pub const BLOCK: u32 = 64;
/// Where DHCP servers that want an address of their own listen.
pub const SERVER: Ipv4Addr = Ipv4Addr::new(10, 127, 255, 1);

/// Runs a future in a network in which every address of the machines' pool is the host's own, so that one process speaks
/// as thousands of machines and relays.
///
/// # Errors
/// The future's.
///
/// # Panics
/// When this user may not make network namespaces.
pub fn run<T: Send>(work: impl Future<Output = anyhow::Result<T>> + Send) -> anyhow::Result<T> {
    netns::isolated(|| {
        netns::own_network("10.0.0.0/9");
        netns::ip(&["addr", "add", &format!("{SERVER}/32"), "dev", "lo"]);
        // Every address is here, free ones too: they must not answer the probes of DHCP servers.
        std::fs::write("/proc/sys/net/ipv4/icmp_echo_ignore_all", "1").context("cannot silence ICMP echo")?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .context("cannot start a runtime")?;
        runtime.block_on(work)
    })
}

/// The relay of block number `n` of the pool.
#[must_use]
pub fn relay(n: u32) -> Ipv4Addr {
    Ipv4Addr::from(u32::from(POOL) + n * BLOCK + 1)
}
