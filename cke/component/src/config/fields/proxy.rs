//! The fields of `KubeProxyConfiguration` (`kubeproxy.config.k8s.io/v1alpha1`), as Kubernetes 1.35 declares them.

use super::{CLIENT_CONNECTION, LOGGING};
use crate::config::shape::Fields;
use crate::config::shape::Shape::{Bool, Duration, Int, List, Map, Object, Pointer, Text};

const CONNTRACK: Fields = &[
    ("maxPerCore", Pointer(&Int)),
    ("min", Pointer(&Int)),
    ("tcpBeLiberal", Bool),
    ("tcpCloseWaitTimeout", Pointer(&Duration)),
    ("tcpEstablishedTimeout", Pointer(&Duration)),
    ("udpStreamTimeout", Duration),
    ("udpTimeout", Duration),
];

const DETECT_LOCAL: Fields = &[("bridgeInterface", Text), ("interfaceNamePrefix", Text)];

const IPTABLES: Fields = &[
    ("localhostNodePorts", Pointer(&Bool)),
    ("masqueradeAll", Bool),
    ("masqueradeBit", Pointer(&Int)),
    ("minSyncPeriod", Duration),
    ("syncPeriod", Duration),
];

const IPVS: Fields = &[
    ("excludeCIDRs", List(&Text)),
    ("minSyncPeriod", Duration),
    ("scheduler", Text),
    ("strictARP", Bool),
    ("syncPeriod", Duration),
    ("tcpFinTimeout", Duration),
    ("tcpTimeout", Duration),
    ("udpTimeout", Duration),
];

const NFTABLES: Fields = &[
    ("masqueradeAll", Bool),
    ("masqueradeBit", Pointer(&Int)),
    ("minSyncPeriod", Duration),
    ("syncPeriod", Duration),
];

const WINKERNEL: Fields = &[
    ("enableDSR", Bool),
    ("forwardHealthCheckVip", Bool),
    ("networkName", Text),
    ("rootHnsEndpointName", Text),
    ("sourceVip", Text),
];

/// Fields of the object itself, without `apiVersion` and `kind`.
pub const PROXY: Fields = &[
    ("bindAddress", Text),
    ("bindAddressHardFail", Bool),
    ("clientConnection", Object(CLIENT_CONNECTION)),
    ("clusterCIDR", Text),
    ("configSyncPeriod", Duration),
    ("conntrack", Object(CONNTRACK)),
    ("detectLocal", Object(DETECT_LOCAL)),
    ("detectLocalMode", Text),
    ("enableProfiling", Bool),
    ("featureGates", Map(&Bool)),
    ("healthzBindAddress", Text),
    ("hostnameOverride", Text),
    ("iptables", Object(IPTABLES)),
    ("ipvs", Object(IPVS)),
    ("logging", Object(LOGGING)),
    ("metricsBindAddress", Text),
    ("mode", Text),
    ("nftables", Object(NFTABLES)),
    ("nodePortAddresses", List(&Text)),
    ("oomScoreAdj", Pointer(&Int)),
    ("portRange", Text),
    ("showHiddenMetricsForVersion", Text),
    ("windowsRunAsService", Bool),
    ("winkernel", Object(WINKERNEL)),
];
