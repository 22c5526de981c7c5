//! Decides what to do next for a cluster, and says why it waits.
