//! The fields of `KubeletConfiguration` (`kubelet.config.k8s.io/v1beta1`), as Kubernetes 1.35 declares them.

use super::LOGGING;
use crate::config::shape::Fields;
use crate::config::shape::Shape::{Bool, Duration, Int, List, Map, Number, Object, Pointer, Quantity, Text};

const AUTHENTICATION_ANONYMOUS: Fields = &[("enabled", Pointer(&Bool))];

const AUTHENTICATION_WEBHOOK: Fields = &[("cacheTTL", Duration), ("enabled", Pointer(&Bool))];

const AUTHENTICATION_X509: Fields = &[("clientCAFile", Text)];

const AUTHENTICATION: Fields = &[
    ("anonymous", Object(AUTHENTICATION_ANONYMOUS)),
    ("webhook", Object(AUTHENTICATION_WEBHOOK)),
    ("x509", Object(AUTHENTICATION_X509)),
];

const AUTHORIZATION_WEBHOOK: Fields = &[("cacheAuthorizedTTL", Duration), ("cacheUnauthorizedTTL", Duration)];

const AUTHORIZATION: Fields = &[("mode", Text), ("webhook", Object(AUTHORIZATION_WEBHOOK))];

const CRASH_LOOP_BACK_OFF: Fields = &[("maxContainerRestartPeriod", Pointer(&Duration))];

const MEMORY_SWAP: Fields = &[("swapBehavior", Text)];

const TAINT: Fields = &[
    ("effect", Text),
    ("key", Text),
    ("timeAdded", Pointer(&Text)),
    ("value", Text),
];

const RESERVED_MEMORY: Fields = &[("limits", Map(&Quantity)), ("numaNode", Int)];

const SHUTDOWN_GRACE_PERIOD_BY_POD_PRIORITY: Fields = &[("priority", Int), ("shutdownGracePeriodSeconds", Int)];

const TRACING: Fields = &[("endpoint", Pointer(&Text)), ("samplingRatePerMillion", Pointer(&Int))];

const USER_NAMESPACES: Fields = &[("idsPerPod", Pointer(&Int))];

