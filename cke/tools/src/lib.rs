//! Small programs that CKE runs in containers on every node, from one image that holds nothing else.
//!
//! - [`rivers`]: a TCP proxy to several upstream servers: the way to the API servers on every node, to etcd on control planes.
//! - [`directories`]: `make_directories` and `empty-dir`.
//! - [`write_files`]: writes a tar archive from stdin, all of it or nothing.
//! - [`install_cni`]: copies CNI plugins to the node.
//!
//! The programs are linked statically and kept small (`build.sh`): they take few crates, and parse their own flags ([`flags`]).

pub mod directories;
pub mod flags;
pub mod install_cni;
pub mod rivers;
pub mod write_files;

mod program;

pub use program::{Program, ended};
