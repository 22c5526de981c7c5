//! Names, ports and paths that CKE gives to things on nodes and in Kubernetes. Other programs rely on them.

/// The version of CKE whose behaviour this is.
pub const VERSION: &str = "1.35.4";

/// The version of how a cluster is built, stored under `config-version`.
pub const CONFIG_VERSION: &str = "2";

/// What `config-version` is where it is not stored.
pub const FIRST_CONFIG_VERSION: &str = "1";

/// The socket of the container runtime, where the cluster names no other.
pub const CRI_ENDPOINT: &str = "/run/containerd/containerd.sock";

/// Names of containers on nodes.
pub mod container {
    /// etcd.
    pub const ETCD: &str = "etcd";
    /// kube-apiserver.
    pub const API_SERVER: &str = "kube-apiserver";
    /// kube-controller-manager.
    pub const CONTROLLER_MANAGER: &str = "kube-controller-manager";
    /// kube-proxy.
    pub const PROXY: &str = "kube-proxy";
    /// kube-scheduler.
    pub const SCHEDULER: &str = "kube-scheduler";
    /// kubelet.
    pub const KUBELET: &str = "kubelet";
    /// The proxy to the API servers.
    pub const RIVERS: &str = "rivers";
    /// The proxy to etcd.
    pub const ETCD_RIVERS: &str = "etcd-rivers";
    /// All of them.
    pub const ALL: [&str; 8] = [
        ETCD,
        RIVERS,
        ETCD_RIVERS,
        API_SERVER,
        CONTROLLER_MANAGER,
        SCHEDULER,
        PROXY,
        KUBELET,
    ];
}

/// TCP ports on nodes.
pub mod port {
    /// kube-apiserver, behind rivers.
    pub const API_SERVER: u16 = 6443;
    /// rivers.
    pub const RIVERS: u16 = 16443;
    /// etcd for clients, behind etcd-rivers.
    pub const ETCD: u16 = 2379;
    /// etcd for its peers.
    pub const ETCD_PEER: u16 = 2380;
    /// etcd-rivers.
    pub const ETCD_RIVERS: u16 = 12379;
    /// Health of kube-controller-manager.
    pub const CONTROLLER_MANAGER: u16 = 10257;
    /// Health of kube-scheduler.
    pub const SCHEDULER: u16 = 10259;
    /// Health of kube-proxy.
    pub const PROXY_HEALTH: u16 = 10256;
    /// Health of kubelet.
    pub const KUBELET_HEALTH: u16 = 10248;
}

/// Names of docker volumes.
pub mod volume {
    /// Data of etcd, where the cluster names no other.
    pub const ETCD: &str = "etcd-cke";
    /// It exists where the addition of a member to etcd was completed.
    pub const ETCD_ADDED_MEMBER: &str = "etcd-added-member";
}

/// Labels, taints and annotations of Kubernetes objects.
pub mod kube {
    /// Label and taint of control planes.
    pub const MASTER: &str = "cke.cybozu.com/master";
    /// Label with the application's name.
    pub const APP_NAME: &str = "cke.cybozu.com/appname";
    /// Annotation of nodes that are being rebooted.
    pub const REBOOT: &str = "cke.cybozu.com/reboot";
    /// Label of nodes with the role from sabakan.
    pub const ROLE: &str = "cke.cybozu.com/role";
    /// Annotation of built-in resources with their images.
    pub const IMAGE: &str = "cke.cybozu.com/image";
    /// Annotation with the revision that was applied.
    pub const REVISION: &str = "cke.cybozu.com/revision";
    /// Annotation that asks for a CA certificate in a webhook's configuration.
    pub const INJECT_CA: &str = "cke.cybozu.com/inject-cacert";
    /// Annotation that asks for a certificate in a Secret: the name of the service.
    pub const ISSUE_CERT: &str = "cke.cybozu.com/issue-cert";
    /// Service, Endpoints and EndpointSlice of etcd in `kube-system`.
    pub const ETCD_SERVICE: &str = "cke-etcd";
    /// Application name of the cluster's resolver.
    pub const CLUSTER_DNS: &str = "cluster-dns";
    /// Application name of the nodes' resolver.
    pub const NODE_DNS: &str = "node-dns";
    /// Field manager of what CKE applies.
    pub const FIELD_MANAGER: &str = "cke";
}

/// Paths on nodes.
pub mod path {
    /// Certificates and keys of etcd.
    pub const ETCD_PKI: &str = "/etc/etcd/pki";
    /// Certificates and keys of Kubernetes.
    pub const KUBERNETES_PKI: &str = "/etc/kubernetes/pki";
    /// Configuration of kube-scheduler.
    pub const SCHEDULER_CONFIG: &str = "/etc/kubernetes/scheduler/config.yml";
    /// Credentials of kube-scheduler.
    pub const SCHEDULER_KUBECONFIG: &str = "/etc/kubernetes/scheduler/kubeconfig";
    /// Credentials of kube-controller-manager.
    pub const CONTROLLER_MANAGER_KUBECONFIG: &str = "/etc/kubernetes/controller-manager/kubeconfig";

    /// The path of a file under [`ETCD_PKI`].
    #[must_use]
    pub fn etcd_pki(file: &str) -> String {
        format!("{ETCD_PKI}/{file}")
    }

    /// The path of a file under [`KUBERNETES_PKI`].
    #[must_use]
    pub fn kubernetes_pki(file: &str) -> String {
        format!("{KUBERNETES_PKI}/{file}")
    }
}
