//! Runs kube-proxy and a DNS cache on a boot server, for programs there that talk to the cluster.
