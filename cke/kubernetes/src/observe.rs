//! What a loop wants to know of Kubernetes: nodes from the watch, all else read at the same time over one connection.

use crate::client::{ApiServer, Kubernetes};
use crate::convert;
use crate::definition::Kind;
use crate::error::Error;
use crate::mapping::{self, Mapping};
use cke_model::Cluster;
use cke_model::cluster::TrustedRestMapping;
use cke_model::kubernetes::{KubeConfigMap, KubeNode, KubeService, ResourceStatus};
use cke_model::names::kube::{CLUSTER_DNS, ETCD_SERVICE, NODE_DNS};
use cke_model::observed::KubernetesStatus;
use cke_model::resource::ResourceDefinition;
use futures::{StreamExt, TryStreamExt, stream, try_join};
use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::core::v1::{ConfigMap, Endpoints, Node, Service, ServiceAccount};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use kube::Api;
use kube::api::{DynamicObject, ListParams};
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::fmt::Debug;

const SYSTEM: &str = "kube-system";
/// Reads of resources on their way at once: far below the 100 streams that an API server allows on a connection.
const CONCURRENT_READS: usize = 32;

impl Kubernetes {
    /// Kubernetes as the API server at this address shows it now.
    ///
    /// # Errors
    /// Where it does not answer, or refuses. Resources of kinds that nobody knows are missing, not errors.
    pub async fn observe(
        &self,
        api_server: &str,
        cluster: &Cluster,
        resources: &[ResourceDefinition],
    ) -> Result<KubernetesStatus, Error> {
        let server = &self.client(api_server)?;
        self.watch_only(api_server);
        let trusted = cluster.trusted_rest_mappings.as_slice();
        let statuses = self.resource_statuses(server, trusted, resources);
        let (account, nodes, dns_service, dns, endpoints, slices, etcd, resources) = try_join!(
            read::<ServiceAccount>(server, SYSTEM, "default"),
            nodes(server),
            dns_service(server, &cluster.dns_service),
            dns(server),
            both::<Endpoints>(server),
            both::<EndpointSlice>(server),
            read::<Service>(server, SYSTEM, ETCD_SERVICE),
            statuses,
        )?;
        Ok(KubernetesStatus {
            unknown_because: None,
            control_plane_ready: account.is_some(),
            nodes,
            dns_service,
            cluster_dns_config: dns.0,
            cluster_dns_ip: dns.1,
            node_dns_config: dns.2,
            master_endpoints: endpoints.0.map(convert::endpoints),
            master_endpoint_slice: slices.0.map(convert::endpoint_slice),
            etcd_service: etcd.map(convert::service),
            etcd_endpoints: endpoints.1.map(convert::endpoints),
            etcd_endpoint_slice: slices.1.map(convert::endpoint_slice),
            resources,
        })
    }

    async fn resource_statuses(
        &self,
        server: &ApiServer,
        trusted: &[TrustedRestMapping],
        resources: &[ResourceDefinition],
    ) -> Result<BTreeMap<String, ResourceStatus>, Error> {
        let mappings = self.mappings(server, trusted, resources).await?;
        let reads = resources.iter().zip(mappings).filter_map(|(resource, mapping)| {
            let mapping = mapping?;
            Some(async move {
                let status = status(server, resource, &mapping).await?;
                Ok::<_, Error>(status.map(|status| (resource.key.clone(), status)))
            })
        });
        let found: Vec<_> = stream::iter(reads)
            .buffer_unordered(CONCURRENT_READS)
            .try_collect()
            .await?;
        Ok(found.into_iter().flatten().collect())
    }

    /// The mapping of each resource; asked for one after another, because many of them share an answer.
    async fn mappings(
        &self,
        server: &ApiServer,
        trusted: &[TrustedRestMapping],
        resources: &[ResourceDefinition],
    ) -> Result<Vec<Option<Mapping>>, Error> {
        let mut found = Vec::with_capacity(resources.len());
        for resource in resources {
            let kind: Kind = self.definitions().kind(resource)?;
            found.push(mapping::find(server, &kind, trusted).await?);
        }
        Ok(found)
    }
}

/// Metadata of one resource; none where it does not exist, or cannot (a namespaced kind without a namespace).
async fn status(
    server: &ApiServer,
    resource: &ResourceDefinition,
    mapping: &Mapping,
) -> Result<Option<ResourceStatus>, Error> {
    if mapping.namespaced && resource.namespace.is_empty() {
        return Ok(None);
    }
    let api: Api<DynamicObject> = if mapping.namespaced {
        Api::namespaced_with(server.raw(), &resource.namespace, &mapping.resource)
    } else {
        Api::all_with(server.raw(), &mapping.resource)
    };
    let request = format!("read {}", resource.key);
    let object = server.ask_for(request, api.get_metadata(&resource.name)).await?;
    Ok(object.map(|object| convert::resource(object.metadata)))
}

async fn nodes(server: &ApiServer) -> Result<Vec<KubeNode>, Error> {
    if let Some(nodes) = server.node_watch().nodes().await {
        return Ok(nodes);
    }
    let api = Api::<Node>::all(server.raw());
    let list = server.ask("list nodes", api.list(&ListParams::default())).await?;
    Ok(list.items.into_iter().map(convert::node).collect())
}

/// The service of `namespace/name`; none where that is empty.
async fn dns_service(server: &ApiServer, reference: &str) -> Result<Option<KubeService>, Error> {
    let Some((namespace, name)) = reference.split_once('/') else {
        return Ok(None);
    };
    Ok(read::<Service>(server, namespace, name).await?.map(convert::service))
}

/// The resolvers: the cluster's ConfigMap and address, the nodes' ConfigMap.
async fn dns(server: &ApiServer) -> Result<(Option<KubeConfigMap>, String, Option<KubeConfigMap>), Error> {
    let (config, service, node_config) = try_join!(
        read::<ConfigMap>(server, SYSTEM, CLUSTER_DNS),
        read::<Service>(server, SYSTEM, CLUSTER_DNS),
        read::<ConfigMap>(server, SYSTEM, NODE_DNS),
    )?;
    let address = service.map(convert::service).map(|s| s.cluster_ip).unwrap_or_default();
    Ok((
        config.map(convert::config_map),
        address,
        node_config.map(convert::config_map),
    ))
}

/// Where the API servers are, and where etcd is.
async fn both<K>(server: &ApiServer) -> Result<(Option<K>, Option<K>), Error>
where
    K: kube::Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + Debug + DeserializeOwned,
{
    try_join!(
        read::<K>(server, "default", "kubernetes"),
        read::<K>(server, SYSTEM, ETCD_SERVICE)
    )
}

/// One object, where it exists.
pub(crate) async fn read<K>(server: &ApiServer, namespace: &str, name: &str) -> Result<Option<K>, Error>
where
    K: kube::Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + Debug + DeserializeOwned,
{
    let api = Api::<K>::namespaced(server.raw(), namespace);
    let request = format!("read {} {namespace}/{name}", K::kind(&()));
    server.ask_for(request, api.get(name)).await
}
