//! Everything of CKE in etcd, typed.
