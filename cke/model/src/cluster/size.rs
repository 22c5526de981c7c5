//! The whole cluster is one value in etcd: whether it fits is asked before it is written.

/// What etcd takes in one request unless it is told otherwise, in bytes.
pub const DEFAULT_REQUEST_LIMIT: usize = 1_572_864;

/// What a request holds beside the cluster: keys, guards, the leader's key.
const OVERHEAD: usize = 4096;

/// A cluster that etcd would refuse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the cluster takes {bytes} bytes for {nodes} nodes; etcd takes at most {limit} in one request: start CKE's etcd with \
     --max-request-bytes={wanted} or more, and tell CKE with the same figure"
)]
pub struct TooLarge {
    /// Size of the stored cluster.
    pub bytes: usize,
    /// How many nodes it has.
    pub nodes: usize,
    /// etcd's limit.
    pub limit: usize,
    /// A limit that leaves room for growth.
    pub wanted: usize,
}

/// Whether a cluster of this size can be written to an etcd with this limit.
///
/// # Errors
/// Says what to raise.
pub fn check_size(bytes: usize, nodes: usize, limit: usize) -> Result<(), TooLarge> {
    if bytes + OVERHEAD <= limit {
        return Ok(());
    }
    let wanted = (2 * bytes).next_multiple_of(1024 * 1024);
    Err(TooLarge {
        bytes,
        nodes,
        limit,
        wanted,
    })
}

#[cfg(test)]
mod tests {
    use super::{DEFAULT_REQUEST_LIMIT, check_size};

    #[test]
    fn the_limit_and_what_to_raise_are_named() {
        assert!(check_size(1_500_000, 2_000, DEFAULT_REQUEST_LIMIT).is_ok());
        let refused = check_size(1_600_000, 2_100, DEFAULT_REQUEST_LIMIT).map_err(|e| e.to_string());
        let text = refused.err().unwrap_or_default();
        for part in ["1600000 bytes", "2100 nodes", "1572864", "--max-request-bytes=4194304"] {
            assert!(text.contains(part), "{text}");
        }
        assert!(check_size(1_600_000, 2_100, 4_194_304).is_ok());
    }
}
