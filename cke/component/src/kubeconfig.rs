//! Kubeconfigs on nodes.

use crate::Site;
use crate::config::to_yaml;
use cke_model::certificate::Certificate;
use cke_model::names::port;
use cke_model::operation::Content;
use serde_json::json;

/// URL of the API server on every node, by way of rivers.
#[must_use]
pub fn local_server() -> String {
    format!("https://localhost:{}", port::RIVERS)
}

/// A kubeconfig with a new certificate inside.
pub(crate) fn credentials(site: &Site<'_>, user: &str, certificate: Certificate) -> Content {
    credentials_for(site, user, certificate, local_server())
}

/// The same for another URL of the API server.
pub(crate) fn credentials_for(site: &Site<'_>, user: &str, certificate: Certificate, server: String) -> Content {
    Content::Kubeconfig {
        cluster: site.cluster.name.clone(),
        user: user.to_owned(),
        server,
        certificate,
    }
}

/// The kubeconfig of a user whose certificate lies in files.
pub(crate) fn with_files(site: &Site<'_>, user: &str, ca: &str, certificate: &str, key: &str) -> String {
    let cluster = &site.cluster.name;
    to_yaml(&json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{
            "name": cluster,
            "cluster": { "certificate-authority": ca, "server": local_server() },
        }],
        "users": [{
            "name": user,
            "user": { "client-certificate": certificate, "client-key": key },
        }],
        "contexts": [{
            "name": "default",
            "context": { "cluster": cluster, "user": user },
        }],
        "current-context": "default",
    }))
}
