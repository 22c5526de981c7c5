//! Ours and the original, side by side on the same clusters: part of `make peers`.

pub mod commands;
pub mod takeover;

/// Control planes and workers of the small and of the usual cluster.
pub const SIZES: [(u8, u8); 2] = [(1, 1), (3, 2)];