/// Fields of the object itself, without `apiVersion` and `kind`.
pub const KUBELET: Fields = &[
    ("address", Text),
    ("allowedUnsafeSysctls", List(&Text)),
    ("authentication", Object(AUTHENTICATION)),
    ("authorization", Object(AUTHORIZATION)),
    ("cgroupDriver", Text),
    ("cgroupRoot", Text),
    ("cgroupsPerQOS", Pointer(&Bool)),
    ("clusterDNS", List(&Text)),
    ("clusterDomain", Text),
    ("configMapAndSecretChangeDetectionStrategy", Text),
    ("containerLogMaxFiles", Pointer(&Int)),
    ("containerLogMaxSize", Text),
    ("containerLogMaxWorkers", Pointer(&Int)),
    ("containerLogMonitorInterval", Pointer(&Duration)),
    ("containerRuntimeEndpoint", Text),
    ("contentType", Text),
    ("cpuCFSQuota", Pointer(&Bool)),
    ("cpuCFSQuotaPeriod", Pointer(&Duration)),
    ("cpuManagerPolicy", Text),
    ("cpuManagerPolicyOptions", Map(&Text)),
    ("cpuManagerReconcilePeriod", Duration),
    ("crashLoopBackOff", Object(CRASH_LOOP_BACK_OFF)),
    ("enableContentionProfiling", Bool),
    ("enableControllerAttachDetach", Pointer(&Bool)),
    ("enableDebugFlagsHandler", Pointer(&Bool)),
    ("enableDebuggingHandlers", Pointer(&Bool)),
    ("enableProfilingHandler", Pointer(&Bool)),
    ("enableServer", Pointer(&Bool)),
    ("enableSystemLogHandler", Pointer(&Bool)),
    ("enableSystemLogQuery", Pointer(&Bool)),
    ("enforceNodeAllocatable", List(&Text)),
    ("eventBurst", Int),
    ("eventRecordQPS", Pointer(&Int)),
    ("evictionHard", Map(&Text)),
    ("evictionMaxPodGracePeriod", Int),
    ("evictionMinimumReclaim", Map(&Text)),
    ("evictionPressureTransitionPeriod", Duration),
    ("evictionSoft", Map(&Text)),
    ("evictionSoftGracePeriod", Map(&Text)),
    ("failCgroupV1", Pointer(&Bool)),
    ("failSwapOn", Pointer(&Bool)),
    ("featureGates", Map(&Bool)),
    ("fileCheckFrequency", Duration),
    ("hairpinMode", Text),
    ("healthzBindAddress", Text),
    ("healthzPort", Pointer(&Int)),
    ("httpCheckFrequency", Duration),
    ("imageGCHighThresholdPercent", Pointer(&Int)),
    ("imageGCLowThresholdPercent", Pointer(&Int)),
    ("imageMaximumGCAge", Duration),
    ("imageMinimumGCAge", Duration),
    ("imagePullCredentialsVerificationPolicy", Text),
    ("imageServiceEndpoint", Text),
    ("iptablesDropBit", Pointer(&Int)),
    ("iptablesMasqueradeBit", Pointer(&Int)),
    ("kernelMemcgNotification", Bool),
    ("kubeAPIBurst", Int),
    ("kubeAPIQPS", Pointer(&Int)),
    ("kubeReserved", Map(&Text)),
    ("kubeReservedCgroup", Text),
    ("kubeletCgroups", Text),
    ("localStorageCapacityIsolation", Pointer(&Bool)),
    ("logging", Object(LOGGING)),
    ("makeIPTablesUtilChains", Pointer(&Bool)),
    ("maxOpenFiles", Int),
    ("maxParallelImagePulls", Pointer(&Int)),
    ("maxPods", Int),
    ("memoryManagerPolicy", Text),
    ("memorySwap", Object(MEMORY_SWAP)),
    ("memoryThrottlingFactor", Pointer(&Number)),
    ("mergeDefaultEvictionSettings", Pointer(&Bool)),
    ("nodeLeaseDurationSeconds", Int),
    ("nodeStatusMaxImages", Pointer(&Int)),
    ("nodeStatusReportFrequency", Duration),
    ("nodeStatusUpdateFrequency", Duration),
    ("oomScoreAdj", Pointer(&Int)),
    ("podCIDR", Text),
    ("podLogsDir", Text),
    ("podPidsLimit", Pointer(&Int)),
    ("podsPerCore", Int),
    ("port", Int),
    ("preloadedImagesVerificationAllowlist", List(&Text)),
    ("protectKernelDefaults", Bool),
    ("providerID", Text),
    ("qosReserved", Map(&Text)),
    ("readOnlyPort", Int),
    ("registerNode", Pointer(&Bool)),
    ("registerWithTaints", List(&Object(TAINT))),
    ("registryBurst", Int),
    ("registryPullQPS", Pointer(&Int)),
    ("reservedMemory", List(&Object(RESERVED_MEMORY))),
    ("reservedSystemCPUs", Text),
    ("resolvConf", Pointer(&Text)),
    ("rotateCertificates", Bool),
    ("runOnce", Bool),
    ("runtimeRequestTimeout", Duration),
    ("seccompDefault", Pointer(&Bool)),
    ("serializeImagePulls", Pointer(&Bool)),
    ("serverTLSBootstrap", Bool),
    ("showHiddenMetricsForVersion", Text),
    ("shutdownGracePeriod", Duration),
    (
        "shutdownGracePeriodByPodPriority",
        List(&Object(SHUTDOWN_GRACE_PERIOD_BY_POD_PRIORITY)),
    ),
    ("shutdownGracePeriodCriticalPods", Duration),
    ("singleProcessOOMKill", Pointer(&Bool)),
    ("staticPodPath", Text),
    ("staticPodURL", Text),
    ("staticPodURLHeader", Map(&List(&Text))),
    ("streamingConnectionIdleTimeout", Duration),
    ("syncFrequency", Duration),
    ("systemCgroups", Text),
    ("systemReserved", Map(&Text)),
    ("systemReservedCgroup", Text),
    ("tlsCertFile", Text),
    ("tlsCipherSuites", List(&Text)),
    ("tlsMinVersion", Text),
    ("tlsPrivateKeyFile", Text),
    ("topologyManagerPolicy", Text),
    ("topologyManagerPolicyOptions", Map(&Text)),
    ("topologyManagerScope", Text),
    ("tracing", Pointer(&Object(TRACING))),
    ("userNamespaces", Pointer(&Object(USER_NAMESPACES))),
    ("volumePluginDir", Text),
    ("volumeStatsAggPeriod", Duration),
];
