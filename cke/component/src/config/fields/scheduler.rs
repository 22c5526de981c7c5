//! The fields of `KubeSchedulerConfiguration` (`kubescheduler.config.k8s.io/v1`), as Kubernetes 1.35 declares them.

use super::CLIENT_CONNECTION;
use crate::config::shape::Fields;
use crate::config::shape::Shape::{Any, Bool, Duration, Int, List, Object, Pointer, Text};

const EXTENDERS_MANAGED_RESOURCES: Fields = &[("ignoredByScheduler", Bool), ("name", Text)];

const EXTENDERS_TLS_CONFIG: Fields = &[
    ("caData", Text),
    ("caFile", Text),
    ("certData", Text),
    ("certFile", Text),
    ("insecure", Bool),
    ("keyData", Text),
    ("keyFile", Text),
    ("serverName", Text),
];

const EXTENDERS: Fields = &[
    ("bindVerb", Text),
    ("enableHTTPS", Bool),
    ("filterVerb", Text),
    ("httpTimeout", Duration),
    ("ignorable", Bool),
    ("managedResources", List(&Object(EXTENDERS_MANAGED_RESOURCES))),
    ("nodeCacheCapable", Bool),
    ("preemptVerb", Text),
    ("prioritizeVerb", Text),
    ("tlsConfig", Pointer(&Object(EXTENDERS_TLS_CONFIG))),
    ("urlPrefix", Text),
    ("weight", Int),
];

const LEADER_ELECTION: Fields = &[
    ("leaderElect", Pointer(&Bool)),
    ("leaseDuration", Duration),
    ("renewDeadline", Duration),
    ("resourceLock", Text),
    ("resourceName", Text),
    ("resourceNamespace", Text),
    ("retryPeriod", Duration),
];

const PROFILES_PLUGIN_CONFIG: Fields = &[("args", Any), ("name", Text)];

const PLUGIN_LIST: Fields = &[("name", Text), ("weight", Pointer(&Int))];

const PLUGIN_SET: Fields = &[
    ("disabled", List(&Object(PLUGIN_LIST))),
    ("enabled", List(&Object(PLUGIN_LIST))),
];

const PLUGINS: Fields = &[
    ("bind", Object(PLUGIN_SET)),
    ("filter", Object(PLUGIN_SET)),
    ("multiPoint", Object(PLUGIN_SET)),
    ("permit", Object(PLUGIN_SET)),
    ("postBind", Object(PLUGIN_SET)),
    ("postFilter", Object(PLUGIN_SET)),
    ("preBind", Object(PLUGIN_SET)),
    ("preEnqueue", Object(PLUGIN_SET)),
    ("preFilter", Object(PLUGIN_SET)),
    ("preScore", Object(PLUGIN_SET)),
    ("queueSort", Object(PLUGIN_SET)),
    ("reserve", Object(PLUGIN_SET)),
    ("score", Object(PLUGIN_SET)),
];

const PROFILES: Fields = &[
    ("percentageOfNodesToScore", Pointer(&Int)),
    ("pluginConfig", List(&Object(PROFILES_PLUGIN_CONFIG))),
    ("plugins", Pointer(&Object(PLUGINS))),
    ("schedulerName", Pointer(&Text)),
];

/// Fields of the object itself, without `apiVersion` and `kind`.
pub const SCHEDULER: Fields = &[
    ("clientConnection", Object(CLIENT_CONNECTION)),
    ("delayCacheUntilActive", Bool),
    ("enableContentionProfiling", Pointer(&Bool)),
    ("enableProfiling", Pointer(&Bool)),
    ("extenders", List(&Object(EXTENDERS))),
    ("leaderElection", Object(LEADER_ELECTION)),
    ("parallelism", Pointer(&Int)),
    ("percentageOfNodesToScore", Pointer(&Int)),
    ("podInitialBackoffSeconds", Pointer(&Int)),
    ("podMaxBackoffSeconds", Pointer(&Int)),
    ("profiles", List(&Object(PROFILES))),
];
