//! Small programs that run in containers on every node.
