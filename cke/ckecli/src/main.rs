//! The operators' command for CKE.

fn main() {}
