//! Nodes of templates.

use cke_model::cluster::Node;
use cke_model::names::kube::ROLE;

/// The role of machines that a node of a template is for; empty is any.
pub(crate) fn role(node: &Node) -> &str {
    node.labels
        .as_ref()
        .and_then(|labels| labels.get(ROLE))
        .map_or("", String::as_str)
}
