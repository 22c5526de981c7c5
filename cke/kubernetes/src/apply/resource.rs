//! Server-side apply of resources, CKE's own and those that users registered.

use crate::client::ApiServer;
use crate::definition::{self, wrong};
use crate::error::Error;
use crate::mapping;
use crate::webhook::{self, WebhookCertificates};
use cke_model::cluster::TrustedRestMapping;
use cke_model::names::kube::{FIELD_MANAGER, REVISION};
use cke_model::resource::ResourceDefinition;
use kube::Api;
use kube::api::{DynamicObject, Patch, PatchParams};
use serde_json::{Map, Value};

#[cfg(test)]
mod tests;

/// What to apply, and how.
pub(crate) struct Order<'a> {
    pub(crate) resource: &'a ResourceDefinition,
    /// Whether fields that others own are taken over.
    pub(crate) force: bool,
    pub(crate) trusted: &'a [TrustedRestMapping],
}

/// Makes or updates the object.
///
/// A kind that a trusted mapping names and the API server does not know yet is no error: its definition comes later.
pub(crate) async fn apply(
    server: &ApiServer,
    order: Order<'_>,
    certificates: &impl WebhookCertificates,
) -> Result<(), Error> {
    let resource = order.resource;
    let mut object = definition::parse(resource)?;
    set_revision(resource, &mut object)?;
    let kind = definition::kind(resource, &object)?;
    let Some(mapping) = mapping::find(server, &kind, order.trusted).await? else {
        return Err(Error::UnknownKind {
            server: server.address().to_owned(),
            key: resource.key.clone(),
            api_version: kind.api_version(),
            kind: kind.kind,
        });
    };
    if mapping.namespaced && resource.namespace.is_empty() {
        return Err(wrong(resource, "its kind lies in namespaces, and it names none"));
    }
    webhook::fulfil(resource, webhook::wish(&kind, &object), &mut object, certificates).await?;
    let api: Api<DynamicObject> = if mapping.namespaced {
        Api::namespaced_with(server.raw(), &resource.namespace, &mapping.resource)
    } else {
        Api::all_with(server.raw(), &mapping.resource)
    };
    let parameters = PatchParams {
        force: order.force,
        ..PatchParams::apply(FIELD_MANAGER)
    };
    let request = format!("apply {}", resource.key);
    match server
        .ask(
            request,
            api.patch_metadata(&resource.name, &parameters, &Patch::Apply(object)),
        )
        .await
    {
        Ok(_) => Ok(()),
        Err(error) if error.is_not_found() => {
            server.mappings().forget(&mapping.resource.api_version);
            tracing::warn!(
                resource = resource.key,
                "not applied: the API server does not know its kind (or namespace) yet"
            );
            Ok(())
        }
        Err(error) => Err(error),
    }
}

/// Notes in the object which revision of its definition it is.
fn set_revision(resource: &ResourceDefinition, object: &mut Map<String, Value>) -> Result<(), Error> {
    let annotations =
        inner(resource, object, "metadata").and_then(|metadata| inner(resource, metadata, "annotations"))?;
    annotations.insert(REVISION.to_owned(), Value::from(resource.revision.to_string()));
    Ok(())
}

/// The object under a name, made where it is missing or null.
fn inner<'a>(
    resource: &ResourceDefinition,
    object: &'a mut Map<String, Value>,
    name: &str,
) -> Result<&'a mut Map<String, Value>, Error> {
    let value = object.entry(name).or_insert(Value::Null);
    if value.is_null() {
        *value = Value::Object(Map::new());
    }
    value
        .as_object_mut()
        .ok_or_else(|| wrong(resource, &format!("{name} is not an object")))
}
