//! A fleet of nodes to run commands on, over SSH connections that are kept.
