//! Administers the etcd that a cluster's control plane runs on.
