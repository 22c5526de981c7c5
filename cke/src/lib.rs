//! The daemon that builds Kubernetes clusters and keeps them.
