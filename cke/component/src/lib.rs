//! What each component of a cluster is made of: arguments, mounts, files, manifests, and the operations that bring it about.
