//! A virtual data center of nodes that boot in two seconds: servers, container images, fleets.

fn main() {}
