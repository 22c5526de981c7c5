//! A control plane, its client, and short ways to make objects.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests; not all of them use all of it"
)]

use cke_kubernetes::{ApiServer, ApplyContext, BoxError, Error, Identity, KeyPair, Kubernetes, WebhookCertificates};
use cke_model::observed::KubernetesStatus;
use cke_model::resource::ResourceDefinition;
use cke_model::{Action, Cluster};
use serde_json::Value;
use testkit::servers::{Builder, ControlPlane};

/// Certificates that can be told apart.
pub(crate) struct Certificates;

impl WebhookCertificates for Certificates {
    async fn ca(&self) -> Result<String, BoxError> {
        Ok("the CA".to_owned())
    }

    async fn issue(&self, namespace: &str, service: &str) -> Result<KeyPair, BoxError> {
        Ok(KeyPair {
            certificate: format!("{service}.{namespace}.svc"),
            key: "the key".to_owned().into(),
        })
    }
}

/// A running control plane and what a loop has of it.
pub(crate) struct Lab {
    pub(crate) plane: ControlPlane,
    pub(crate) kubernetes: Kubernetes,
    pub(crate) cluster: Cluster,
    pub(crate) server: String,
}

impl Lab {
    pub(crate) async fn start(builder: Builder) -> Lab {
        let plane = builder.start().await;
        let kubernetes = Kubernetes::new(&identity(&plane)).unwrap();
        let server = plane.addresses()[0].clone();
        Lab {
            plane,
            kubernetes,
            cluster: Cluster::default(),
            server,
        }
    }

    pub(crate) fn api(&self) -> ApiServer {
        self.kubernetes.client(&self.server).unwrap()
    }

    pub(crate) async fn observe(&self, resources: &[ResourceDefinition]) -> KubernetesStatus {
        self.kubernetes
            .observe(&self.server, &self.cluster, resources)
            .await
            .unwrap()
    }

    pub(crate) async fn try_apply(&self, action: Action) -> Result<(), Error> {
        let context = ApplyContext {
            cluster: &self.cluster,
            certificates: &Certificates,
        };
        self.kubernetes.apply(&action, context).await
    }

    pub(crate) async fn apply(&self, action: Action) {
        self.try_apply(action)
            .await
            .unwrap_or_else(|error| panic!("{}", chain(&error)));
    }

    /// Makes objects as somebody else than CKE.
    pub(crate) fn make(&self, objects: &[Value]) {
        let list = serde_json::json!({"apiVersion": "v1", "kind": "List", "items": objects});
        self.plane.apply(&list.to_string());
    }

    /// An object as `kubectl` shows it.
    pub(crate) fn get(&self, arguments: &[&str]) -> Value {
        let all = [&["get", "-o", "json"], arguments].concat();
        serde_json::from_str(&self.plane.kubectl(&all)).unwrap()
    }
}

pub(crate) fn identity(plane: &ControlPlane) -> Identity {
    Identity {
        ca_certificate: plane.ca().to_owned(),
        certificate: plane.admin().certificate.clone(),
        key: plane.admin().key.clone().into(),
    }
}

/// An error with all of its sources.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text = format!("{text}: {inner}");
        source = inner.source();
    }
    text
}

pub(crate) fn resource(key: &str, revision: i64, definition: &str) -> ResourceDefinition {
    ResourceDefinition::from_key(key, revision, definition.to_owned()).unwrap()
}
