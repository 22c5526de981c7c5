//! Certificates inside resources: the authority's in a webhook's configuration, a service's own in a Secret.

use crate::definition::{Kind, wrong};
use crate::error::{BoxError, Error};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cke_model::names::kube::{INJECT_CA, ISSUE_CERT};
use cke_model::resource::ResourceDefinition;
use serde_json::{Map, Value};
use std::fmt;
use zeroize::Zeroizing;

#[cfg(test)]
mod tests;

/// A certificate and its key, in PEM.
#[derive(Clone)]
pub struct KeyPair {
    /// The certificate.
    pub certificate: String,
    /// Its key.
    pub key: Zeroizing<String>,
}

impl fmt::Debug for KeyPair {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("KeyPair")
            .field("certificate", &self.certificate)
            .finish_non_exhaustive()
    }
}

/// The authority for webhooks, as the caller reaches it.
pub trait WebhookCertificates: Send + Sync {
    /// Its certificate, in PEM.
    fn ca(&self) -> impl Future<Output = Result<String, BoxError>> + Send;
    /// A new certificate for a service, and its key.
    fn issue(&self, namespace: &str, service: &str) -> impl Future<Output = Result<KeyPair, BoxError>> + Send;
}

/// What a resource asks for by its annotations.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    Nothing,
    Authority,
    ServiceCertificate { namespace: String, service: String },
}

/// What this object asks for. Annotations on kinds that they are not meant for are only annotations.
pub(crate) fn wish(kind: &Kind, object: &Map<String, Value>) -> Wish {
    let metadata = |name: &str| object.get("metadata").and_then(|m| m.get(name));
    let annotation = |key: &str| {
        metadata("annotations")
            .and_then(|a| a.get(key))
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    match kind.kind.as_str() {
        "ValidatingWebhookConfiguration" | "MutatingWebhookConfiguration" if annotation(INJECT_CA) == "true" => {
            Wish::Authority
        }
        "Secret" if !annotation(ISSUE_CERT).is_empty() => Wish::ServiceCertificate {
            namespace: metadata("namespace")
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned(),
            service: annotation(ISSUE_CERT).to_owned(),
        },
        _ => Wish::Nothing,
    }
}

/// Puts into the object what it asks for.
pub(crate) async fn fulfil(
    resource: &ResourceDefinition,
    wish: Wish,
    object: &mut Map<String, Value>,
    certificates: &impl WebhookCertificates,
) -> Result<(), Error> {
    let failed = |source| Error::Certificate {
        key: resource.key.clone(),
        source,
    };
    match wish {
        Wish::Nothing => Ok(()),
        Wish::Authority => {
            let ca = certificates.ca().await.map_err(failed)?;
            inject_ca(resource, object, &ca)
        }
        Wish::ServiceCertificate { namespace, service } => {
            let pair = certificates.issue(&namespace, &service).await.map_err(failed)?;
            put_pair(resource, object, &pair)
        }
    }
}

fn inject_ca(resource: &ResourceDefinition, object: &mut Map<String, Value>, ca: &str) -> Result<(), Error> {
    let Some(webhooks) = object.get_mut("webhooks") else {
        return Ok(());
    };
    let list = webhooks
        .as_array_mut()
        .ok_or_else(|| wrong(resource, "webhooks is not a list"))?;
    for webhook in list {
        member(resource, webhook, "webhooks[]", "clientConfig")?.insert("caBundle".to_owned(), encoded(ca));
    }
    Ok(())
}

fn put_pair(resource: &ResourceDefinition, object: &mut Map<String, Value>, pair: &KeyPair) -> Result<(), Error> {
    let data = object.entry("data").or_insert_with(|| Value::Object(Map::new()));
    let data = data
        .as_object_mut()
        .ok_or_else(|| wrong(resource, "data is not an object"))?;
    data.insert("tls.crt".to_owned(), encoded(&pair.certificate));
    data.insert("tls.key".to_owned(), encoded(&pair.key));
    object.insert("type".to_owned(), Value::from("kubernetes.io/tls"));
    Ok(())
}

/// The object under a name, made where it is missing.
fn member<'a>(
    resource: &ResourceDefinition,
    value: &'a mut Value,
    place: &str,
    name: &str,
) -> Result<&'a mut Map<String, Value>, Error> {
    let object = value
        .as_object_mut()
        .ok_or_else(|| wrong(resource, &format!("{place} is not an object")))?;
    let inner = object.entry(name).or_insert_with(|| Value::Object(Map::new()));
    inner
        .as_object_mut()
        .ok_or_else(|| wrong(resource, &format!("{place}.{name} is not an object")))
}

fn encoded(text: &str) -> Value {
    Value::from(STANDARD.encode(text))
}
