//! Objects that CKE writes as a whole: end points, services, configurations of resolvers.

use crate::client::ApiServer;
use crate::convert;
use crate::error::Error;
use cke_model::kubernetes::{KubeConfigMap, KubeEndpointSlice, KubeEndpoints};
use cke_model::names;
use k8s_openapi::NamespaceResourceScope;
use kube::api::PostParams;
use kube::{Api, ResourceExt};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt::Debug;

pub(crate) async fn put_endpoints(server: &ApiServer, create: bool, wanted: &KubeEndpoints) -> Result<(), Error> {
    put(server, create, &convert::to_endpoints(wanted)).await
}

pub(crate) async fn put_endpoint_slice(
    server: &ApiServer,
    create: bool,
    wanted: &KubeEndpointSlice,
) -> Result<(), Error> {
    put(server, create, &convert::to_endpoint_slice(wanted)).await
}

pub(crate) async fn put_config_map(server: &ApiServer, create: bool, wanted: &KubeConfigMap) -> Result<(), Error> {
    put(server, create, &convert::to_config_map(wanted)).await
}

pub(crate) async fn put_etcd_service(server: &ApiServer, create: bool) -> Result<(), Error> {
    put(server, create, &convert::etcd_service()).await
}

/// Makes or replaces an object. `create` says what is more likely to succeed; whoever made or removed it meanwhile is
/// taken into account.
async fn put<K>(server: &ApiServer, create: bool, object: &K) -> Result<(), Error>
where
    K: kube::Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + Debug + Serialize + DeserializeOwned,
{
    let (namespace, name) = (object.namespace().unwrap_or_default(), object.name_any());
    let api = Api::<K>::namespaced(server.raw(), &namespace);
    let parameters = PostParams {
        dry_run: false,
        field_manager: Some(names::kube::FIELD_MANAGER.to_owned()),
    };
    let mut create = create;
    let mut tries = 3;
    loop {
        let verb = if create { "create" } else { "replace" };
        let request = format!("{verb} {} {namespace}/{name}", K::kind(&()));
        let result = if create {
            server.ask(request, api.create(&parameters, object)).await
        } else {
            server.ask(request, api.replace(&name, &parameters, object)).await
        };
        tries -= 1;
        match result {
            Ok(_) => return Ok(()),
            Err(error) if tries > 0 && create && error.is_conflict() => create = false,
            Err(error) if tries > 0 && !create && error.is_not_found() => create = true,
            Err(error) if tries > 0 && !create && error.is_conflict() => {}
            Err(error) => return Err(error),
        }
    }
}
